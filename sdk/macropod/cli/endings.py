"""The exit code of a command that waited for a run."""

from typing import NoReturn

import typer

from macropod.cli.output import say
from macropod.runs import Run


def exit_as(run: Run) -> NoReturn:
    """Exit with the run's own code: 0 for success, 1 for an end that is neither success nor has a code."""
    run.wait()
    status = run.to_dict()["status"]
    say(f"Run {run.id}: {status}. {run.message or ''}".rstrip())
    raise typer.Exit(0 if status == "success" else run.exit_code or 1)
