"""One program to run: what is started, where, with which environment and with which pipes."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_PIPE_BYTES = 256 * 1024


class CouldNotStart(Exception):
    """The program cannot be started. The message is a sentence for people."""


class Program(NamedTuple):
    """`answer` is a file for its stdout, where that is not for people."""

    command: Sequence[str]
    folder: Path
    variables: Mapping[str, str]
    answer: Path | None = None


def start(program: Program) -> subprocess.Popen[bytes]:
    """In a session of its own, with nothing to read, and with an environment from scratch."""
    try:
        if program.answer is None:
            process = _start(program, subprocess.PIPE)
        else:
            with program.answer.open("wb") as answer:
                process = _start(program, answer.fileno())
    except OSError as error:
        raise CouldNotStart(f"{program.command[0]} could not be started: {error.strerror}.") from error
    return process


def _start(program: Program, stdout: int) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        program.command,
        cwd=program.folder,
        env=program.variables,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            _widen(pipe.fileno())
    return process


def _widen(pipe: int) -> None:
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
