"""The stages of a run at which a server may be made to end itself, and how that is brought in from outside.

The product carries no switches for tests: `arm` puts a SIGKILL before or after a function of the loaded server. With
`chaos/server.py` this is the only module here that knows the server's insides; the checker shares nothing with it.
"""

import importlib
import os
import signal
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_PACKAGE = "macropod_server"


@dataclass(frozen=True)
class Point:
    """`function` is a name in a module, or a class and its method."""

    module: str
    function: str
    after: bool = False


@dataclass(frozen=True)
class Stage:
    number: int
    what: str
    points: tuple[Point, ...]


_KEEP = "LocalStaging.keep"
_STAGES = (
    Stage(1, "upload streamed, not stored", (Point("storage.local_staging", _KEEP),)),
    Stage(2, "blob stored, no row", (Point("storage.local_staging", _KEEP, after=True),)),
    Stage(3, "task row written, not answered", (Point("flows.create_task", "create_task", after=True),)),
    Stage(4, "run claimed, no container", (Point("flows.start_run", "spawn"),)),
    Stage(
        5,
        "container created, not started",
        (
            Point("spawners.process_folders", "RunFolder.make", after=True),
            Point("spawners.docker", "DockerSpawner._create", after=True),
        ),
    ),
    Stage(
        6,
        "container started, not recorded",
        (
            Point("spawners.process", "ProcessSpawner.spawn", after=True),
            Point("spawners.docker", "DockerSpawner.spawn", after=True),
        ),
    ),
    Stage(7, "running, its runner not answered", (Point("flows.hand_spec", "hand_spec", after=True),)),
    Stage(
        8,
        "lines arrived and not stored, or stored and not answered",
        (
            Point("logstore.chunks", "ChunkLogStore.append"),
            Point("logstore.chunks", "ChunkLogStore.append", after=True),
        ),
    ),
    Stage(9, "exited, not recorded", (Point("flows.finish_run", "finish_run"),)),
    Stage(10, "end recorded, not answered", (Point("flows.finish_run", "finish_run", after=True),)),
    Stage(11, "end and event written, not committed", (Point("flows.finish_run", "record_end", after=True),)),
    Stage(12, "kill asked, container still up", (Point("flows.stop_run", "kill_task", after=True),)),
    Stage(
        13,
        "cleaning up",
        (
            Point("spawners.process", "ProcessSpawner.remove"),
            Point("spawners.process_folders", "RunFolder.delete", after=True),
            Point("spawners.docker", "DockerSpawner.remove"),
            Point("spawners.docker", "DockerSpawner._remove_container", after=True),
        ),
    ),
    Stage(
        14,
        "dependencies agreed on and not built, or built and not noted",
        (
            Point("flows.package_orchestration", "agree_on_lock", after=True),
            Point("flows.package_orchestration", "settle_packaging"),
        ),
    ),
)
STAGES = {stage.number: stage for stage in _STAGES}
SELDOM = frozenset({1, 2, 12, 14})
"""Stages that work comes by so seldom that the first time counts."""


def arm(stage: Stage, *, passes: int) -> None:
    """From now on this process ends itself when one of the stage's points is passed for the n-th time."""
    fuse = _Fuse(passes)
    for point in stage.points:
        _wrap(find(point), fuse, after=point.after)


def find(point: Point) -> types.FunctionType:
    """Raises `LookupError` when the server has no such function any more: then the table above is to be mended."""
    place: Any = importlib.import_module(f"{_PACKAGE}.{point.module}")
    for name in point.function.split("."):
        place = vars(place).get(name)
    if not isinstance(place, types.FunctionType) or place.__code__.co_freevars:
        raise LookupError(f"{point.module} has no plain function {point.function} to stop at.")
    return place


class _Fuse:
    def __init__(self, passes: int) -> None:
        self._left = passes
        self._turn = threading.Lock()

    def burn(self) -> None:
        with self._turn:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def _wrap(function: types.FunctionType, fuse: _Fuse, *, after: bool) -> None:
    """Changes the function itself, so that also those who imported it long ago pass the point."""
    original = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    original.__kwdefaults__ = function.__kwdefaults__

    def passed(*arguments: Any, **named: Any) -> Any:
        if not after:
            fuse.burn()
        answer = original(*arguments, **named)
        if after:
            fuse.burn()
        return answer

    _redirect(function, passed)


def _redirect(function: types.FunctionType, target: Callable[..., Any]) -> None:
    """The code of a function has no room for what it closes over; it looks that up among the module's globals."""
    key = f"{function.__qualname__} {id(target)}"
    function.__globals__.setdefault("__chaos__", {})[key] = target
    text = f"def stand_in(*arguments, **named):\n    return __chaos__[{key!r}](*arguments, **named)\n"
    made: dict[str, Any] = {}
    exec(compile(text, "<kill point>", "exec"), made)
    function.__code__ = made["stand_in"].__code__
    function.__defaults__ = function.__kwdefaults__ = None
