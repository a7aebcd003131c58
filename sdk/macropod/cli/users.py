"""`macropod user …`, and who one is."""

from typing import Annotated

import typer

from macropod.cli.output import Output, OutputOption, print_list, print_value, say
from macropod.cli.session import connect
from macropod.users import User

app = typer.Typer(help="See who has an account; admins invite, disable and enable.", no_args_is_help=True)

UserArgument = Annotated[str, typer.Argument(metavar="USER", help="E-mail address or id of a user.")]


@app.command("list")
def list_(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List everybody who has an account."""
    print_list(connect(context).list_users(), output)


@app.command()
def invite(
    context: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address.")],
    name: Annotated[str | None, typer.Option(metavar="TEXT", help="Shown in lists.")] = None,
    admin: Annotated[bool, typer.Option("--admin", help="May manage accounts too.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Give somebody an account. The password made for it is told this once, on stderr."""
    invited = connect(context).invite_user(email, name, is_admin=admin)
    say(f"The password of {invited.email} is {invited.password} (told this once).")
    _print(invited, output)


@app.command()
def disable(context: typer.Context, user: UserArgument, output: OutputOption = Output.TABLE) -> None:
    """Let an account be used no more: all its tokens are refused at once."""
    _print(connect(context).disable_user(user), output)


@app.command()
def enable(context: typer.Context, user: UserArgument, output: OutputOption = Output.TABLE) -> None:
    """Let an account be used again."""
    _print(connect(context).enable_user(user), output)


def whoami(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """Show who the token speaks for, and how far it reaches."""
    _print(connect(context).me(), output)


def _print(user: User, output: Output) -> None:
    print_value(user, output, name=user.id)
