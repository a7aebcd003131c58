"""`macropod schedule …`"""

from datetime import datetime
from typing import Annotated, Any

import typer

from macropod.cli.options import BOUNDS_OPTIONS, GroupedCommand, check_plan, taking
from macropod.cli.output import Output, OutputOption, print_list, say
from macropod.cli.session import connect
from macropod.cli.values import ScheduleArgument, ZoneOption, read_moment

app = typer.Typer(help="See what a schedule means before a task is made of it.", no_args_is_help=True)


@app.callback()
def schedules() -> None:
    """Keeps `preview` a word of its own although it is the only one."""


@app.command(cls=GroupedCommand)
@taking(BOUNDS_OPTIONS)
def preview(
    context: typer.Context,
    schedule: ScheduleArgument = None,
    *,
    timezone: ZoneOption = None,
    after: Annotated[
        datetime | None,
        typer.Option(parser=read_moment, metavar="TIME", help="Begin at 2026-03-28T12:00Z, say; now if left out."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=100, metavar="NUMBER", help="How many due moments.")] = 5,
    output: OutputOption = Output.TABLE,
    options: Any,
) -> None:
    """Show the next due moments of a schedule, in UTC and in its zone."""
    check_plan(schedule, options)
    found = connect(context).preview_schedule(schedule or None, timezone, after=after, count=count, **options)
    what = found.schedule or f"Every {found.every_seconds} s"
    say(f"{what} in {found.timezone}: {found.in_words}")
    print_list(found, output)
