"""The tables: what is true. Only modules of `db` read and write them."""

from sqlmodel import SQLModel

from macropod_server.db.tables.audit_log import AuditEntry
from macropod_server.db.tables.ledger import Event, Tick
from macropod_server.db.tables.orchestrations import Environment, Orchestration
from macropod_server.db.tables.owners import IdempotencyKey, Installation, Member, Token, User, Workspace
from macropod_server.db.tables.run_logs import RunLog
from macropod_server.db.tables.runs import Pool, Run, RunEvent, Slot
from macropod_server.db.tables.secrets import Connection, ConnectionLink, Given, Secret, SecretVersion
from macropod_server.db.tables.sign_in import DeviceLogin, OutsideIdentity, UserSession
from macropod_server.db.tables.tasks import Task

__all__ = [
    "AuditEntry",
    "Connection",
    "ConnectionLink",
    "DeviceLogin",
    "Environment",
    "Event",
    "Given",
    "IdempotencyKey",
    "Installation",
    "Member",
    "Orchestration",
    "OutsideIdentity",
    "Pool",
    "Run",
    "RunEvent",
    "RunLog",
    "SQLModel",
    "Secret",
    "SecretVersion",
    "Slot",
    "Task",
    "Tick",
    "Token",
    "User",
    "UserSession",
    "Workspace",
]
