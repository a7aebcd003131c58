"""The options of commands that make tasks: named as the keywords of the SDK, shown in groups."""

import inspect
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from enum import StrEnum
from functools import wraps
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand

from macropod.cli.values import (
    read_day,
    read_end,
    read_moment,
    read_seconds_or_none,
    read_size,
    read_whole_seconds,
)

_ATTEMPTS = "Further attempts"
_LIMITS = "Time limits of a run"
_RESOURCES = "Resources of a run"
_SECRETS = "Secrets of a run"
_BOUNDS = "Bounds of the schedule"
_TICKS = "Ticks that are late or in the way of others"


class Overlap(StrEnum):
    ALLOW = "allow"
    SKIP = "skip"
    QUEUE_ONE = "queue_one"
    QUEUE_ALL = "queue_all"
    CANCEL_RUNNING = "cancel_running"


class Missed(StrEnum):
    LATEST = "latest"
    ALL = "all"
    NONE = "none"


class Role(StrEnum):
    VIEWER = "viewer"
    RUNNER = "runner"
    EDITOR = "editor"
    OWNER = "owner"


class Scope(StrEnum):
    READ = "read"
    RUN = "run"
    EDIT = "edit"
    ADMIN = "admin"


def _given(kind: Any, *names: str, group: str, **shape: Any) -> Any:
    return Annotated[kind | None, typer.Option(*names, rich_help_panel=group, **shape)]


def _span(group: str, text: str) -> Any:
    return _given(int, parser=read_whole_seconds, metavar="DURATION", group=group, help=text)


def _span_or_none(group: str, text: str) -> Any:
    return _given(int, parser=read_seconds_or_none, metavar="DURATION", group=group, help=text)


def _count(group: str, text: str, *, least: int = 1) -> Any:
    return _given(int, min=least, metavar="NUMBER", group=group, help=text)


def _moment(name: str, text: str) -> Any:
    return _given(datetime, name, parser=read_moment, metavar="TIME", group=_BOUNDS, help=text)


DEBUG_OPTION = {
    "debug": Annotated[bool | None, typer.Option("--debug", help="Have runs tell more about themselves in their log.")],
}

RETRY_OPTIONS: dict[str, Any] = {
    "retries": _count(_ATTEMPTS, "How many after the first.", least=0),
    "retry_on": _given(
        list[str],
        parser=read_end,
        metavar="END",
        group=_ATTEMPTS,
        help="After which ends: failure, timed_out, lost, out_of_memory, or an exit code. May be repeated.",
    ),
    "retry_delay": _span_or_none(_ATTEMPTS, "Before the second attempt; then doubled."),
}

TASK_OPTIONS: dict[str, Any] = {
    "start_timeout": _span(_LIMITS, "From the start of the container to that of main.py."),
    "queue_timeout": _span(_LIMITS, "How long it may wait in the queue."),
    "silence_timeout": _span(_LIMITS, "How long main.py may print nothing."),
    "grace": _span_or_none(_LIMITS, "From being asked to stop to being stopped."),
    "profile": _given(str, metavar="NAME", group=_RESOURCES, help="A named set of resources of the server."),
    "cpus": _given(float, metavar="NUMBER", group=_RESOURCES, help="How many CPUs, such as 0.5."),
    "memory": _given(
        str, parser=read_size, metavar="SIZE", group=_RESOURCES, help="How much memory: 512MiB, 2GiB, or bytes."
    ),
    "pids": _count(_RESOURCES, "How many processes and threads at once."),
    "gpus": _count(_RESOURCES, "How many graphics cards."),
    "locks": _given(
        list[str],
        "--lock",
        metavar="NAME",
        group=_RESOURCES,
        help="A lock or pool of which each run takes a place. May be repeated.",
    ),
    "secrets": _given(
        list[str],
        "--secret",
        metavar="[VARIABLE=]NAME",
        group=_SECRETS,
        help="A secret each run gets as an environment variable. May be repeated.",
    ),
    "secret_files": _given(
        list[str],
        "--secret-file",
        metavar="[FILE=]NAME",
        group=_SECRETS,
        help="A secret each run gets as a file. May be repeated.",
    ),
}

PAUSE_OPTION: dict[str, Any] = {
    "pause_after_failures": _count("Pause", "Pause the task after so many failures in a row."),
}

BOUNDS_OPTIONS: dict[str, Any] = {
    "every": _span(_BOUNDS, "Instead of a schedule: at equal distances."),
    "starts_at": _moment("--start", "Not due before; --every counts from here."),
    "ends_at": _moment("--end", "Not due after."),
    "exclude": _given(
        list[date],
        parser=read_day,
        metavar="DATE",
        group=_BOUNDS,
        help="A day without a tick, such as 2026-12-25. May be repeated.",
    ),
}

SCHEDULE_OPTIONS: dict[str, Any] = BOUNDS_OPTIONS | {
    "jitter": _span_or_none(_BOUNDS, "Each tick is later by a part of this, always by the same."),
    "overlap": _given(
        Overlap,
        metavar="|".join(Overlap),
        group=_TICKS,
        help="When an earlier run is not gone yet; allow if left out.",
    ),
    "missed": _given(
        Missed,
        metavar="|".join(Missed),
        group=_TICKS,
        help="Which ticks that passed while nothing could start still run; latest if left out.",
    ),
    "missed_window": _span(_TICKS, "With latest: how old it may be."),
    "missed_cap": _count(_TICKS, "With all: how many at once at most."),
}


def check_plan(schedules: Collection[str] | None, options: Mapping[str, Any]) -> None:
    if bool(schedules) is ("every" in options):
        raise typer.BadParameter("Give either SCHEDULE or --every.", param_hint="SCHEDULE")


Command = TypeVar("Command", bound=Callable[..., None])


def taking(options: Mapping[str, Any]) -> Callable[[Command], Command]:
    """The command with these options beside its own. As `options` it gets those that were given."""

    def add(command: Command) -> Command:
        @wraps(command)
        def called(**given: Any) -> None:
            taken = {name: given.pop(name) for name in options}
            command(**given, options={name: value for name, value in taken.items() if value not in (None, [])})

        own = [each for each in inspect.signature(command).parameters.values() if each.name != "options"]
        added = [inspect.Parameter(name, _KEYWORD, default=None, annotation=kind) for name, kind in options.items()]
        called.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
        return called  # type: ignore[return-value]

    return add


def flags(command: Any) -> dict[str, str]:
    """What the arguments of the SDK are called here, over this command and all below it."""
    found = {each.name: max(each.opts, key=len) for each in command.params if each.param_type_name == "option"}
    for below in getattr(command, "commands", {}).values():
        found |= flags(below)
    return found


_KEYWORD = inspect.Parameter.KEYWORD_ONLY


class GroupedCommand(TyperCommand):
    """Its help shows the options of each group under the group's name, as plain text."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                usual = "Arguments" if parameter.param_type_name == "argument" else "Options"
                group = getattr(parameter, "rich_help_panel", None) or usual
                groups.setdefault(group, []).append(record)
        for name, records in groups.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)
