"""`macropod schedule …`"""

from datetime import UTC, datetime
from typing import Annotated

import typer

from macropod.cli.output import Output, OutputOption, print_list, say
from macropod.cli.session import connect
from macropod.cli.since import read_since

app = typer.Typer(help="See what a schedule means before a task is made of it.", no_args_is_help=True)


@app.callback()
def schedules() -> None:
    """Keeps `preview` a word of its own although it is the only one."""


@app.command()
def preview(
    context: typer.Context,
    schedule: Annotated[str, typer.Argument(help="Five cron fields such as '0 2 * * *', or @hourly.")],
    timezone: Annotated[str | None, typer.Option(help="An IANA zone such as Europe/Berlin; UTC if left out.")] = None,
    after: Annotated[str | None, typer.Option(help="A time such as 2026-03-28T12:00Z; now if left out.")] = None,
    count: Annotated[int, typer.Option(min=1, max=100, help="How many due moments.")] = 5,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show the next due moments of a schedule, in UTC and in its zone."""
    since = read_since(after, now=datetime.now(UTC)) if after else None
    upcoming = connect(context).preview_schedule(schedule, timezone, since, count)
    say(f"{upcoming.schedule} in {upcoming.timezone}: {upcoming.in_words}")
    print_list(upcoming, output)
