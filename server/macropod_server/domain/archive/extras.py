"""Extra fields of an entry: Zip64 sizes, and those that could make another reader see something else."""

import zlib
from collections.abc import Iterator, Sequence
from struct import Struct, unpack

from macropod_server.domain.archive.kinds import file_type_faults
from macropod_server.domain.archive.problems import Fault, Unreadable

_FIELD = Struct("<HH")
_UNICODE_PATH_HEAD = Struct("<BL")
_PKWARE_UNIX_FIXED_BYTES = 12

_ZIP64 = 0x0001
_PKWARE_UNIX = 0x000D
_STRONG_ENCRYPTION = 0x0017
_UNICODE_PATH = 0x7075
_ASI_UNIX = 0x756E
_AES = 0x9901

MASKED = 0xFFFFFFFF

Extras = Sequence[tuple[int, bytes]]


def split_extras(raw: bytes) -> Extras:
    extras = []
    position = 0
    while position < len(raw):
        if position + _FIELD.size > len(raw):
            raise Unreadable("extra_field_broken", "Its extra fields end in the middle of a field.")
        identifier, size = _FIELD.unpack_from(raw, position)
        position += _FIELD.size
        if position + size > len(raw):
            raise Unreadable("extra_field_broken", f"Its extra field {identifier:#06x} is longer than what is there.")
        extras.append((identifier, raw[position : position + size]))
        position += size
    return extras


def zip64_field(extras: Extras) -> bytes | None:
    found = [data for identifier, data in extras if identifier == _ZIP64]
    if len(found) > 1:
        raise Unreadable("zip64_broken", "It has more than one Zip64 field.")
    return found[0] if found else None


def central_values(values: tuple[int, int, int], field: bytes | None) -> tuple[int, int, int]:
    """Unpacked size, compressed size and offset, with those that are masked taken from the Zip64 field."""
    masked = [index for index, value in enumerate(values) if value == MASKED]
    if field is None:
        if masked:
            raise Unreadable("zip64_broken", "It announces Zip64 sizes and has no Zip64 field.")
        return values
    if not masked:
        _check_repetition(values, field)
        return values
    if len(field) != 8 * len(masked):
        message = f"Its Zip64 field has {len(field)} bytes where {8 * len(masked)} are needed."
        raise Unreadable("zip64_broken", message)
    resolved = list(values)
    for index, value in zip(masked, unpack(f"<{len(masked)}Q", field), strict=True):
        resolved[index] = value
    return resolved[0], resolved[1], resolved[2]


def local_values(values: tuple[int, int], field: bytes | None) -> tuple[int, int]:
    """As `central_values` for a local header, in which a Zip64 field always holds both sizes."""
    if field is None:
        if MASKED in values:
            raise Unreadable("zip64_broken", "Its local header announces Zip64 sizes and has no Zip64 field.")
        return values
    if len(field) != 16:
        raise Unreadable("zip64_broken", f"The Zip64 field of its local header has {len(field)} bytes, not 16.")
    wide = unpack("<2Q", field)
    if any(value not in (MASKED, other) for value, other in zip(values, wide, strict=True)):
        raise Unreadable("zip64_broken", "The Zip64 field of its local header contradicts the plain sizes.")
    return wide


def _check_repetition(values: tuple[int, int, int], field: bytes) -> None:
    words = unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8])
    if len(field) not in (16, 24) or words != values[: len(words)]:
        raise Unreadable("zip64_broken", "It needs no Zip64 field, has one, and that says something else.")


def extra_faults(extras: Extras, raw_name: bytes) -> Iterator[Fault]:
    for identifier, data in extras:
        if identifier == _UNICODE_PATH and data != _UNICODE_PATH_HEAD.pack(1, zlib.crc32(raw_name)) + raw_name:
            yield Fault("name_disagrees", "Its Unicode path field gives another name than its header.")
        elif identifier in (_AES, _STRONG_ENCRYPTION):
            yield Fault("encrypted", "It is encrypted; zip it without a password.")
        elif identifier == _ASI_UNIX:
            yield from file_type_faults(int.from_bytes(data[4:6], "little"))
        elif identifier == _PKWARE_UNIX and len(data) > _PKWARE_UNIX_FIXED_BYTES:
            yield Fault("symlink", "Its Unix field holds the target of a link; links are not unpacked.")
