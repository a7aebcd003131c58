"""Macropod: run Python packages on a server, once or on a schedule, and read what they printed.

Everything is loaded when it is first used, so that `import macropod` costs nothing inside a run.
"""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from macropod.client import Client
    from macropod.errors import (
        Conflict,
        ConnectionFailed,
        Forbidden,
        Invalid,
        MacropodError,
        NoCredentials,
        NotFound,
        NotInTask,
        PackagingFailed,
        Problem,
        TooLarge,
        Unauthorized,
        Unavailable,
        UnexpectedAnswer,
        WaitTimeout,
    )
    from macropod.inside import in_task, task_args
    from macropod.logs import LogLine, LogLines
    from macropod.orchestrations import Orchestration, OrchestrationList
    from macropod.runs import Run, RunList
    from macropod.schedules import SchedulePreview, Upcoming
    from macropod.server import Limits, Server
    from macropod.tasks import Task, TaskList

__version__ = "0.1.0"

__all__ = [
    "Client",
    "Conflict",
    "ConnectionFailed",
    "Forbidden",
    "Invalid",
    "Limits",
    "LogLine",
    "LogLines",
    "MacropodError",
    "NoCredentials",
    "NotFound",
    "NotInTask",
    "Orchestration",
    "OrchestrationList",
    "PackagingFailed",
    "Problem",
    "Run",
    "RunList",
    "SchedulePreview",
    "Server",
    "Task",
    "TaskList",
    "TooLarge",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "Upcoming",
    "WaitTimeout",
    "in_task",
    "task_args",
]

_MODULES = {
    "Client": "client",
    "in_task": "inside",
    "task_args": "inside",
    "LogLine": "logs",
    "LogLines": "logs",
    "Orchestration": "orchestrations",
    "OrchestrationList": "orchestrations",
    "Run": "runs",
    "RunList": "runs",
    "SchedulePreview": "schedules",
    "Upcoming": "schedules",
    "Limits": "server",
    "Server": "server",
    "Task": "tasks",
    "TaskList": "tasks",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'macropod' has no attribute {name!r}")
    member: object = getattr(import_module(f"macropod.{_MODULES.get(name, 'errors')}"), name)
    globals()[name] = member
    return member


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
