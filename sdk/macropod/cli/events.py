"""`macropod events`"""

import json
from typing import Annotated

import typer

from macropod.cli.output import Output, OutputOption, print_list, write
from macropod.cli.session import connect
from macropod.events import Event, EventList


def events(
    context: typer.Context,
    after: Annotated[int, typer.Option(min=0, metavar="ID", help="Only those after the event with this id.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as more happens, until Ctrl-C.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """List what happened in the workspace, oldest first."""
    if follow and output is Output.JSON:
        raise typer.BadParameter("Events that are followed have no end to close JSON with; use jsonl.")
    found = connect(context).events(after, follow=follow)
    if not follow:
        print_list(EventList(found), output)
        return
    try:
        for each in found:
            write([_line(each, output)])
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _line(event: Event, output: Output) -> str:
    if output is Output.JSONL:
        return json.dumps(event.to_dict(), ensure_ascii=False)
    return str(event.id) if output is Output.NAME else "  ".join(event._row())
