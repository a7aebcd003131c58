"""What an entry is: only files and folders are taken, whatever its attributes claim."""

import stat

import pytest

from tests.archives import STORED, Member, archive, extra_field, problem_codes, read

UNIX = 3 << 8 | 20
MS_DOS = 20
MACOS = 19 << 8 | 20


def entry(mode: int = 0, dos: int = 0, *, name: str = "thing", made_by: int = UNIX, data: bytes = b"target") -> bytes:
    thing = Member(name, data, STORED, attributes=mode << 16 | dos, central={"made_by": made_by})
    return archive(Member(), thing)


def asi_unix(mode: int) -> bytes:
    return extra_field(0x756E, bytes(4) + mode.to_bytes(2, "little") + bytes(8) + b"target")


KINDS = {
    "a symbolic link": ("symlink", entry(stat.S_IFLNK | 0o777)),
    "a symbolic link to the root": ("symlink", entry(stat.S_IFLNK, data=b"/")),
    "a symbolic link made by MS-DOS": ("symlink", entry(stat.S_IFLNK | 0o777, made_by=MS_DOS)),
    "a symbolic link made by macOS": ("symlink", entry(stat.S_IFLNK | 0o755, made_by=MACOS)),
    "a symbolic link with a folder's name": ("symlink", entry(stat.S_IFLNK, name="link/", data=b"")),
    "a symbolic link called main.py": ("symlink", archive(Member(attributes=(stat.S_IFLNK | 0o777) << 16))),
    "a Windows reparse point": ("symlink", entry(dos=0x400, made_by=MS_DOS)),
    "a link in an ASi field": ("symlink", archive(Member(), Member("x", central_extra=asi_unix(stat.S_IFLNK)))),
    "a link in a local ASi field": ("symlink", archive(Member(), Member("x", local_extra=asi_unix(stat.S_IFLNK)))),
    "a link in a PKWARE field": ("symlink", archive(Member(), Member("x", local_extra=extra_field(13, bytes(20))))),
    "a named pipe": ("special_file", entry(stat.S_IFIFO | 0o644)),
    "a character device": ("special_file", entry(stat.S_IFCHR | 0o666)),
    "a block device": ("special_file", entry(stat.S_IFBLK | 0o660)),
    "a socket": ("special_file", entry(stat.S_IFSOCK | 0o777)),
    "a door": ("special_file", entry(0o150000)),
    "an unknown type": ("special_file", entry(0o170000)),
    "a device in an ASi field": ("special_file", archive(Member(), Member("x", central_extra=asi_unix(stat.S_IFCHR)))),
    "a volume label": ("special_file", entry(dos=0x08, made_by=MS_DOS)),
    "a folder's mode and a file's name": ("kind_disagrees", entry(stat.S_IFDIR | 0o755)),
    "a folder's attribute and a file's name": ("kind_disagrees", entry(dos=0x10, made_by=MS_DOS)),
    "a file's mode and a folder's name": ("kind_disagrees", entry(stat.S_IFREG | 0o644, name="thing/", data=b"")),
    "a folder with data": ("folder_with_data", entry(stat.S_IFDIR | 0o755, name="thing/")),
    "a folder with data and no mode": ("folder_with_data", entry(name="thing/", data=b"x" * 1000)),
}

MODES = {
    "a file without a mode": entry(),
    "a file that may be executed": entry(stat.S_IFREG | 0o755),
    "a file that sets the user": entry(stat.S_IFREG | 0o4755),
    "a file that sets the group and keeps": entry(stat.S_IFREG | 0o3755),
    "a file nobody may read": entry(stat.S_IFREG),
    "permissions without a type": entry(0o600),
    "a read-only hidden archive file": entry(dos=0x27, made_by=MS_DOS),
    "a folder with its mode": entry(stat.S_IFDIR | 0o755, 0x10, name="thing/", data=b""),
    "a folder without a mode": entry(name="thing/", data=b""),
    "a folder of MS-DOS": entry(dos=0x10, name="thing/", data=b"", made_by=MS_DOS),
    "an ASi field of a file": archive(Member(), Member("x", central_extra=asi_unix(stat.S_IFREG | 0o644))),
    "a PKWARE field without a link": archive(Member(), Member("x", local_extra=extra_field(13, bytes(12)))),
}


@pytest.mark.parametrize(("code", "data"), KINDS.values(), ids=KINDS)
def test_links_and_special_files_are_refused(code, data):
    assert problem_codes(data) == {code}


@pytest.mark.parametrize("data", MODES.values(), ids=MODES)
def test_any_mode_of_files_and_folders_is_taken(data):
    assert read(data).entry_point == "main.py"
