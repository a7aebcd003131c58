"""Let people in from the server's own machine: make a token, set a password anew."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from macropod_server.adapters import open_database
from macropod_server.app import utc_now
from macropod_server.commands.options import DatabaseUrl, DataDir
from macropod_server.db import accounts
from macropod_server.domain.accounts import email_address
from macropod_server.domain.roles import Scope
from macropod_server.flows.change_user import store_password
from macropod_server.flows.issue_token import issue_token, save_token
from macropod_server.settings_reading import read_settings


def token(
    name: Annotated[str, typer.Option(help="What the token is for; shown in lists.")] = "command line",
    user: Annotated[str | None, typer.Option(metavar="EMAIL", help="Whose; the first admin's if left out.")] = None,
    scope: Annotated[Scope, typer.Option(help="How much of what that user may do.")] = Scope.ADMIN,
    workspace: Annotated[
        str | None, typer.Option(metavar="NAME", help="The only workspace it reaches, by name or id.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="WHEN", help="After so many days, such as 90, or at a date.")
    ] = None,
    save: Annotated[bool, typer.Option(help="Also write it where SDK and CLI of this user look.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a token and print it. It is told this once; the server keeps only its digest."""
    expires_at = _moment(expires, now=utc_now()) if expires else None
    settings = read_settings(data_dir=data_dir, database_url=database_url)
    database = open_database(settings)
    made = issue_token(
        database, name=name, email=user, scope=scope, workspace=workspace, expires_at=expires_at, now=utc_now()
    )
    if save:
        save_token(database, settings.credentials, made, url=settings.url, now=utc_now())
        typer.echo(f"Written to {settings.credentials}.", err=True)
    database.close()
    typer.echo(made)


def reset_password(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Of the user who cannot sign in.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Set a user's password anew. It is asked for, or read from stdin."""
    settings = read_settings(data_dir=data_dir, database_url=database_url)
    database = open_database(settings)
    with database.read() as session:
        user = accounts.known_user(session, email_address(email))
    store_password(database, user.id, _asked_password(), now=utc_now())
    database.close()
    typer.echo(f"The password of {user.email} is set.")
    if user.disabled_at is not None:
        typer.echo("The account is disabled; an admin can enable it.", err=True)


def _asked_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    asked: str = typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    return asked


def _moment(text: str, *, now: datetime) -> datetime:
    try:
        if text.isascii() and text.isdigit():
            return now + timedelta(days=int(text))
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"{text!r} is neither a number of days such as 90 nor a date such as 2027-01-31.", param_hint="--expires"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
