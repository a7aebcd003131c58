"""What a container starts with: the runner, once. A container that is started again only repeats its exit code."""

import os
from pathlib import Path

from macropod_runner import entry

_ENDED_UNSEEN = 1


def main() -> int:
    spool = Path(os.environ["MACROPOD_RUNNER_SPOOL"])
    spool.mkdir(parents=True, exist_ok=True)
    try:
        (spool / "started").touch(exist_ok=False)
    except FileExistsError:
        return _earlier_exit_code(spool)
    code = entry.main(os.environ)
    (spool / "exit").write_text(str(code))
    return code


def _earlier_exit_code(spool: Path) -> int:
    try:
        return int((spool / "exit").read_text())
    except (FileNotFoundError, ValueError):
        return _ENDED_UNSEEN
