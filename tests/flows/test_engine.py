"""The engine ends in time, whatever its steps are at."""

import threading
import time
from datetime import timedelta
from itertools import pairwise

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


def test_a_step_under_way_is_finished_and_none_is_begun_after_it(deps):
    begun, released, steps = threading.Event(), threading.Event(), []

    def step(_deps):
        begun.set()
        released.wait()
        steps.append("done")
        return True

    engine = Engine(deps, (Loop("works", step, lambda _: timedelta(1)),))
    engine.start()
    begun.wait()
    threading.Timer(0.2, released.set).start()
    engine.stop(seconds=10)
    assert steps == ["done"]


def test_a_loop_that_gives_way_rests_for_as_long_as_its_step_took(deps):
    spans, enough = [], threading.Event()

    def step(_deps):
        began = time.monotonic()
        time.sleep(0.05)
        spans.append((began, time.monotonic()))
        if len(spans) == 4:
            enough.set()
        return True

    engine = Engine(deps, (Loop("gives way", step, lambda _: timedelta(1), gives_way=True),))
    engine.start()
    assert enough.wait(30)
    engine.stop()
    assert all(then - ended >= ended - began for (began, ended), (then, _) in pairwise(spans[:4]))
