"""`macropod token …`"""

from typing import Annotated

import typer

from macropod.cli.options import Scope
from macropod.cli.output import Output, OutputOption, print_facts, print_list, say
from macropod.cli.session import connect

app = typer.Typer(help="Make tokens for programs, see and revoke yours.", no_args_is_help=True)


@app.command("list")
def list_(context: typer.Context, output: OutputOption = Output.TABLE) -> None:
    """List your tokens, also those that are over."""
    print_list(connect(context).list_tokens(), output)


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for; shown in lists.")],
    scope: Annotated[
        Scope, typer.Option(metavar="|".join(Scope), help="How much of what you may do it may.")
    ] = Scope.RUN,
    only: Annotated[
        str | None, typer.Option(metavar="WORKSPACE", help="The only workspace it reaches; all yours if left out.")
    ] = None,
    expires_in_days: Annotated[
        int | None, typer.Option(min=1, metavar="NUMBER", help="Refused after so many days; never if left out.")
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Make a token and print it. It is told this once."""
    made = connect(context).create_token(name, scope=scope.value, workspace=only, expires_in_days=expires_in_days)
    say("Keep the token now: it is told this once.")
    if output is Output.TABLE:
        print_facts(dict(made._facts()) | {"token": made.secret}, output, name=made.id)
    else:
        print_facts(made.to_dict(), output, name=made.id)


@app.command()
def revoke(
    context: typer.Context,
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Id of a token.")],
    output: OutputOption = Output.TABLE,
) -> None:
    """Let a token be refused from now on, and print its id."""
    connect(context).revoke_token(token)
    print_facts({"revoked": token}, output, name=token)
