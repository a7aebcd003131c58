"""The baselines: scripts run by the interpreter of a run, in the environment of a run, but by nobody's help."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple


class Timing(NamedTuple):
    """Seconds from the start, or from the submission, to the first line read and to the end seen."""

    first_line: float
    end: float


class Command(NamedTuple):
    """What is run, where, with which environment."""

    words: Sequence[str]
    folder: Path
    variables: Mapping[str, str] | None = None


def script_command(script: Path, python: Path, *, is_buffered: bool = False) -> Command:
    """A script as the runner starts it: environment from scratch, unbuffered unless wanted otherwise."""
    variables = {
        "PATH": f"{python.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(script.parent),
        "LANG": "C.UTF-8",
        "VIRTUAL_ENV": str(python.parent.parent),
    }
    if not is_buffered:
        variables["PYTHONUNBUFFERED"] = "1"
    return Command((str(python), script.name), script.parent, variables)


def time_to_lines(command: Command) -> Timing:
    began = time.perf_counter()
    with _start(command, subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        first_line = time.perf_counter() - began
        process.stdout.read()
    return _checked(Timing(first_line, time.perf_counter() - began), process, has_output=bool(line))


def time_to_file(command: Command, output: Path) -> float:
    """Seconds until the script has ended that writes all it prints to a file."""
    began = time.perf_counter()
    with output.open("wb") as file, _start(command, file) as process:
        process.wait()
    return _checked(Timing(0.0, time.perf_counter() - began), process, has_output=output.stat().st_size > 0).end


def _start(command: Command, stdout: int | IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command.words, cwd=command.folder, env=command.variables, stdin=subprocess.DEVNULL, stdout=stdout
    )


def _checked(timing: Timing, process: subprocess.Popen[bytes], *, has_output: bool) -> Timing:
    if process.returncode != 0 or not has_output:
        raise RuntimeError(f"The baseline {process.args!r} ended with {process.returncode} or printed nothing.")
    return timing
