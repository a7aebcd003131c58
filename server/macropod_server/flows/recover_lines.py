"""Store the last lines of a container whose runner died before it could send them."""

from datetime import datetime

from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.lines import Stream, encode_segment, unsent
from macropod_server.flows.store_lines import masker_of, store_lines

_LIMIT = 1000
ASIDE = "macropod-runner: "
"""How the runner's own words in its container's output begin; they are no lines of the run."""


def recover_lines(deps: Deps, run: Run, *, now: datetime) -> None:
    # Asked for first: whoever stores lines meanwhile makes this batch one that is not expected any more.
    first = deps.logs.expected(run.id)
    output = deps.spawner.output(run.id, limit=_LIMIT)
    # What is stored was masked; only so does it compare.
    output = masker_of(deps, run).text("\n".join(output)).split("\n") if output else []
    stored = [line.text for line in deps.logs.tail(run.id, limit=_LIMIT)]
    are_whole = len(output) < _LIMIT and len(stored) < _LIMIT
    missing = unsent([text for text in output if not text.startswith(ASIDE)], stored, are_whole=are_whole)
    if not missing:
        return
    note = "The runner ended before it could send its last lines; these were read from its container:"
    batch = encode_segment(now, Stream.SYSTEM, [note]) + encode_segment(now, Stream.STDOUT, missing)
    store_lines(deps, run, first=first, batch=batch)
