"""How much an archive may hold, by what it declares; `contents` then holds each entry to that."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from macropod_server.domain.archive.entry import Entry
from macropod_server.domain.archive.problems import Fault, Problems

_MIB = 1024**2


@dataclass(frozen=True)
class ArchiveLimits:
    """`max_ratio` (unpacked to packed bytes) holds for what unpacks to more than `ratio_floor_bytes`."""

    unpacked_max_bytes: int
    max_entries: int
    max_ratio: int
    ratio_floor_bytes: int = 64 * _MIB


def check_sizes(entries: Sequence[Entry], archive_bytes: int, *, limits: ArchiveLimits, problems: Problems) -> bool:
    """Whether the declared sizes allow for reading the contents."""
    found_before = problems.count
    total = sum(entry.unpacked_bytes for entry in entries)
    if total > limits.unpacked_max_bytes:
        message = f"It unpacks to {total} bytes; {limits.unpacked_max_bytes} are allowed."
        problems.add(Fault("unpacked_too_large", message))
    for fault in _ratio_faults(total, archive_bytes, limits):
        problems.add(fault)
    for entry in entries:
        faults = _ratio_faults(entry.unpacked_bytes, entry.compressed_bytes, limits)
        problems.add_all(faults, where=entry.shown_name)
    return problems.count == found_before


def _ratio_faults(unpacked: int, packed: int, limits: ArchiveLimits) -> Iterator[Fault]:
    if unpacked > limits.ratio_floor_bytes and unpacked > packed * limits.max_ratio:
        message = f"It unpacks from {packed} to {unpacked} bytes; {limits.max_ratio} times its size is allowed."
        yield Fault("ratio_too_high", message)
