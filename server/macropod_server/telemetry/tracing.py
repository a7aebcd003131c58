"""Traces of requests and runs. Nothing is traced unless it is asked for; how it is sent is known to `otel` alone."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

Facts = Mapping[str, str | int | float | bool]

_SHOWN = ("run_kind", "status", "reason", "exit_code", "attempt", "cause")


@dataclass(frozen=True)
class Place:
    """Where a span stands: its trace, and its own number in it."""

    trace_id: int
    span_id: int

    @property
    def traceparent(self) -> str:
        """As W3C Trace Context writes it."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-01"


@dataclass(frozen=True)
class Span:
    """Something that took from one instant to another. `parent` is a span that others may tell of."""

    name: str
    place: Place
    began_at: datetime
    ended_at: datetime
    parent: Place | None = None
    attributes: Facts | None = None
    is_error: bool = False
    is_request: bool = False


class Tracing(Protocol):
    def tell(self, span: Span) -> None:
        """Send it at some time soon. Never raises and never waits; what cannot be sent is dropped."""
        ...

    def traceparent(self, run_id: str) -> str | None:
        """What a run is told of the trace it belongs to; None where nothing is traced."""
        ...

    def close(self) -> None:
        """Send what was not sent yet."""
        ...


class NoTracing:
    def tell(self, span: Span) -> None:
        pass

    def traceparent(self, run_id: str) -> str | None:
        return None

    def close(self) -> None:
        pass


def place_of_run(run_id: str) -> Place:
    """Every server reckons the same: the trace has the number of the run."""
    try:
        trace_id = UUID(run_id).int
    except ValueError:
        trace_id = int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:16])
    return place_in(trace_id, f"run {run_id}")


def place_in(trace_id: int, name: str) -> Place:
    digest = hashlib.sha256(f"{trace_id} {name}".encode()).digest()
    return Place(trace_id, int.from_bytes(digest[:8]) or 1)


def place_named(traceparent: str) -> Place | None:
    """The span a caller names in its head `traceparent`, None for none or one that is not well formed."""
    parts = traceparent.split("-")
    if [len(part) for part in parts[:4]] != [2, 32, 16, 2] or parts[0] == "ff":
        return None
    try:
        place = Place(int(parts[1], 16), int(parts[2], 16))
    except ValueError:
        return None
    return place if place.trace_id and place.span_id else None


def span_of_run(run_id: str, facts: Mapping[str, Any], *, ended_at: datetime) -> Span:
    """From its making to its end, by the facts of the event that tells of it."""
    shown = {f"macropod.{name}": facts[name] for name in _SHOWN if facts[name] is not None}
    return Span(
        name=f"run {facts['task_name'] or facts['run_kind']}",
        place=place_of_run(run_id),
        began_at=datetime.fromisoformat(facts["created_at"]),
        ended_at=ended_at,
        attributes={"macropod.run_id": run_id} | shown,
        is_error=facts["status"] != "success",
    )
