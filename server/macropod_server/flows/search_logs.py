"""Search the lines of many runs, the newest run first and in each the last line first, a page at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from macropod_server.db import runs, tasks
from macropod_server.db.searched import Place, Scope, runs_to_search
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.errors import Invalid
from macropod_server.domain.lines import Line
from macropod_server.domain.search import Match, Query
from macropod_server.logstore.base import Stretch

_RUNS_AT_ONCE = 100
_MOST_TEXT_BYTES = 4 * 1024**2
_LINES_AROUND = 200
"""So many more than asked for are read with the context of a match: the next one may be near."""


@dataclass(frozen=True)
class Found:
    run: Run
    match: Match
    before: list[Line]
    after: list[Line]

    @property
    def text_bytes(self) -> int:
        return sum(len(line.text.encode()) for line in (self.match.line, *self.before, *self.after))


@dataclass(frozen=True)
class FoundPage:
    """`cursor` is where to go on; None when all was looked through."""

    found: list[Found]
    task_names: dict[str, str]
    cursor: str | None


def search_logs(
    deps: Deps,
    scope: Scope,
    query: Query,
    *,
    cursor: str | None = None,
    limit: int,
    context: int = 0,
    is_over: Callable[[bool], bool] = lambda _has_found: False,
) -> FoundPage:
    """What was found until `limit`, 4 MiB of text, or until `is_over`, told whether anything was found, says so."""
    place, found, size = read_cursor(cursor) if cursor else None, list[Found](), 0
    check_scope(deps, scope)
    around, is_up = _Around(deps, context), _ForGood(lambda: is_over(bool(found)))
    for run, stretch in _stretches(deps, scope, query, place, is_over=is_up):
        for match in stretch.matches:
            found.append(Found(run, match, *around.of(run.id, match.line.number)))
            size += found[-1].text_bytes
            if len(found) == limit or size >= _MOST_TEXT_BYTES:
                return _page(deps, found, Place(run.created_at, run.id, match.line.number))
        if is_up():
            return _page(deps, found, Place(run.created_at, run.id, stretch.first))
    return _page(deps, found, None)


def write_cursor(place: Place) -> str:
    return f"{place.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}_{place.run_id}_{place.before}"


def read_cursor(text: str) -> Place:
    moment, _, rest = text.partition("_")
    run_id, _, before = rest.rpartition("_")
    try:
        if run_id and before.isascii() and before.isdigit():
            return Place(datetime.fromisoformat(moment).astimezone(UTC), run_id, int(before))
    except (ValueError, OverflowError):
        pass
    raise Invalid.field("cursor", f"{text!r} is no place in a search; send `next_cursor` of the page before.")


def check_scope(deps: Deps, scope: Scope) -> None:
    """Raises `NotFound` for a run or task that is not in reach."""
    with deps.database.read() as session:
        if scope.run_id is not None:
            runs.get(session, scope.run_id, workspace_id=scope.workspace_id)
        if scope.task_id is not None:
            tasks.get(session, scope.task_id, workspace_id=scope.workspace_id)


def _stretches(
    deps: Deps, scope: Scope, query: Query, place: Place | None, *, is_over: Callable[[], bool]
) -> Iterator[tuple[Run, Stretch]]:
    while True:
        with deps.database.read() as session:
            some = runs_to_search(session, scope, place, limit=_RUNS_AT_ONCE)
        if not some:
            return
        by_id = {run.id: run for run in some}
        before = place.before if place and place.run_id == some[0].id else None
        for stretch in deps.logs.search(list(by_id), query, before=before, is_over=is_over):
            yield by_id[stretch.run_id], stretch
        last = some[-1]
        yield last, Stretch(last.id, 1)
        if len(some) < _RUNS_AT_ONCE:
            return
        place = Place(last.created_at, last.id, 1)


def _page(deps: Deps, found: list[Found], place: Place | None) -> FoundPage:
    with deps.database.read() as session:
        names = tasks.names(session, {each.run.task_id for each in found if each.run.task_id})
    return FoundPage(found, names, write_cursor(place) if place else None)


class _ForGood:
    """What was said once stays so: where the log store left off because of it, nobody may go on."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self._is_over, self._was_over = is_over, False

    def __call__(self) -> bool:
        self._was_over = self._was_over or self._is_over()
        return self._was_over


@dataclass
class _Around:
    """The lines before and after those that match, read together where they are near each other."""

    deps: Deps
    context: int
    _lines: dict[int, Line] = field(default_factory=dict)
    _held: tuple[str, int, int] = ("", 0, 0)

    def of(self, run_id: str, number: int) -> tuple[list[Line], list[Line]]:
        if not self.context:
            return [], []
        first, end = max(1, number - self.context), number + self.context + 1
        of_run, held_first, held_end = self._held
        if of_run != run_id or first < held_first or end > held_end:
            self._read(run_id, first, end)
        before = (self._lines.get(each) for each in range(first, number))
        after = (self._lines.get(each) for each in range(number + 1, end))
        return [line for line in before if line], [line for line in after if line]

    def _read(self, run_id: str, first: int, end: int) -> None:
        begin = max(1, first - _LINES_AROUND)
        lines = self.deps.logs.tail(run_id, before=end, limit=end - begin, max_bytes=_MOST_TEXT_BYTES)
        # Where lines are long, those that are far away did not fit.
        begin = lines[0].number if lines else begin
        self._lines, self._held = {line.number: line for line in lines}, (run_id, begin, end)
