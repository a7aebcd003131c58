"""Lines as server-sent events, and which of them a follower wants."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from macropod_server.api.schemas import LineOut
from macropod_server.domain.lines import Line, Stream

PAUSE = "pause"
STILL_HERE = ": still here\n\n"


@dataclass(frozen=True)
class Wanted:
    stream: Stream | None = None

    def of(self, lines: Sequence[Line]) -> Sequence[Line]:
        return [line for line in lines if self.stream in (None, line.stream)]


def lines_event(lines: Sequence[Line]) -> str | None:
    """The id is the number of the last line; None without lines."""
    if not lines:
        return None
    told = json.dumps([shown(line).model_dump(mode="json") for line in lines], ensure_ascii=False)
    return f"id: {lines[-1].number}\nevent: lines\ndata: {told}\n\n"


def pause_event(after: int) -> str:
    """Where to go on."""
    return f"event: {PAUSE}\nid: {after}\ndata: {{}}\n\n"


def shown(line: Line) -> LineOut:
    return LineOut.model_construct(number=line.number, time=line.printed_at, stream=line.stream.value, text=line.text)
