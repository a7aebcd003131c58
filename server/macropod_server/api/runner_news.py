"""What a runner hears while its run goes on: that it has to stop, and what more to leave out of its own output.

Who tells a run a secret waits here until its runner has heard of it: before that the run cannot print it.
"""

import time
from dataclasses import dataclass
from typing import Any

from fastapi.concurrency import run_in_threadpool

from macropod_server.db import runs
from macropod_server.deps import Deps
from macropod_server.domain.errors import Unauthorized
from macropod_server.domain.masking import forms
from macropod_server.domain.run import is_final

_LOOK_SECONDS = 2.0
_HIDING_SECONDS = 5.0
"""A runner that is cut off from the server prints nothing that anybody sees meanwhile."""


@dataclass(frozen=True)
class News:
    is_to_stop: bool = False
    masked: list[str] | None = None
    secrets_given: int = 0

    @property
    def is_none(self) -> bool:
        return not self.is_to_stop and self.masked is None

    def told(self) -> dict[str, Any]:
        stop: dict[str, Any] = {"stop": "kill" if self.is_to_stop else None}
        return stop | ({} if self.masked is None else {"masked": self.masked, "secrets_given": self.secrets_given})


async def await_news(deps: Deps, run_id: str, *, seconds: float, masked: int | None) -> News:
    """As soon as there is any, or after so long. `masked`: what the runner has heard of; earlier ones do not say."""
    until = time.monotonic() + seconds
    with deps.signals.bell(run_id) as bell:
        while True:
            news = await run_in_threadpool(_news, deps, run_id, masked)
            left = until - time.monotonic()
            if not news.is_none or left <= 0 or deps.signals.is_closing:
                return news
            await bell.wait(min(left, _LOOK_SECONDS))


async def until_hidden(deps: Deps, run_id: str) -> None:
    until = time.monotonic() + _HIDING_SECONDS
    deps.signals.ring(run_id)
    with deps.signals.bell(run_id) as bell:
        while not await run_in_threadpool(_is_hidden, deps, run_id):
            left = until - time.monotonic()
            if left <= 0 or deps.signals.is_closing:
                return
            await bell.wait(min(left, _LOOK_SECONDS))


def _is_hidden(deps: Deps, run_id: str) -> bool:
    with deps.database.read() as session:
        run = runs.get(session, run_id)
    has_not_begun = run.started_at is None
    return has_not_begun or is_final(run.status) or run.secrets_hidden >= run.secrets_given


def _news(deps: Deps, run_id: str, masked: int | None) -> News:
    with deps.database.read() as session:
        run = runs.get(session, run_id)
    if is_final(run.status):
        raise Unauthorized(f"Run {run_id} has ended as {run.status.value}.")
    if masked is not None and masked > run.secrets_hidden:
        with deps.database.write() as session:
            runs.note(session, run_id, secrets_hidden=masked)
        deps.signals.ring(run_id)
    more = masked is not None and run.secrets_given > masked
    news = News(run.stop_requested_at is not None, forms(deps.secrets_of(run)) if more else None, run.secrets_given)
    asked_at = run.stop_requested_at
    if asked_at is not None and (run.contact_at is None or run.contact_at <= asked_at):
        with deps.database.write() as session:
            runs.note(session, run_id, contact_at=deps.clock())  # It hears of the stop now.
    return news
