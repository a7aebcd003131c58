"""`macropod orchestration …`"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from macropod.cli.output import Output, OutputOption, print_facts, print_list, print_thing, say
from macropod.cli.session import connect
from macropod.cli.values import LimitOption, WaitTimeoutOption, check_is_waiting

app = typer.Typer(help="Upload zips, see what became of them, get them back.", no_args_is_help=True)

OrchestrationArgument = Annotated[str, typer.Argument(metavar="ORCHESTRATION", help="Id of an orchestration.")]


class Flavor(StrEnum):
    PLAIN = "plain"
    DATA = "data"


FlavorOption = Annotated[
    Flavor | None, typer.Option(help="What its runs find besides: nothing, or requests, pandas, pyarrow and numpy.")
]


@app.command()
def upload(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A zip file, or a folder to zip.")],
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What to call it.")] = None,
    flavor: FlavorOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until it is ready to run.")] = False,
    wait_timeout: WaitTimeoutOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Upload a zip file or a folder."""
    check_is_waiting(wait_timeout, waits=wait, by="--wait")
    orchestration = connect(context).upload_orchestration(path, name=name, flavor=flavor.value if flavor else None)
    for warning in orchestration.warnings:
        say(f"Warning: {warning}")
    if wait:
        say(f"Uploaded {orchestration.id}; waiting until it is ready.")
        orchestration.wait(wait_timeout)
    print_thing(orchestration, output)


@app.command("list")
def list_(
    context: typer.Context,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List orchestrations, newest first."""
    print_list(connect(context).list_orchestrations(limit=limit), output)


@app.command()
def show(context: typer.Context, orchestration: OrchestrationArgument, output: OutputOption = Output.TABLE) -> None:
    """Show all there is to know about an orchestration."""
    print_thing(connect(context).get_orchestration(orchestration), output)


@app.command()
def download(
    context: typer.Context,
    orchestration: OrchestrationArgument,
    to: Annotated[Path, typer.Option(metavar="PATH", help="File to write, or folder to write it into.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Download the zip as it was uploaded, and print where it is."""
    path = connect(context).get_orchestration(orchestration).download(to, overwrite=force)
    print_facts({"path": str(path)}, output, name=str(path))


@app.command()
def delete(context: typer.Context, orchestration: OrchestrationArgument, output: OutputOption = Output.TABLE) -> None:
    """Delete an orchestration that no task uses, and print its id."""
    connect(context).get_orchestration(orchestration).delete()
    print_facts({"deleted": orchestration}, output, name=orchestration)
