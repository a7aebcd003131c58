"""`macropod workspace …`"""

from typing import Annotated

import typer

from macropod.cli.output import Output, OutputOption, print_value
from macropod.cli.session import connect
from macropod.cli.values import ReasonOption, read_seconds_or_none
from macropod.workspace import Workspace

app = typer.Typer(help="See the workspace, pause all its tasks, and resume them.", no_args_is_help=True)


@app.command()
def show(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """Show the workspace of the token and whether it is paused."""
    _print(connect(context).workspace(), output)


@app.command()
def pause(context: typer.Context, reason: ReasonOption = None, output: OutputOption = Output.TABLE) -> None:
    """Start nothing more in the workspace until it is resumed. What runs goes on."""
    _print(connect(context).pause_all(reason), output)


@app.command()
def resume(
    context: typer.Context,
    spread: Annotated[
        int | None,
        typer.Option(
            parser=read_seconds_or_none,
            metavar="DURATION",
            help="Over how long what is due at once is spread; a minute if left out.",
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """End the pause of the workspace."""
    client = connect(context)
    _print(client.resume_all() if spread is None else client.resume_all(spread), output)


def _print(workspace: Workspace, output: Output) -> None:
    print_value(workspace, output, name=str(workspace.id))
