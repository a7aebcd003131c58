"""The only way lines of a run get into the log store: what is secret in them stays out."""

from macropod_server.db.tables import Run
from macropod_server.deps import Deps
from macropod_server.domain.masking import Masker


def store_lines(deps: Deps, run: Run, *, first: int, batch: bytes) -> int:
    """Store a batch as the log store does; the answer names the line expected next.

    Raises what masking and storing raise: `Invalid`, `TooLarge`, `LogStoreUnavailable`.
    """
    return deps.logs.append(run.id, first=first, batch=masker_of(deps, run).batch(batch))


def masker_of(deps: Deps, run: Run) -> Masker:
    return Masker(deps.secrets_of(run))
