"""The engine ends in time, whatever its steps are at."""

import threading
import time
from datetime import timedelta

from macropod_server.loops import Engine, Loop


def test_many_steps_that_do_not_end_hold_the_engine_up_no_longer_than_one(deps):
    released = threading.Event()
    loops = tuple(Loop(f"stuck {number}", lambda _: released.wait(), lambda _: timedelta(1)) for number in range(20))
    engine = Engine(deps, loops)
    engine.start()
    began = time.monotonic()
    engine.stop(seconds=0.1)
    assert time.monotonic() - began < 1
    released.set()
