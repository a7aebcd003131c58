"""One entry as the central directory describes it."""

from dataclasses import dataclass

from macropod_server.domain.archive.problems import shown

DEFLATED = 8
BZIP2 = 12
LZMA = 14
STORED = 0
METHODS = (STORED, DEFLATED, BZIP2, LZMA)


@dataclass(frozen=True, slots=True)
class Entry:
    """`name` ends with a slash for a folder, and is empty where it cannot be read."""

    raw_name: bytes
    name: str
    flags: int
    method: int
    time: int
    date: int
    crc32: int
    compressed_bytes: int
    unpacked_bytes: int
    offset: int

    @property
    def is_folder(self) -> bool:
        return self.raw_name.endswith(b"/")

    @property
    def shown_name(self) -> str:
        return shown(self.raw_name)
