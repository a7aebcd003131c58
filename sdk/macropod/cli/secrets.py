"""`macropod secret …`"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from macropod.cli.output import Output, OutputOption, print_facts, print_list, print_value
from macropod.cli.session import connect
from macropod.cli.values import read_text

app = typer.Typer(help="Keep secrets for runs. No command tells a value.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of a secret.")]


@app.command("set")
def set_(
    context: typer.Context,
    name: NameArgument,
    from_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take the value from this file, as it is.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make a secret, or give it a new version. The value is asked for, or read from stdin without its last line end."""
    value = read_text(from_file) if from_file else _asked_for()
    print_value(connect(context).set_secret(name, value), output, name=name)


@app.command("list")
def list_(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List the secrets of the workspace by name."""
    print_list(connect(context).list_secrets(), output)


@app.command()
def show(context: typer.Context, name: NameArgument, output: OutputOption = Output.TABLE) -> None:
    """Show who set which version of a secret and when."""
    print_value(connect(context).get_secret(name), output, name=name)


@app.command()
def delete(context: typer.Context, name: NameArgument, output: OutputOption = Output.TABLE) -> None:
    """Delete a secret with all its versions, and print its name."""
    connect(context).delete_secret(name)
    print_facts({"deleted": name}, output, name=name)


def _asked_for() -> str:
    if sys.stdin.isatty():
        asked: str = typer.prompt("Value", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    return sys.stdin.read().removesuffix("\n").removesuffix("\r")
