"""The end of an archive: the records that say where its central directory lies, plain and Zip64."""

from dataclasses import dataclass
from struct import Struct
from typing import BinaryIO

from macropod_server.domain.archive.problems import Unreadable

_END = Struct("<4s4H2LH")
_ZIP64_LOCATOR = Struct("<4sLQL")
_ZIP64_END = Struct("<4sQ2H2L4Q")

_END_SIGNATURE = b"PK\x05\x06"
_ZIP64_LOCATOR_SIGNATURE = b"PK\x06\x07"
_ZIP64_END_SIGNATURE = b"PK\x06\x06"
_LOCAL_SIGNATURE = b"PK\x03\x04"
_DIRECTORY_SIGNATURE = b"PK\x01\x02"

_LONGEST_COMMENT = 0xFFFF
_FROM_END = 2


@dataclass(frozen=True)
class Directory:
    """Where the central directory lies, how many entries it announces, and the size of the whole archive."""

    offset: int
    size: int
    entry_count: int
    archive_bytes: int


@dataclass(frozen=True)
class _End:
    """The position at which the central directory has to end, and the fields of an end record."""

    position: int
    disk: int
    directory_disk: int
    entries_on_disk: int
    entry_count: int
    directory_size: int
    directory_offset: int

    def fields(self) -> tuple[int, ...]:
        return (
            self.disk,
            self.directory_disk,
            self.entries_on_disk,
            self.entry_count,
            self.directory_size,
            self.directory_offset,
        )


def find_directory(file: BinaryIO) -> Directory:
    """Raises `Unreadable` unless the archive ends, without doubt, in well-formed end records."""
    archive_bytes = file.seek(0, _FROM_END)
    end = _plain_end(file, archive_bytes)
    end = _zip64_end(file, end) or end
    if end.disk or end.directory_disk:
        raise Unreadable("split_archive", "The archive is one part of a split one; send it as a single file.")
    if end.entries_on_disk != end.entry_count:
        message = f"The end record counts {end.entries_on_disk} entries and also {end.entry_count}."
        raise Unreadable("wrong_count", message)
    _check_place(file, end)
    return Directory(end.directory_offset, end.directory_size, end.entry_count, archive_bytes)


def read_at(file: BinaryIO, position: int, size: int) -> bytes:
    file.seek(position)
    return file.read(size)


def _plain_end(file: BinaryIO, archive_bytes: int) -> _End:
    tail_position = max(0, archive_bytes - _END.size - _LONGEST_COMMENT)
    tail = read_at(file, tail_position, archive_bytes - tail_position)
    candidates = _positions(tail, _END_SIGNATURE)
    if not candidates:
        raise _without_end(read_at(file, 0, len(_LOCAL_SIGNATURE)))
    fitting = [position for position in candidates if _ends_at(tail, position) == len(tail)]
    if not fitting:
        raise _badly_ended(len(tail) - _ends_at(tail, candidates[-1]))
    if len(fitting) > 1 or fitting[0] != candidates[-1]:
        message = "The archive has more than one end record, so readers differ about what is in it; zip it anew."
        raise Unreadable("end_record_ambiguous", message)
    _, *numbers, _ = _END.unpack_from(tail, fitting[0])
    return _End(tail_position + fitting[0], *numbers)


def _positions(tail: bytes, signature: bytes) -> list[int]:
    positions = []
    position = tail.find(signature)
    while position >= 0:
        positions.append(position)
        position = tail.find(signature, position + 1)
    return positions


def _ends_at(tail: bytes, position: int) -> int:
    comment_size = int.from_bytes(tail[position + _END.size - 2 : position + _END.size], "little")
    return position + _END.size + comment_size


def _without_end(start: bytes) -> Unreadable:
    if start == _LOCAL_SIGNATURE:
        message = "The archive has no end record: it was cut short, or bytes were appended; zip it or send it anew."
        return Unreadable("truncated", message)
    return Unreadable("not_a_zip", "This is not a zip file; send a zip with a main.py in it.")


def _badly_ended(surplus: int) -> Unreadable:
    if surplus > 0:
        return Unreadable("bytes_after", f"The archive is followed by {surplus} bytes that do not belong to it.")
    return Unreadable("truncated", f"The archive ends {-surplus} bytes too early: it was cut short; send it anew.")


def _zip64_end(file: BinaryIO, end: _End) -> _End | None:
    locator_position = end.position - _ZIP64_LOCATOR.size
    locator = read_at(file, max(0, locator_position), _ZIP64_LOCATOR.size)
    if locator_position < 0 or not locator.startswith(_ZIP64_LOCATOR_SIGNATURE):
        return None
    position = locator_position - _ZIP64_END.size
    _, disk, offset, disk_count = _ZIP64_LOCATOR.unpack(locator)
    if offset != position or disk or disk_count > 1:
        message = f"The Zip64 locator points to byte {offset} of disk {disk}, not to byte {position}."
        raise Unreadable("zip64_broken", message)
    signature, size, _, _, *numbers = _ZIP64_END.unpack(read_at(file, position, _ZIP64_END.size))
    if signature != _ZIP64_END_SIGNATURE or size != _ZIP64_END.size - 12:
        raise Unreadable("zip64_broken", f"There is no well-formed Zip64 end record at byte {position}.")
    wide = _End(position, *numbers)
    if not all(map(_agree, end.fields(), wide.fields(), (2, 2, 2, 2, 4, 4))):
        raise Unreadable("zip64_broken", "The Zip64 end record and the plain end record contradict each other.")
    return wide


def _agree(plain: int, wide: int, width: int) -> bool:
    return plain in (wide, 256**width - 1)


def _check_place(file: BinaryIO, end: _End) -> None:
    surplus = end.position - end.directory_offset - end.directory_size
    if surplus == 0:
        return
    if surplus > 0 and read_at(file, end.directory_offset, 4) == _DIRECTORY_SIGNATURE:
        message = f"There are {surplus} bytes between the central directory and the end record."
        raise Unreadable("bytes_between", message)
    if surplus > 0 and read_at(file, surplus, 4) in (_LOCAL_SIGNATURE, _DIRECTORY_SIGNATURE, _END_SIGNATURE):
        raise Unreadable("bytes_before", f"The archive has {surplus} bytes before its beginning; zip it anew.")
    message = (
        f"The end record puts {end.directory_size} bytes of directory at byte {end.directory_offset}, "
        f"and they have to end at byte {end.position}."
    )
    raise Unreadable("wrong_offset", message)
