"""The central directory: every entry as it is announced, each field checked for itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from struct import Struct
from typing import BinaryIO

from macropod_server.domain.archive.end_records import Directory
from macropod_server.domain.archive.entry import Entry
from macropod_server.domain.archive.extras import (
    Extras,
    central_values,
    extra_faults,
    split_extras,
    zip64_field,
)
from macropod_server.domain.archive.flags import UTF8_NAME, format_faults, version_faults
from macropod_server.domain.archive.kinds import kind_faults
from macropod_server.domain.archive.limits import ArchiveLimits
from macropod_server.domain.archive.names import decoded_name, name_faults
from macropod_server.domain.archive.problems import Fault, Problems, Unreadable, shown

_RECORD = Struct("<4s6H3L5H2L")
_SIGNATURE = b"PK\x01\x02"
_LARGEST_DIRECTORY = 32 * 1024**2


@dataclass(frozen=True, slots=True)
class _Record:
    signature: bytes
    made_by: int
    version: int
    flags: int
    method: int
    time: int
    date: int
    crc32: int
    compressed_bytes: int
    unpacked_bytes: int
    name_size: int
    extra_size: int
    comment_size: int
    disk: int
    internal_attributes: int
    attributes: int
    offset: int

    @property
    def tail_size(self) -> int:
        return self.name_size + self.extra_size + self.comment_size


def read_entries(file: BinaryIO, directory: Directory, *, limits: ArchiveLimits, problems: Problems) -> list[Entry]:
    """All entries. Raises `Invalid` when one of them cannot be placed."""
    entries = []
    try:
        for record, raw_name, extra in _records(file, directory, max_entries=limits.max_entries):
            entry = _entry(record, raw_name, extra, problems)
            if entry:
                entries.append(entry)
    except Unreadable as broken:
        problems.add(broken.fault)
        problems.raise_if_any()
    if len(entries) != directory.entry_count:
        problems.raise_if_any()
    return entries


def _records(file: BinaryIO, directory: Directory, *, max_entries: int) -> Iterator[tuple[_Record, bytes, bytes]]:
    if directory.entry_count > max_entries:
        raise _too_many(directory.entry_count, max_entries)
    if directory.size > _LARGEST_DIRECTORY:
        message = f"The central directory has {directory.size} bytes; {_LARGEST_DIRECTORY} are allowed."
        raise Unreadable("directory_too_large", message)
    file.seek(directory.offset)
    left, count = directory.size, 0
    while left:
        record = _record(file, left)
        raw_name, extra = file.read(record.name_size), file.read(record.extra_size)
        file.seek(record.comment_size, 1)
        left -= _RECORD.size + record.tail_size
        count += 1
        if count > max_entries:
            raise _too_many(count, max_entries)
        yield record, raw_name, extra
    if count != directory.entry_count:
        message = f"The end record counts {directory.entry_count} entries and the central directory has {count}."
        raise Unreadable("wrong_count", message)


def _record(file: BinaryIO, left: int) -> _Record:
    position = file.tell()
    raw = file.read(min(_RECORD.size, left))
    if len(raw) < _RECORD.size or not raw.startswith(_SIGNATURE):
        raise Unreadable("directory_broken", f"The central directory has no entry at byte {position}.")
    record = _Record(*_RECORD.unpack(raw))
    if _RECORD.size + record.tail_size > left:
        message = f"The entry at byte {position} goes beyond the end of the central directory."
        raise Unreadable("directory_broken", message)
    return record


def _too_many(count: int, max_entries: int) -> Unreadable:
    return Unreadable("too_many_entries", f"The archive has {count} entries or more; {max_entries} are allowed.")


def _entry(record: _Record, raw_name: bytes, extra: bytes, problems: Problems) -> Entry | None:
    name = ""
    try:
        name = decoded_name(raw_name, is_marked_utf8=bool(record.flags & UTF8_NAME))
    except Unreadable as unreadable:
        problems.add(unreadable.fault, where=shown(raw_name))
    try:
        extras = split_extras(extra)
        announced = (record.unpacked_bytes, record.compressed_bytes, record.offset)
        unpacked_bytes, compressed_bytes, offset = central_values(announced, zip64_field(extras))
    except Unreadable as unreadable:
        problems.add(unreadable.fault, where=shown(raw_name))
        return None
    entry = Entry(
        raw_name=raw_name,
        name=name,
        flags=record.flags,
        method=record.method,
        time=record.time,
        date=record.date,
        crc32=record.crc32,
        compressed_bytes=compressed_bytes,
        unpacked_bytes=unpacked_bytes,
        offset=offset,
    )
    for fault in _faults(record, entry, extras):
        problems.add(fault, where=entry.shown_name)
    return entry


def _faults(record: _Record, entry: Entry, extras: Extras) -> Iterator[Fault]:
    if record.disk:
        yield Fault("split_archive", f"It lies on disk {record.disk} of a split archive; send a single file.")
    yield from chain(
        name_faults(entry.name) if entry.name else (),
        format_faults(entry.flags, entry.method),
        version_faults(record.version),
        kind_faults(record.attributes, is_folder=entry.is_folder, unpacked_bytes=entry.unpacked_bytes),
        extra_faults(extras, entry.raw_name),
    )
