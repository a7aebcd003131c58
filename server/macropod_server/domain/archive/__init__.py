"""The rules an uploaded zip must keep: read once, strictly; what readers could see in two ways is refused."""

from macropod_server.domain.archive.limits import ArchiveLimits
from macropod_server.domain.archive.reading import Archive, read_archive

__all__ = ["Archive", "ArchiveLimits", "read_archive"]
