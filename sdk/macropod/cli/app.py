"""Puts the commands together and turns errors into messages and exit codes."""

import io
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

import macropod
from macropod.cli import (
    connections,
    events,
    login,
    logs,
    orchestrations,
    pools,
    runs,
    schedules,
    secrets,
    tasks,
    ticks,
    tokens,
    users,
    workspace,
)
from macropod.cli.options import flags
from macropod.cli.output import Output, OutputOption, print_facts, say
from macropod.cli.refusals import Commands
from macropod.cli.session import Connect, act_in
from macropod.client import Client
from macropod.errors import MacropodError, NotFound, WaitTimeout
from macropod.naming import as_typed
from macropod.progress import telling_waits

_FAILED = 1
_MISSING_OR_LATE = 4

app = typer.Typer(
    name="macropod",
    cls=Commands,
    help="Run Python packages on a Macropod server, once or on a schedule, and read what they print.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 4 not found or not in time; "
    "with --wait and --follow that of the run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
tasks.app.add_typer(ticks.app)
app.add_typer(orchestrations.app, name="orchestration")
app.add_typer(tasks.app, name="task")
app.add_typer(runs.app, name="run")
app.add_typer(logs.app, name="logs")
app.add_typer(schedules.app, name="schedule")
app.add_typer(pools.app, name="pool")
app.add_typer(secrets.app, name="secret")
app.add_typer(connections.app, name="connection")
app.add_typer(workspace.app, name="workspace")
app.add_typer(users.app, name="user")
app.add_typer(tokens.app, name="token")
app.command()(events.events)
app.command()(users.whoami)


@app.callback()
def begin(
    context: typer.Context,
    workspace: Annotated[
        str | None,
        typer.Option(
            "--workspace",
            "-w",
            metavar="NAME",
            help="Workspace to act in, by name or id; MACROPOD_WORKSPACE, else the one `workspace use` kept.",
        ),
    ] = None,
) -> None:
    act_in(context, workspace)


app.command()(login.login)
app.command()(login.logout)


@app.command()
def version(output: OutputOption = Output.TABLE) -> None:
    """Show the version of this program."""
    print_facts({"macropod": macropod.__version__}, output, name=macropod.__version__)


def main(arguments: Sequence[str] | None = None, *, connect: Connect = Client) -> NoReturn:
    """Run one command and exit. `connect` makes the client from an address and a token that may be None."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    command = typer.main.get_command(app)
    try:
        with telling_waits(say), as_typed(flags(command)):
            command(arguments, prog_name="macropod", obj=connect)
    except (MacropodError, OSError) as error:
        say(str(error))
        sys.exit(_MISSING_OR_LATE if isinstance(error, NotFound | WaitTimeout) else _FAILED)
    sys.exit(0)
