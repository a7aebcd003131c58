"""How long PostgreSQL may take: to connect, to answer, to give a lock, and to be silent before it counts as gone."""

import math
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url

WAIT_SECONDS = 5
"""How long a call may take to be told that it cannot be answered: it waits for a connection, then for a lock."""

_FOR_A_CONNECTION, _FOR_A_LOCK = 0.4, 0.6

_SILENCE_SECONDS = 3
"""A cut network shows in nothing but silence. A call may find its old connection dead and then make no new one."""

_IDLE_IN_TRANSACTION_SECONDS = 30
_MARGIN_SECONDS = 1


def open_postgres(url: str | URL, *, statement_seconds: float | None, **pool: Any) -> Engine:
    """An engine whose every call ends in time, whatever became of the database or the way to it. None: it may work
    for as long as it likes."""
    address = make_url(url)
    engine = create_engine(address, connect_args=_arguments(address, statement_seconds=statement_seconds), **pool)
    event.listen(engine, "do_connect", _Connect((statement_seconds or math.inf) + _MARGIN_SECONDS))
    return engine


def open_pool(url: str | URL, *, connections: int, statement_seconds: float | None) -> Engine:
    pool: dict[str, Any] = {
        "pool_size": connections,
        "max_overflow": 0,
        "pool_timeout": WAIT_SECONDS * _FOR_A_CONNECTION,
        "pool_pre_ping": True,
    }
    return open_postgres(url, statement_seconds=statement_seconds, **pool)


def _arguments(url: URL, *, statement_seconds: float | None) -> dict[str, Any]:
    """For psycopg. What the address itself says wins."""
    limits = {
        "statement_timeout": statement_seconds,
        "lock_timeout": statement_seconds and statement_seconds * _FOR_A_LOCK,
        "idle_in_transaction_session_timeout": statement_seconds and _IDLE_IN_TRANSACTION_SECONDS,
    }
    spoken = " ".join(f"-c {name}={int((seconds or 0) * 1000)}" for name, seconds in limits.items())
    own = {
        "application_name": "macropod",
        "connect_timeout": _SILENCE_SECONDS,
        "keepalives": 1,
        "keepalives_idle": 1,
        "keepalives_interval": 1,
        "keepalives_count": _SILENCE_SECONDS,
        "tcp_user_timeout": _SILENCE_SECONDS * 1000,
    }
    said = {name: value for name, value in own.items() if name not in url.query}
    return said | {"options": f"{spoken} {url.query.get('options', '')}".strip()}


class _Connect:
    """Makes connections that end a call themselves: a database that hangs does not keep to the limits it was told."""

    def __init__(self, answer_seconds: float) -> None:
        self._answer_seconds = answer_seconds

    def __call__(self, _dialect: Any, _record: Any, arguments: list[Any], options: dict[str, Any]) -> Any:
        # Loaded only where it is used: it costs every idle server on SQLite memory otherwise.
        from macropod_server.sql.connection import ImpatientConnection

        connection = ImpatientConnection.connect(*arguments, **options)
        connection.answer_seconds = self._answer_seconds
        return connection
