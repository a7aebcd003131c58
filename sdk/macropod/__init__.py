"""Macropod: run Python packages on a server, once or on a schedule, and read what they printed.

Everything is loaded when it is first used, so that `import macropod` costs nothing inside a run.
"""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from macropod.audit_log import AuditEntry
    from macropod.cadence import Cadence
    from macropod.client import Client
    from macropod.connections import Connection, ConnectionList
    from macropod.errors import (
        Conflict,
        ConnectionFailed,
        Forbidden,
        Invalid,
        LoginDenied,
        LoginExpired,
        LoginPending,
        LoginTooFast,
        MacropodError,
        NoCredentials,
        NotFound,
        NotInTask,
        OutOfSpace,
        PackagingFailed,
        Problem,
        TooLarge,
        TooMany,
        Unauthorized,
        Unavailable,
        UnexpectedAnswer,
        WaitTimeout,
    )
    from macropod.events import Event
    from macropod.inside import in_task, task_args
    from macropod.lineage import Attempt, GivenSecret, Lineage
    from macropod.log_search import FoundLine
    from macropod.log_usage import LogSum, LogUsage, TaskLogSum
    from macropod.logs import LogLine, LogLines
    from macropod.members import Member, MemberList
    from macropod.options import ContinuousOptions, ScheduledOptions, TaskOptions
    from macropod.orchestrations import Orchestration, OrchestrationList
    from macropod.pools import Place, Pool, PoolList
    from macropod.runs import Run, RunList
    from macropod.schedules import SchedulePreview, Upcoming
    from macropod.secrets import Secret, SecretList, SecretVersion
    from macropod.server import Limits, Server
    from macropod.tasks import Task, TaskList
    from macropod.ticks import Tick, TickList
    from macropod.tokens import NewToken, Token, TokenList
    from macropod.tracebacks import RunError, Traceback, TracebackList
    from macropod.users import InvitedUser, Me, User, UserList
    from macropod.workspace import Workspace, WorkspaceList

__version__ = "0.1.0"

__all__ = [
    "Attempt",
    "AuditEntry",
    "Cadence",
    "Client",
    "Conflict",
    "Connection",
    "ConnectionFailed",
    "ConnectionList",
    "ContinuousOptions",
    "Event",
    "Forbidden",
    "FoundLine",
    "GivenSecret",
    "Invalid",
    "InvitedUser",
    "Limits",
    "Lineage",
    "LogLine",
    "LogLines",
    "LogSum",
    "LogUsage",
    "LoginDenied",
    "LoginExpired",
    "LoginPending",
    "LoginTooFast",
    "MacropodError",
    "Me",
    "Member",
    "MemberList",
    "NewToken",
    "NoCredentials",
    "NotFound",
    "NotInTask",
    "Orchestration",
    "OrchestrationList",
    "OutOfSpace",
    "PackagingFailed",
    "Place",
    "Pool",
    "PoolList",
    "Problem",
    "Run",
    "RunError",
    "RunList",
    "SchedulePreview",
    "ScheduledOptions",
    "Secret",
    "SecretList",
    "SecretVersion",
    "Server",
    "Task",
    "TaskList",
    "TaskLogSum",
    "TaskOptions",
    "Tick",
    "TickList",
    "Token",
    "TokenList",
    "TooLarge",
    "TooMany",
    "Traceback",
    "TracebackList",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "Upcoming",
    "User",
    "UserList",
    "WaitTimeout",
    "Workspace",
    "WorkspaceList",
    "in_task",
    "task_args",
]

_MODULES = {
    "Cadence": "cadence",
    "Client": "client",
    "AuditEntry": "audit_log",
    "Connection": "connections",
    "ConnectionList": "connections",
    "Event": "events",
    "in_task": "inside",
    "task_args": "inside",
    "Attempt": "lineage",
    "GivenSecret": "lineage",
    "Lineage": "lineage",
    "FoundLine": "log_search",
    "LogLine": "logs",
    "LogSum": "log_usage",
    "LogUsage": "log_usage",
    "TaskLogSum": "log_usage",
    "LogLines": "logs",
    "Member": "members",
    "MemberList": "members",
    "ContinuousOptions": "options",
    "ScheduledOptions": "options",
    "TaskOptions": "options",
    "Orchestration": "orchestrations",
    "OrchestrationList": "orchestrations",
    "Place": "pools",
    "Pool": "pools",
    "PoolList": "pools",
    "Run": "runs",
    "RunList": "runs",
    "SchedulePreview": "schedules",
    "Upcoming": "schedules",
    "Secret": "secrets",
    "SecretList": "secrets",
    "SecretVersion": "secrets",
    "Limits": "server",
    "Server": "server",
    "Task": "tasks",
    "TaskList": "tasks",
    "Tick": "ticks",
    "TickList": "ticks",
    "NewToken": "tokens",
    "Token": "tokens",
    "TokenList": "tokens",
    "RunError": "tracebacks",
    "Traceback": "tracebacks",
    "TracebackList": "tracebacks",
    "InvitedUser": "users",
    "Me": "users",
    "User": "users",
    "UserList": "users",
    "Workspace": "workspace",
    "WorkspaceList": "workspace",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'macropod' has no attribute {name!r}")
    member: object = getattr(import_module(f"macropod.{_MODULES.get(name, 'errors')}"), name)
    globals()[name] = member
    return member


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
