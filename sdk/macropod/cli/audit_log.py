"""`macropod audit …`"""

import json
from itertools import islice
from typing import Annotated

import typer

from macropod.audit_log import AuditEntryList
from macropod.cli.logs import SinceOption, UntilOption
from macropod.cli.output import Output, OutputOption, print_list, write
from macropod.cli.session import connect

app = typer.Typer(help="See who did what.", no_args_is_help=True)

EverywhereOption = Annotated[
    bool, typer.Option("--everywhere", help="Of all workspaces, and refused sign-ins too; for admins.")
]
ActorOption = Annotated[str | None, typer.Option(metavar="EMAIL", help="Only what this user did.")]
ActionOption = Annotated[
    str | None, typer.Option(metavar="ACTION", help="Only this, such as tasks.kill; tasks. for all of tasks.")
]
ObjectOption = Annotated[str | None, typer.Option("--object", metavar="ID", help="Only what was done to this.")]
RefusedOption = Annotated[bool, typer.Option("--refused", help="Only what was refused.")]


@app.command("list")
def list_entries(
    context: typer.Context,
    everywhere: EverywhereOption = False,
    actor: ActorOption = None,
    action: ActionOption = None,
    object_id: ObjectOption = None,
    refused: RefusedOption = False,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, metavar="NUMBER", help="Show at most so many.")] = 50,
    output: OutputOption = Output.TABLE,
) -> None:
    """List what was changed and by whom, newest first."""
    found = connect(context).audit_log(
        everywhere=everywhere,
        actor=actor,
        action=action,
        object_id=object_id,
        outcome="refused" if refused else None,
        since=since,
        until=until,
    )
    print_list(AuditEntryList(islice(found, limit)), output)


@app.command()
def export(
    context: typer.Context,
    everywhere: EverywhereOption = False,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Print all of it, one JSON object a line, newest first."""
    for each in connect(context).audit_log(everywhere=everywhere, since=since, until=until):
        write([json.dumps(each.to_dict(), ensure_ascii=False)])
