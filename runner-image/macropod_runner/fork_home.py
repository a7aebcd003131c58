"""Gives the runners that a fork server makes their home at the path all runs have in common."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from macropod_runner.aside import say_aside
from macropod_runner.private_home import NoPrivateHome, show

_FOLDERS = ("SPOOL", "ENVIRONMENT", "SDK")


def at_home(environ: Mapping[str, str], at: str | None) -> Mapping[str, str]:
    """What the runner is told from now on. Where the system does not allow it, its home stays in its own folder."""
    if at is None:
        return environ
    try:
        show(environ["MACROPOD_RUNNER_HOME"], at, needed=_needed(environ))
    except NoPrivateHome as error:
        say_aside(str(error))
        return environ
    os.chdir(at)
    return {**environ, "MACROPOD_RUNNER_HOME": at}


def trouble_with_home(environ: Mapping[str, str], at: str) -> str | None:
    """A sentence, where runs cannot have it. Tried in a child: there is no way back from it."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _try(environ, at, writer)
    os.close(writer)
    with open(reader, encoding="utf-8", errors="replace") as file:
        told = file.read()
    _, status = os.waitpid(child, 0)
    return told or (f"Whether a run can have {at} to itself could not be found out." if status else None)


def _try(environ: Mapping[str, str], at: str, writer: int) -> None:
    code = 1
    try:
        show(environ["MACROPOD_RUNNER_HOME"], at, needed=_needed(environ))
        code = 0
    except NoPrivateHome as error:
        os.write(writer, str(error).encode(errors="replace"))
    finally:
        os._exit(code)


def _needed(environ: Mapping[str, str]) -> Iterator[str]:
    """What a runner and its program read besides the home."""
    yield from (__file__, sys.executable, sys.prefix, environ["TMPDIR"])
    yield from (environ[f"MACROPOD_RUNNER_{name}"] for name in _FOLDERS)
    yield os.path.join(environ["MACROPOD_RUNNER_ENVIRONMENT"], "bin", "python")
    sdk = Path(environ["MACROPOD_RUNNER_SDK"])
    yield from (str(each) for each in sdk.iterdir())
