"""How lines of a log are told: as they were printed, or made readable as the caller asks."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query

from macropod_server.api.schemas import LineOut
from macropod_server.domain.json_lines import json_line
from macropod_server.domain.levels import Level
from macropod_server.domain.lines import Line
from macropod_server.domain.log_levels import is_as_grave, level_of
from macropod_server.domain.terminal_text import collapsed, plain


@dataclass(frozen=True)
class LineView:
    """What is asked for costs its time with each line, and nothing is asked for unless said."""

    level: Annotated[Level | None, Query(description="only lines that tell this level or a graver one")] = None
    plain: Annotated[bool, Query(description="without escape sequences and control characters")] = False
    collapse_progress: Annotated[
        bool, Query(description="what carriage returns and backspaces leave of a line in the end")
    ] = False
    parsed: Annotated[bool, Query(description="with the level of each line, and message and fields of JSON")] = False

    def of(self, lines: Iterable[Line]) -> list[LineOut]:
        return [self.shown(line) for line in lines if is_as_grave(line.text, self.level)]

    def shown(self, line: Line) -> LineOut:
        text = collapsed(line.text) if self.collapse_progress else line.text
        return LineOut.model_construct(
            None,
            number=line.number,
            time=line.printed_at,
            stream=line.stream.value,
            text=plain(text) if self.plain else text,
            **(_parsed(plain(text)) if self.parsed else {}),
        )


def _parsed(text: str) -> dict[str, Any]:
    if found := json_line(text):
        return {"level": found.level, "message": found.message, "fields": found.fields}
    return {"level": level_of(text), "message": None, "fields": None}


AS_PRINTED = LineView()
LineViewDep = Annotated[LineView, Depends()]
