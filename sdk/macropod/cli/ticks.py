"""`macropod task …`, about its ticks: what became of them, how timely they were, making up for those without a run."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from macropod.cli.output import Output, OutputOption, print_list, print_value
from macropod.cli.session import connect
from macropod.cli.values import LimitOption, TaskArgument, read_moment

app = typer.Typer()


class Outcome(StrEnum):
    STARTED = "started"
    SKIPPED = "skipped"
    MERGED = "merged"
    MISSED = "missed"
    PAUSED = "paused"
    REFUSED = "refused"


@app.command()
def ticks(
    context: typer.Context,
    task: TaskArgument,
    outcome: Annotated[
        Outcome | None, typer.Option(metavar="|".join(Outcome), help="Only those that ended so.")
    ] = None,
    limit: LimitOption = 100,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the due moments of a task and what became of each, newest first."""
    print_list(connect(context).get_task_by_id(task).ticks(outcome or "all", limit), output)


@app.command()
def backfill(
    context: typer.Context,
    task: TaskArgument,
    start: Annotated[
        datetime,
        typer.Option("--from", parser=read_moment, metavar="TIME", help="From 2026-01-02T03:04Z, or so long ago: 2h."),
    ],
    end: Annotated[
        datetime, typer.Option("--to", parser=read_moment, metavar="TIME", help="To this moment, included.")
    ],
    output: OutputOption = Output.TABLE,
) -> None:
    """Run what was due in a span of time and has no run, and list these ticks."""
    print_list(connect(context).get_task_by_id(task).backfill(start, end), output)


@app.command()
def cadence(
    context: typer.Context,
    task: TaskArgument,
    days: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="Of how many days.")] = 7,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show how well a task kept its schedule."""
    print_value(connect(context).get_task_by_id(task).cadence(days), output, name=task)
