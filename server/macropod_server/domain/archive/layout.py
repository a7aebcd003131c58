"""Where each entry lies: local headers that say what the directory says, and no gap between entries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import Struct, pack
from typing import BinaryIO

from macropod_server.domain.archive.end_records import Directory, read_at
from macropod_server.domain.archive.entry import Entry
from macropod_server.domain.archive.extras import (
    MASKED,
    Extras,
    extra_faults,
    local_values,
    split_extras,
    zip64_field,
)
from macropod_server.domain.archive.flags import DESCRIPTOR_FOLLOWS, version_faults
from macropod_server.domain.archive.problems import Fault, Problems, Unreadable, shown

_HEADER = Struct("<4s5H3L2H")
_SIGNATURE = b"PK\x03\x04"
_DESCRIPTOR_SIGNATURE = b"PK\x07\x08"
_LONGEST_DESCRIPTOR = 24

_FIXED_FIELDS = {"flags": "set of flags", "method": "compression method", "time": "time", "date": "date"}
_FIELDS_A_DESCRIPTOR_MAY_GIVE = {
    "crc32": "checksum",
    "compressed_bytes": "compressed size",
    "unpacked_bytes": "unpacked size",
}


@dataclass(frozen=True, slots=True)
class Content:
    """The compressed bytes of an entry: where they begin."""

    entry: Entry
    offset: int


@dataclass(frozen=True, slots=True)
class _LocalHeader:
    version: int
    flags: int
    method: int
    time: int
    date: int
    crc32: int
    compressed_bytes: int
    unpacked_bytes: int
    raw_name: bytes
    extras: Extras
    size: int

    @property
    def has_wide_sizes(self) -> bool:
        return zip64_field(self.extras) is not None


def locate_contents(
    file: BinaryIO, entries: Sequence[Entry], directory: Directory, *, problems: Problems
) -> list[Content]:
    """Contents in the order they lie in; none at all if any entry is not where it should be."""
    ordered = sorted(_placed(entries, directory, problems), key=lambda entry: entry.offset)
    starts = [entry.offset for entry in ordered] + [directory.offset]
    if starts[0]:
        message = f"There are {starts[0]} bytes before the first entry; zip it anew."
        problems.add(Fault("bytes_before", message))
    contents = []
    for entry, end in zip(ordered, starts[1:], strict=True):
        try:
            contents.append(_located(file, entry, end, problems))
        except Unreadable as unreadable:
            problems.add(unreadable.fault, where=entry.shown_name)
    return contents if len(contents) == len(entries) else []


def _placed(entries: Sequence[Entry], directory: Directory, problems: Problems) -> Iterator[Entry]:
    for entry in entries:
        if entry.offset < directory.offset:
            yield entry
        else:
            message = f"Its local header is announced at byte {entry.offset}, which is behind all entries."
            problems.add(Fault("wrong_offset", message), where=entry.shown_name)


def _located(file: BinaryIO, entry: Entry, end: int, problems: Problems) -> Content:
    if entry.offset + _HEADER.size > end:
        raise _overlap(entry.offset + _HEADER.size - end)
    header = _local_header(file, entry.offset)
    content = Content(entry, entry.offset + header.size)
    content_end = content.offset + entry.compressed_bytes
    problems.add_all(_header_faults(header, entry), where=entry.shown_name)
    if content_end > end:
        raise _overlap(content_end - end)
    rest = read_at(file, content_end, min(end - content_end, _LONGEST_DESCRIPTOR + 1))
    if entry.flags & DESCRIPTOR_FOLLOWS:
        faults = _descriptor_faults(rest, entry, is_wide=header.has_wide_sizes)
        problems.add_all(faults, where=entry.shown_name)
    elif rest:
        message = f"It is followed by {end - content_end} bytes that belong to no entry."
        problems.add(Fault("bytes_between", message), where=entry.shown_name)
    return content


def _overlap(size: int) -> Unreadable:
    return Unreadable("overlapping_entries", f"Its last {size} bytes belong to what comes after it as well.")


def _local_header(file: BinaryIO, position: int) -> _LocalHeader:
    raw = read_at(file, position, _HEADER.size)
    if not raw.startswith(_SIGNATURE):
        message = f"There is no local header at byte {position}, where it should be."
        raise Unreadable("local_header_missing", message)
    _, version, flags, method, time, date, crc32, *sizes = _HEADER.unpack(raw)
    compressed, unpacked, name_size, extra_size = sizes
    raw_name = file.read(name_size)
    extras = split_extras(file.read(extra_size))
    unpacked, compressed = local_values((unpacked, compressed), zip64_field(extras))
    return _LocalHeader(
        version=version,
        flags=flags,
        method=method,
        time=time,
        date=date,
        crc32=crc32,
        compressed_bytes=compressed,
        unpacked_bytes=unpacked,
        raw_name=raw_name,
        extras=extras,
        size=_HEADER.size + name_size + extra_size,
    )


def _header_faults(header: _LocalHeader, entry: Entry) -> Iterator[Fault]:
    yield from extra_faults(header.extras, header.raw_name)
    yield from version_faults(header.version)
    if header.raw_name != entry.raw_name:
        yield _disagreement("name", shown(header.raw_name), entry.shown_name)
    for field, words in _FIXED_FIELDS.items():
        local, central = getattr(header, field), getattr(entry, field)
        if local != central:
            yield _disagreement(words, local, central)
    for field, words in _FIELDS_A_DESCRIPTOR_MAY_GIVE.items():
        local, central = getattr(header, field), getattr(entry, field)
        is_left_open = local == 0 and entry.flags & DESCRIPTOR_FOLLOWS
        if local != central and not is_left_open:
            yield _disagreement(words, local, central)


def _disagreement(words: str, local: object, central: object) -> Fault:
    message = f"Its {words} is {local} in the local header and {central} in the central directory."
    return Fault("headers_disagree", message)


def _descriptor_faults(rest: bytes, entry: Entry, *, is_wide: bool) -> Iterator[Fault]:
    sizes = (entry.compressed_bytes, entry.unpacked_bytes)
    form = "<L2Q" if is_wide or max(sizes) >= MASKED else "<3L"
    plain = pack(form, entry.crc32, *sizes)
    signed = _DESCRIPTOR_SIGNATURE + plain
    # A bare descriptor that begins like the signature would be read in two ways.
    forms = (signed,) if plain.startswith(_DESCRIPTOR_SIGNATURE) else (signed, plain)
    if rest in forms:
        return
    if rest.startswith(forms):
        yield Fault("bytes_between", "Its data descriptor is followed by bytes that belong to no entry.")
    else:
        message = "What follows its data is no data descriptor with the sizes and the checksum of the directory."
        yield Fault("descriptor_disagrees", message)
