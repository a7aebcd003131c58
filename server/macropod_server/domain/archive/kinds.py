"""What an entry is: a file or a folder. Links and special files are refused."""

import stat
from collections.abc import Iterator

from macropod_server.domain.archive.problems import Fault

_DOS_VOLUME_LABEL = 0x08
_DOS_FOLDER = 0x10
_WINDOWS_REPARSE_POINT = 0x400

_SPECIAL_FILES = {
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
}
_PLAIN_TYPES = (0, stat.S_IFREG, stat.S_IFDIR)


def kind_faults(attributes: int, *, is_folder: bool, unpacked_bytes: int) -> Iterator[Fault]:
    """`attributes` are the external ones: Unix mode in the upper half, DOS and Windows ones in the lower."""
    mode = attributes >> 16
    yield from file_type_faults(mode)
    if attributes & _WINDOWS_REPARSE_POINT:
        yield Fault("symlink", "It is a Windows link; put the file itself into the zip.")
    if attributes & _DOS_VOLUME_LABEL:
        yield Fault("special_file", "It is a volume label; only files and folders are unpacked.")
    if is_folder and stat.S_ISREG(mode):
        yield Fault("kind_disagrees", "Its name is that of a folder and its mode that of a file.")
    if not is_folder and (stat.S_ISDIR(mode) or attributes & _DOS_FOLDER):
        yield Fault("kind_disagrees", "Its name is that of a file and its attributes are those of a folder.")
    if is_folder and unpacked_bytes:
        yield Fault("folder_with_data", f"It is a folder and yet has {unpacked_bytes} bytes of data.")


def file_type_faults(mode: int) -> Iterator[Fault]:
    file_type = stat.S_IFMT(mode)
    if file_type == stat.S_IFLNK:
        yield Fault("symlink", "It is a symbolic link; put the file itself into the zip.")
    elif file_type not in _PLAIN_TYPES:
        kind = _SPECIAL_FILES.get(file_type, f"of the unknown type {file_type:#o}")
        yield Fault("special_file", f"It is {kind}; only files and folders are unpacked.")
