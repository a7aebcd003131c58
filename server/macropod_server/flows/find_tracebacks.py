"""Find the tracebacks in the log of a run, a stretch of it at a time."""

from dataclasses import dataclass

from macropod_server.db import orchestrations
from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.lines import Stream
from macropod_server.domain.run_error import RunError
from macropod_server.domain.tracebacks import Traceback, TracebackScanner

_LINES = 200_000
"""So many lines are looked at for one answer, and more until a traceback that has begun is over."""

_PATIENCE = 10
"""That many times as much at most: what is still open then is taken to be over."""

_LAST_LINES = 1000
_LAST_BYTES = 1024**2


@dataclass(frozen=True)
class FoundTracebacks:
    """In their order. `following` is the line to go on from, None when there is no further line."""

    tracebacks: list[Traceback]
    following: int | None


def find_tracebacks(deps: Deps, run: Run, *, first: int, limit: int, lines: int = _LINES) -> FoundTracebacks:
    scanner = _scanner(deps, run)
    found: list[Traceback] = []
    for line in deps.logs.read(run.id, first=first):
        if traceback := scanner.feed(line):
            found.append(traceback)
        share = max(len(found) / limit, (line.number - first) / lines)
        opened = scanner.first_open()
        if share >= _PATIENCE or (share >= 1 and opened in (None, line.number)):
            return _found(found, [] if opened == line.number else scanner.finish(), opened=opened, last=line.number)
    return FoundTracebacks(_in_order(found + scanner.finish()), None)


def closing_error(deps: Deps, run: Run) -> RunError | None:
    """The traceback a log ends with: what a runner that died would have told of it."""
    scanner, last = _scanner(deps, run), 0
    for line in deps.logs.tail(run.id, limit=_LAST_LINES, max_bytes=_LAST_BYTES):
        if line.stream is not Stream.SYSTEM:
            scanner.feed(line)
            last = line.number
    closing = [found for found in scanner.finish() if found.last_line == last]
    return RunError(closing[0].exception, closing[0].message, closing[0].file, closing[0].line) if closing else None


def _scanner(deps: Deps, run: Run) -> TracebackScanner:
    with deps.database.read() as session:
        return TracebackScanner(entry_point=orchestrations.get(session, run.orchestration_id).entry_point)


def _found(found: list[Traceback], finished: list[Traceback], *, opened: int | None, last: int) -> FoundTracebacks:
    """What began with the last line is left to the next stretch."""
    return FoundTracebacks(_in_order(found + finished), last if opened == last else last + 1)


def _in_order(found: list[Traceback]) -> list[Traceback]:
    return sorted(found, key=lambda traceback: traceback.first_line)
