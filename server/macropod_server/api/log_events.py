"""Lines as server-sent events, and which of them a follower wants."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from macropod_server.api.line_views import AS_PRINTED, LineView
from macropod_server.domain.lines import Line, Stream

PAUSE = "pause"
STILL_HERE = ": still here\n\n"


@dataclass(frozen=True)
class Wanted:
    """Which lines one follows, and how they are told."""

    stream: Stream | None = None
    view: LineView = AS_PRINTED

    def event(self, lines: Iterable[Line]) -> str | None:
        """The id is the number of the last line of the stream, also where none of them is of the level asked for;
        None without lines."""
        lines = [line for line in lines if self.stream in (None, line.stream)]
        if not lines:
            return None
        told = [each.model_dump(mode="json", exclude_unset=True) for each in self.view.of(lines)]
        return f"id: {lines[-1].number}\nevent: lines\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"


def pause_event(after: int) -> str:
    """Where to go on."""
    return f"event: {PAUSE}\nid: {after}\ndata: {{}}\n\n"
