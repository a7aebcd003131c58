"""Do the same with several runs at once, where each waits for a system outside."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from macropod_server.db.tables import Run

_MOST = 8


def side_by_side(act: Callable[[Run], None], of: Sequence[Run]) -> None:
    """Returns when all are done, and raises then what any has raised."""
    if len(of) == 1:
        act(of[0])
    elif of:
        with ThreadPoolExecutor(min(len(of), _MOST)) as pool:
            list(pool.map(act, of))
