"""What `main.py` asks about the run it is part of. Loads nothing else, so it costs a run nothing."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def in_task() -> bool:
    """Whether this program is running as part of a task on a Macropod server."""
    return bool(os.environ.get("MACROPOD_TASK_ID"))


def task_args() -> dict[str, Any]:
    """The arguments given as `json_args` when the task was made; `{}` if there were none.

    They are read from the file that `MACROPOD_ARGUMENTS` names, which may be one of your own to try
    `main.py` by hand; a program that asks `in_task()` first wants `MACROPOD_TASK_ID` too, set to anything.
    Raises `NotInTask` where there are no arguments to read.
    """
    import json

    path = os.environ.get("MACROPOD_ARGUMENTS")
    if not path:
        raise _not_in_task(
            "This program does not run as a task, so it has no arguments. Ask macropod.in_task() first, or "
            "set MACROPOD_ARGUMENTS to the path of a JSON file to try it by hand."
        )
    try:
        with open(path, encoding="utf-8") as file:
            arguments = json.load(file)
    except (OSError, ValueError) as error:
        raise _not_in_task(f"MACROPOD_ARGUMENTS names {path!r}, which cannot be read: {error}") from error
    if not isinstance(arguments, dict):
        raise _not_in_task(f"MACROPOD_ARGUMENTS names {path!r}, which does not hold a JSON object.")
    return arguments


def _not_in_task(message: str) -> Exception:
    from macropod.errors import NotInTask

    return NotInTask(message)
