"""The way in, for a container, a fork server and a hand on the keyboard."""

from collections.abc import Mapping

from macropod_runner.aside import say_aside
from macropod_runner.patience import GaveUp
from macropod_runner.place import NotAPlace, read_place
from macropod_runner.server import RunIsOver
from macropod_runner.session import Session
from macropod_runner.stop import StopOrder

END_DELIVERED, NOT_TOLD, RUN_WAS_OVER, NOT_DELIVERED = 0, 2, 3, 4


def main(environ: Mapping[str, str]) -> int:
    """Run what the server asks for. 0 when the server knows how it ended, whatever main.py did."""
    stop = StopOrder()
    stop.listen_to_signals()
    try:
        Session(read_place(environ), stop).attend()
    except NotAPlace as error:
        return _tell(error, code=NOT_TOLD)
    except RunIsOver as error:
        return _tell(error, code=RUN_WAS_OVER)
    except GaveUp:
        return _tell("The server could not be reached. The end of this run is not delivered.", code=NOT_DELIVERED)
    return END_DELIVERED


def _tell(what: object, *, code: int) -> int:
    say_aside(str(what))
    return code
