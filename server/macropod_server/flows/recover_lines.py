"""Store the last lines of a container whose runner died before it could send them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

import structlog

from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.envelope import CannotOpen
from macropod_server.domain.lines import Line, Stream, encode_segment, unsent
from macropod_server.domain.run import RunStatus
from macropod_server.flows.store_lines import masker_of, store_lines

log = structlog.get_logger()

_LIMIT = 1000
_MOST_LINES = 100_000
_MOST_BYTES = 64 * 1024**2
_LINES_PER_BATCH = 10_000
_BYTES_PER_BATCH = 1024**2
ASIDE = "macropod-runner: "
"""How the runner's own words in its container's output begin; they are no lines of the run."""

_FETCHED = "The runner ended before it could send its last lines; these were read from its container:"
_GAP = "Lines are missing here: the runner ended before it could send them, and only later ones were found."
_MAY_BE_CUT = "The runner ended before main.py was known to: what was printed last, after this, may be missing."


def recover_lines(deps: Deps, run: Run, *, now: datetime) -> None:
    """May be repeated: what is there is not stored again. What cannot be hidden is left where it is."""
    try:
        _recover_lines(deps, run, now=now)
    except CannotOpen as error:
        log.warning("lines_not_recovered", run_id=run.id, reason=error.message)


def _recover_lines(deps: Deps, run: Run, *, now: datetime) -> None:
    # Asked for first: whoever stores lines meanwhile makes this batch one that is not expected any more.
    first = deps.logs.expected(run.id)
    tail = deps.logs.tail(run.id, limit=_LIMIT)
    missing, has_gap = _missing(deps, run, tail)
    notes = [_GAP] * has_gap + [_FETCHED] if missing else []
    lines = [(Stream.SYSTEM, note) for note in notes] + [(Stream.STDOUT, text) for text in missing]
    if run.status is RunStatus.RUNNING and not any(map(_is_note, tail)):
        lines.append((Stream.SYSTEM, _MAY_BE_CUT))
    for batch, count in _batches(lines, now=now):
        expected = store_lines(deps, run, first=first, batch=batch)
        if expected != first + count:
            return
        first = expected


def _missing(deps: Deps, run: Run, tail: Sequence[Line]) -> tuple[list[str], bool]:
    """The lines that are not stored, and whether others before them are missing too."""
    stored = [line.text for line in tail if not _is_note(line)]
    for limit in (_LIMIT, _MOST_LINES):
        output = _output(deps, run, limit=limit)
        is_whole = len(output) < limit
        missing = unsent(output, stored, are_whole=is_whole and len(tail) < _LIMIT)
        follows_on = len(missing) < len(output) or (is_whole and not stored)
        if follows_on or not output or sum(map(len, output)) * _MOST_LINES > _MOST_BYTES * len(output):
            break
    return missing, bool(missing) and not follows_on


def _output(deps: Deps, run: Run, *, limit: int) -> list[str]:
    """Masked, as what is stored was: only so does it compare."""
    told = deps.spawner.output(run.id, limit=limit)
    masked = masker_of(deps, run).text("\n".join(told)).split("\n") if told else []
    return [text for text in masked if not text.startswith(ASIDE)]


def _batches(lines: Sequence[tuple[Stream, str]], *, now: datetime) -> Iterator[tuple[bytes, int]]:
    """Each with the number of its lines."""
    batch, count = bytearray(), 0
    for stream, some in groupby(lines, key=itemgetter(0)):
        for portion in _portions([text for _, text in some]):
            if count and len(batch) + sum(map(len, portion)) > _BYTES_PER_BATCH:
                yield bytes(batch), count
                batch, count = bytearray(), 0
            batch += encode_segment(now, stream, portion)
            count += len(portion)
    if count:
        yield bytes(batch), count


def _portions(texts: Sequence[str]) -> Iterator[list[str]]:
    portion, size = list[str](), 0
    for text in texts:
        if portion and (size + len(text) > _BYTES_PER_BATCH // 2 or len(portion) >= _LINES_PER_BATCH):
            yield portion
            portion, size = [], 0
        portion.append(text)
        size += len(text)
    yield portion


def _is_note(line: Line) -> bool:
    return line.stream is Stream.SYSTEM and line.text in (_FETCHED, _GAP, _MAY_BE_CUT)
