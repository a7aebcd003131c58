"""General purpose flags of an entry, its compression method and the version it needs."""

from collections.abc import Iterator

from macropod_server.domain.archive.entry import METHODS
from macropod_server.domain.archive.problems import Fault

LZMA_END_MARKED = 1 << 1
DESCRIPTOR_FOLLOWS = 1 << 3
UTF8_NAME = 1 << 11

_ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13
_COMPRESSION_OPTIONS = 1 << 1 | 1 << 2
_UNDERSTOOD = _ENCRYPTED | _COMPRESSION_OPTIONS | DESCRIPTOR_FOLLOWS | UTF8_NAME
_NEWEST_VERSION = 63


def may_be_unpacked(flags: int, method: int) -> bool:
    return method in METHODS and not flags & _ENCRYPTED


def format_faults(flags: int, method: int) -> Iterator[Fault]:
    if flags & _ENCRYPTED:
        yield Fault("encrypted", "It is encrypted; zip it without a password.")
    if unknown := flags & ~_UNDERSTOOD:
        yield Fault("unknown_flags", f"It has flags ({unknown:#06x}) that readers understand in different ways.")
    if method not in METHODS:
        message = f"It is compressed by method {method}; use deflate, bzip2, LZMA or none."
        yield Fault("unknown_compression", message)


def version_faults(version: int) -> Iterator[Fault]:
    if version & 0xFF > _NEWEST_VERSION:
        needed = f"{(version & 0xFF) / 10:.1f}"
        yield Fault("version_too_new", f"It needs version {needed} of the zip format; 6.3 is the newest understood.")
