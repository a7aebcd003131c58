"""Shows the home of a run at a path all runs have in common, such as /home/jovyan, to this process and its children.

Nobody else sees it and nothing is left behind: the mounts are in a namespace that goes with its last process.
"""

import ctypes
import os
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress

_CLONE_NEWNS, _CLONE_NEWUSER = 0x0002_0000, 0x1000_0000
_RDONLY, _NOSUID, _NODEV, _REMOUNT, _BIND, _REC, _SLAVE = 1, 2, 4, 32, 4096, 16384, 1 << 19
_DETACH = 2


class NoPrivateHome(Exception):
    """This system does not let a run have one. The message is a sentence for people."""


def show(home: str, at: str, *, needed: Iterable[str] = ()) -> None:
    """Until then `at` may be missing, but not the folder it is in. Raises `NoPrivateHome`, and then nothing is shown.

    What lies below `at` cannot be reached afterwards; `needed` are the paths this must not happen to.
    """
    try:
        is_there = os.path.lexists(at)
        if is_there:
            _check_hides_nothing(at, needed)
        _leave_the_mounts_of_others()
        if is_there:
            _mount(home, at, _BIND | _REC)
        else:
            _show_beside_its_neighbours(home, at)
    except (OSError, AttributeError) as error:
        raise NoPrivateHome(f"The system does not let a run have {at} to itself: {error}.") from error


def _check_hides_nothing(at: str, needed: Iterable[str]) -> None:
    if os.path.islink(at) or not os.path.isdir(at):
        raise NoPrivateHome(f"A run cannot have {at} to itself: what is there on this machine is no folder.")
    for path in needed:
        for place in (os.path.abspath(path), os.path.realpath(path)):
            if os.path.commonpath([at, place]) == at:
                raise NoPrivateHome(f"A run cannot have {at} to itself: it needs {place}, which is in that folder.")


def _leave_the_mounts_of_others() -> None:
    """Root may do so as it is; anybody else has to be root of a user namespace, with the name of before."""
    user, group = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWNS if user == 0 else _CLONE_NEWNS | _CLONE_NEWUSER)
    if user != 0:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    # What the system mounts and unmounts later holds here too, but not the other way round.
    _mount(None, "/", _REC | _SLAVE)


def _show_beside_its_neighbours(home: str, at: str) -> None:
    """Over the parent comes an empty folder in memory, with all that is in the parent, and the home."""
    parent, name = os.path.split(at)
    below = os.open(parent, os.O_PATH | os.O_DIRECTORY)
    try:
        neighbours = os.listdir(parent)
        _mount("tmpfs", parent, _NOSUID | _NODEV, kind="tmpfs", options="mode=755,size=1m")
        try:
            for each in neighbours:
                _show_neighbour(f"/proc/self/fd/{below}/{each}", os.path.join(parent, each))
            os.mkdir(os.path.join(parent, name))
            # By its path as it was: the home may lie in the parent itself, where it is to be seen now as well.
            _mount(home, os.path.join(parent, name), _BIND | _REC)
            _mount(None, parent, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)
        except OSError:
            _call("umount2", parent.encode(), _DETACH)
            raise
    finally:
        os.close(below)


def _show_neighbour(source: str, target: str) -> None:
    with suppress(FileNotFoundError):  # It may just have gone.
        mode = os.lstat(source).st_mode
        if stat.S_ISLNK(mode):
            os.symlink(os.readlink(source), target)
        else:
            _make_mount_point(target, is_folder=stat.S_ISDIR(mode))
            _mount(source, target, _BIND | _REC)


def _make_mount_point(path: str, *, is_folder: bool) -> None:
    if is_folder:
        os.mkdir(path)
    else:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _mount(source: str | None, target: str, flags: int, *, kind: str | None = None, options: str | None = None) -> None:
    texts = [each.encode() if each is not None else None for each in (source, target, kind, options)]
    _call("mount", *texts[:3], ctypes.c_ulong(flags), texts[3])


def _call(name: str, *arguments: object) -> None:
    system = ctypes.CDLL(None, use_errno=True)
    function: Callable[..., int] = getattr(system, name)
    if function(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
