"""`macropod workspace …`"""

import os
from typing import Annotated

import typer

from macropod.cli.options import Role
from macropod.cli.output import Output, OutputOption, print_facts, print_list, print_value, say
from macropod.cli.session import connect
from macropod.cli.values import ReasonOption, read_seconds_or_none
from macropod.credentials import credentials_path, keep_workspace
from macropod.workspace import Workspace

app = typer.Typer(
    help="See, make and choose workspaces, say who belongs to them, pause all tasks of one, and resume them.",
    no_args_is_help=True,
)

NameArgument = Annotated[str, typer.Argument(metavar="WORKSPACE", help="Name or id of a workspace.")]
NewNameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="A letter, then letters, digits and -; 63 characters at most.")
]
EmailArgument = Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address of a user.")]
RoleOption = Annotated[Role, typer.Option(metavar="|".join(Role), help="What the user may do there.")]


@app.command("list")
def list_(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List the workspaces you belong to."""
    print_list(connect(context).list_workspaces(), output)


@app.command()
def create(context: typer.Context, name: NewNameArgument, output: OutputOption = Output.TABLE) -> None:
    """Make a workspace you own."""
    _print(connect(context).create_workspace(name), output)


@app.command()
def use(context: typer.Context, workspace: NameArgument, output: OutputOption = Output.TABLE) -> None:
    """Let the next commands, and the SDK, act in a workspace."""
    client = connect(context)
    found = client.get_workspace(workspace)
    path = credentials_path(os.environ)
    keep_workspace(str(found.id), path, url=client.url)
    say(f"Kept in {path}.")
    _print(found, output)


@app.command()
def show(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """Show the workspace commands act in, what you are there and whether it is paused."""
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


@app.command()
def rename(context: typer.Context, name: NewNameArgument, output: OutputOption = Output.TABLE) -> None:
    """Give the workspace another name."""
    _print(connect(context).workspace().rename(name), output)


@app.command()
def archive(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """Let the workspace only be read from now on; it is paused, and what runs goes on."""
    _print(connect(context).workspace().archive(), output)


@app.command()
def unarchive(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """Let the workspace be changed again. It stays paused until it is resumed."""
    _print(connect(context).workspace().unarchive(), output)


@app.command()
def members(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List who belongs to the workspace, and as what."""
    print_list(connect(context).workspace().members(), output)


@app.command()
def add_user(
    context: typer.Context, email: EmailArgument, role: RoleOption = Role.EDITOR, output: OutputOption = Output.TABLE
) -> None:
    """Let somebody who has an account belong to the workspace."""
    added = connect(context).workspace().add_user(email, role.value)
    print_value(added, output, name=added.id)


@app.command()
def set_role(
    context: typer.Context, email: EmailArgument, role: RoleOption, output: OutputOption = Output.TABLE
) -> None:
    """Let a member be something else."""
    changed = connect(context).workspace().set_role(email, role.value)
    print_value(changed, output, name=changed.id)


@app.command()
def remove_user(context: typer.Context, email: EmailArgument, output: OutputOption = Output.TABLE) -> None:
    """Let somebody belong to the workspace no more; yourself, to leave it."""
    connect(context).workspace().remove_user(email)
    print_facts({"removed": email}, output, name=email)


def _print(workspace: Workspace, output: Output) -> None:
    print_value(workspace, output, name=str(workspace.id))
