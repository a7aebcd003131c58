"""Follows a log while it grows, over as many connections as that takes."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from macropod.answers import Answer
from macropod.connection import Connection
from macropod.line_wish import LineWish
from macropod.logs import LogLine
from macropod.patience import AWAY, LONGEST_ABSENCE_SECONDS, backoff
from macropod.server_sent import Message, read_messages

_LONGEST_SILENCE_SECONDS = 60


def follow_run(
    connection: Connection,
    run_id: str,
    *,
    after: int = 0,
    wish: LineWish | None = None,
    ended: Callable[[Answer], None] = lambda _: None,
) -> Iterator[LogLine]:
    """Lines in order, each once. `ended` is told of the run's end; then the lines are over too."""
    path = f"/v1/runs/{run_id}/logs/follow"
    clock, wish = connection.clock, wish or LineWish()
    last_heard, pauses = clock.now(), backoff(0.1, most=5)

    def hear() -> None:
        # Also what says only that the server is still there: a run may be silent for hours before a cut.
        nonlocal last_heard
        last_heard = clock.now()

    while True:
        try:
            for event in _events(connection, path, hear, after=after, **wish.params()):
                pauses = backoff(0.1, most=5)
                if event.name == "end":
                    ended(json.loads(event.data))
                    return
                if event.name == "pause":
                    after = max(after, _place(event))
                for line in _lines(event, wish, after=after):
                    after = line.number
                    yield line
        except AWAY:
            if clock.now() - last_heard > LONGEST_ABSENCE_SECONDS:
                raise
        clock.sleep(next(pauses))


def _events(connection: Connection, path: str, hear: Callable[[], None], **params: Any) -> Iterator[Message]:
    with connection.stream(path, seconds=_LONGEST_SILENCE_SECONDS, **params) as chunks:
        yield from read_messages(_heard(chunks, hear))


def _heard(chunks: Iterator[bytes], hear: Callable[[], None]) -> Iterator[bytes]:
    for chunk in chunks:
        hear()
        yield chunk


def _place(event: Message) -> int:
    """Where the server says to go on."""
    return int(event.id) if event.id.isascii() and event.id.isdigit() else 0


def _lines(event: Message, wish: LineWish, *, after: int) -> Iterator[LogLine]:
    if event.name in ("line", "lines"):
        answer = json.loads(event.data)
        for each in answer if event.name == "lines" else [answer]:
            if each["number"] > after:
                yield wish.read(each)
