"""The command `macropod-server`: serve, migrate, token."""

import logging
import os
import sys
from typing import Annotated, TextIO, cast

import structlog
import typer

from macropod_server import __version__
from macropod_server.adapters import open_database
from macropod_server.app import utc_now
from macropod_server.commands.accounts import reset_password, token
from macropod_server.commands.audit import audit
from macropod_server.commands.backup import backup, restore
from macropod_server.commands.check import check
from macropod_server.commands.data_packages import install_data_packages
from macropod_server.commands.docker_gate import docker_gate
from macropod_server.commands.options import DatabaseUrl, DataDir, SpawnerName
from macropod_server.commands.rotate_key import rotate_key
from macropod_server.commands.upkeep import clean, usage
from macropod_server.db.engine import Database
from macropod_server.db.migrate import migrate, revision
from macropod_server.domain.errors import MacropodError
from macropod_server.installation import use_key
from macropod_server.settings_reading import read_settings
from macropod_server.telemetry.log_output import UnfailingOutput

app = typer.Typer(
    help="The Macropod server. Every flag can be set as MACROPOD_<FLAG> too; docs/settings.md lists them all.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command()(audit)
app.command()(token)
app.command()(reset_password)
app.command()(check)
app.command()(usage)
app.command()(clean)
app.command()(backup)
app.command()(restore)
app.command("rotate-key")(rotate_key)
app.command("docker-gate")(docker_gate)
app.command("install-data-packages")(install_data_packages)


@app.command()
def serve(
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    storage_url: Annotated[str | None, typer.Option(help="file:///folder or s3://bucket/prefix for bundles.")] = None,
    spawner: SpawnerName = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes any free one.")] = None,
    max_runs: Annotated[int | None, typer.Option(help="Runs at once on the whole server.")] = None,
    upload_max_bytes: Annotated[int | None, typer.Option(help="Largest zip taken.")] = None,
    api: Annotated[bool, typer.Option("--api", help="The API only; PostgreSQL.")] = False,
    engine: Annotated[bool, typer.Option("--engine", help="The engine only; PostgreSQL.")] = False,
) -> None:
    """Serve API and engine until Ctrl-C. Runs go on meanwhile and are found again."""
    role = {(True, False): "api", (False, True): "engine", (True, True): "both"}.get((api, engine))
    flags = dict(locals())
    from macropod_server.serve import serve as serve_until_stopped

    _log_to_stderr(logging.INFO)
    serve_until_stopped(read_settings(os.environ, **flags))


@app.command("migrate")
def migrate_database(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Bring the database to this version. SQLite is migrated at the start of `serve` by itself."""
    settings = read_settings(os.environ, data_dir=data_dir, database_url=database_url)
    database = Database(settings.resolved_database_url)
    migrate(database)
    found = revision(database)
    database.close()
    typer.echo(f"The database is at revision {found}.")


@app.command("use-key")
def use_key_of_this_server(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Make the keys this server has those of the installation. End all servers before; runs under way lose touch."""
    settings = read_settings(os.environ, data_dir=data_dir, database_url=database_url)
    database = open_database(settings)
    use_key(settings, database, now=utc_now())
    database.close()
    typer.echo("These are the keys of the installation now.")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


# Tracebacks without the values of variables: those may be tokens.
_FOR_PEOPLE = (structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),)
_FOR_PROGRAMS = (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())


def main() -> None:
    _log_to_stderr(logging.WARNING)
    try:
        app(prog_name="macropod-server")
    except MacropodError as error:
        typer.echo(f"macropod-server: {error.message}", err=True)
        sys.exit(1)


def _log_to_stderr(level: int) -> None:
    """All but `serve` answer in sentences, among which only trouble is logged."""
    is_person = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(_FOR_PEOPLE if is_person else _FOR_PROGRAMS),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, UnfailingOutput(sys.stderr))),
    )
