"""`macropod pool …`"""

from typing import Annotated

import typer

from macropod.cli.output import Output, OutputOption, print_facts, print_list, print_value
from macropod.cli.session import connect

app = typer.Typer(help="Say how many runs may hold a lock at once.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of a lock.")]


@app.command("list")
def list_(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List the locks that were given a size or are held now, by name."""
    print_list(connect(context).pools(), output)


@app.command("set")
def set_(
    context: typer.Context,
    name: NameArgument,
    size: Annotated[int, typer.Argument(min=1, metavar="SIZE", help="How many runs at once.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Let so many runs hold a lock at once."""
    print_value(connect(context).set_pool(name, size), output, name=name)


@app.command()
def remove(context: typer.Context, name: NameArgument, output: OutputOption = Output.TABLE) -> None:
    """Let one run at a time hold a lock, as if it had never been given a size, and print its name."""
    connect(context).remove_pool(name)
    print_facts({"removed": name}, output, name=name)
