"""`macropod connection …`"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from macropod.cli.output import Output, OutputOption, print_facts, print_list, print_value
from macropod.cli.session import connect
from macropod.cli.values import read_json_object, read_text
from macropod.connections import Connection

app = typer.Typer(help="Keep named access to outside systems for runs.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of a connection.")]


@app.command()
def create(
    context: typer.Context,
    name: NameArgument,
    type_: Annotated[str, typer.Option("--type", metavar="WORD", help="What kind of system it leads to.")],
    from_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the details, a JSON object; stdin if left out.")
    ] = None,
    secret_field: Annotated[
        list[str] | None,
        typer.Option(metavar="PATH", help="A field that must not show in logs, as auth.token. May be repeated."),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make a connection that runs of this workspace may use. In its details {"secret": "NAME"} stands for a secret."""
    text = read_text(from_file) if from_file else sys.stdin.read()
    details = read_json_object(text, f"The file {from_file}" if from_file else "What was read from stdin")
    _print(connect(context).create_connection(name, type_, details, secret_fields=secret_field), output)


@app.command("list")
def list_(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List the connections in reach of the workspace by name."""
    print_list(connect(context).list_connections(), output)


@app.command()
def show(
    context: typer.Context,
    name: NameArgument,
    details: Annotated[
        bool, typer.Option("--details", help="Also what it leads to; names of secrets stay names.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show a connection."""
    found = connect(context).get_connection(name)
    if details:
        print_facts(found.to_dict() | {"details": found.details()}, output, name=name)
    else:
        _print(found, output)


@app.command()
def delete(context: typer.Context, name: NameArgument, output: OutputOption = Output.TABLE) -> None:
    """Delete a connection in all workspaces, and print its name."""
    connect(context).delete_connection(name)
    print_facts({"deleted": name}, output, name=name)


@app.command()
def link(context: typer.Context, name: NameArgument, output: OutputOption = Output.TABLE) -> None:
    """Let runs of this workspace use a connection."""
    _print(connect(context).workspace().add_connection(name), output)


@app.command()
def unlink(context: typer.Context, name: NameArgument, output: OutputOption = Output.TABLE) -> None:
    """Runs of this workspace cannot use a connection any more."""
    _print(connect(context).workspace().remove_connection(name), output)


def _print(connection: Connection, output: Output) -> None:
    print_value(connection, output, name=connection.name)
