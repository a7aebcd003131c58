"""Keep an address and a token for the next commands, and forget them."""

import os
import sys
from typing import Annotated

import typer

from macropod.cli.output import Output, OutputOption, print_facts, say
from macropod.cli.session import connect
from macropod.credentials import Credentials, credentials_path, forget_credentials, kept_credentials, save_credentials
from macropod.errors import Invalid
from macropod.signing_in import NOBODYS, Invitation, MachineToken, sign_in_on_the_web, sign_in_with_password, sign_out


def login(
    context: typer.Context,
    url: Annotated[str, typer.Option(envvar="MACROPOD_URL", metavar="URL", help="Address of the server.")] = (
        "http://127.0.0.1:8085"
    ),
    email: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Sign in with this e-mail address and a password.")
    ] = None,
    web: Annotated[bool, typer.Option("--web", help="Sign in in a browser, here or on another device.")] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Keep the address and a token for the next commands.

    The token is read from stdin or asked for. With --email or --web it is made here, for this machine, and is good for
    90 days; the password is read from stdin or asked for.
    """
    if email and web:
        raise typer.BadParameter("--email and --web are two ways; take one.")
    made = _signed_in(context, url, email) if email or web else MachineToken("", _read("Token"))
    if not made.secret:
        raise Invalid.field("token", "The token is empty; `macropod-server token` on the server's machine makes one.")
    client = connect(context, url, made.secret)
    server = client.server()
    path = credentials_path(os.environ)
    save_credentials(Credentials(client.url, made.secret, token_id=made.id), path)
    say(f"Kept in {path}.")
    facts = {"url": client.url, "workspace": server.workspace_name, "server_version": server.version}
    print_facts(facts, output, name=client.url)


def logout(context: typer.Context) -> None:
    """Forget address and token, and revoke the token if `macropod login` made it."""
    path = credentials_path(os.environ)
    kept = kept_credentials(path)
    if not kept.token:
        say("Nobody is logged in.")
        return
    if kept.token_id and not sign_out(connect(context, kept.url, kept.token), kept.token_id):
        say("The server does not know the token any more.")
    forget_credentials(path)
    say(f"Removed {path}." if kept.token_id else f"Removed {path}. Its token was not made here and is still good.")


def _signed_in(context: typer.Context, url: str, email: str | None) -> MachineToken:
    client = connect(context, url, NOBODYS)
    return sign_in_with_password(client, email, _read("Password")) if email else sign_in_on_the_web(client, _invite)


def _invite(to: Invitation) -> None:
    say(f"Open {to.address}\nand say yes if it shows the code {to.code}. Waiting ...")


def _read(what: str) -> str:
    """Without its end of line; as it was typed otherwise, for a password may begin with a space."""
    text = typer.prompt(what, hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    return str(text).rstrip("\r\n") if what == "Password" else str(text).strip()
