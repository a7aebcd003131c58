"""Starts runners by forking, within milliseconds: has the runner imported and makes one child per order.

Orders and answers are lines of JSON on stdin and stdout; one without a folder asks whether runs can have a home at a
path in common. It ends with its stdin; its children live on.
A run has a folder. Whoever holds the lock of `lock` in it runs it; `pid` says that it was started, `exit` how
it ended. The lock is taken before the fork and shared with the child, so it is held until `exit` is written.
"""

import contextlib
import ctypes
import fcntl
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from macropod_runner.fork_home import at_home, trouble_with_home

OPEN_FILES = 16_384
_LOCK_PATIENCE_SECONDS = 1.0
_PR_SET_NO_NEW_PRIVS = 38

Main = Callable[[Mapping[str, str]], int]


def serve(main: Main) -> None:
    """Carry out the orders that come in on stdin until it closes."""
    _harden()
    gc.freeze()
    ForkServer(main).serve()


class ForkServer:
    def __init__(self, main: Main) -> None:
        self._main = main
        self._children: dict[int, tuple[Path, int]] = {}
        self._ended, self._wakeup = socket.socketpair()

    def serve(self) -> None:
        self._notice_ended_children()
        pending, ended = b"", self._ended.fileno()
        while True:
            ready, _, _ = select.select([0, ended], [], [])
            if ended in ready:
                self._ended.recv(4096)
                self._reap()
            if 0 in ready:
                received = _receive()
                if not received:
                    return self._reap()
                *orders, pending = (pending + received).split(b"\n")
                for order in orders:
                    _answer(self._carry_out(json.loads(order)))

    def _notice_ended_children(self) -> None:
        self._ended.setblocking(False)
        self._wakeup.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakeup.fileno(), warn_on_full_buffer=False)

    def _carry_out(self, order: dict[str, Any]) -> dict[str, Any]:
        if "folder" not in order:
            return {"trouble": trouble_with_home(order["environ"], order["home_at"])}
        folder = Path(order["folder"])
        try:
            lock = _take_lock(folder)
            if lock is None:
                return {"started": False}
            self._fork(folder, lock, order)
        except OSError as error:
            return {"error": str(error)}
        return {"started": True}

    def _fork(self, folder: Path, lock: int, order: dict[str, Any]) -> None:
        try:
            pid = os.fork()
        except OSError:
            os.close(lock)
            raise
        if pid == 0:
            self._be_the_runner(folder, order["environ"], order.get("home_at"))
        self._children[pid] = (folder, lock)

    def _be_the_runner(self, folder: Path, environ: dict[str, str], home_at: str | None) -> NoReturn:
        code = 1
        try:
            self._let_go_of_the_server()
            _enter(folder)
            code = self._main(at_home(environ, home_at))
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError):
                sys.stdout.flush()
                sys.stderr.flush()
                _write_exit(folder, code & 0xFF)
            os._exit(code & 0xFF)

    def _let_go_of_the_server(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._ended.close()
        self._wakeup.close()
        for _, lock in self._children.values():
            os.close(lock)

    def _reap(self) -> None:
        for pid, status in _ended_children():
            folder, lock = self._children.pop(pid)
            # Still locked here: nobody can see a run that is over and has no `exit` yet.
            if not (folder / "exit").exists():
                with contextlib.suppress(OSError):
                    _write_exit(folder, os.waitstatus_to_exitcode(status))
            os.close(lock)


def _receive() -> bytes:
    with contextlib.suppress(ConnectionError):
        return os.read(0, 65536)
    return b""


def _answer(answer: dict[str, Any]) -> None:
    with contextlib.suppress(ConnectionError):
        os.write(1, json.dumps(answer).encode() + b"\n")


def _ended_children() -> Iterator[tuple[int, int]]:
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            yield pid, status


def _take_lock(folder: Path) -> int | None:
    """The lock of a run nobody has started yet; None when somebody has."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    patience = time.monotonic() + _LOCK_PATIENCE_SECONDS
    while not _was_started(folder):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _was_started(folder):
                return lock
            break
        if time.monotonic() > patience:
            break
        time.sleep(0.001)  # Held for an instant by one who looks, or for good by another fork server's child.
    os.close(lock)
    return None


def _was_started(folder: Path) -> bool:
    return (folder / "pid").exists() or (folder / "exit").exists()


def _enter(folder: Path) -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    output = os.open(folder / "output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(output)
    os.chdir(folder)
    _write_atomically(folder / "pid", str(os.getpid()))


def _write_exit(folder: Path, code: int) -> None:
    _write_atomically(folder / "exit", json.dumps({"exit_code": code}))


def _write_atomically(path: Path, text: str) -> None:
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    aside.write_text(text)
    aside.rename(path)


def _harden() -> None:
    """What every run inherits: no core dumps, a bound on open files, no gain by set-user-ID programs."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    os.umask(0o077)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
