"""What has lasted how long, whatever the clock on the wall shows."""

from datetime import timedelta

from macropod_server.stopwatch import Stopwatch

from tests.builders import Clock


def test_time_counts_from_the_first_sight():
    clock = Clock()
    stopwatch = Stopwatch(clock.monotonic)
    clock.advance(seconds=100)
    assert stopwatch.seen("a wait", 1) == timedelta(0)
    clock.advance(seconds=7)
    assert stopwatch.seen("a wait", 1) == timedelta(seconds=7)
    assert stopwatch.seen("a wait", 2) == stopwatch.seen("another wait", 1) == timedelta(0)


def test_a_jump_of_the_clock_is_no_time():
    clock = Clock()
    stopwatch = Stopwatch(clock.monotonic)
    stopwatch.seen("a wait", 1)
    clock.jump(hours=2)
    clock.advance(seconds=3)
    clock.jump(hours=-1)
    assert stopwatch.seen("a wait", 1) == timedelta(seconds=3)


def test_what_is_not_among_all_is_forgotten_and_counts_anew():
    clock = Clock()
    stopwatch = Stopwatch(clock.monotonic)
    stopwatch.all_seen("a wait", [1, 2])
    stopwatch.seen("another", 2)
    clock.advance(seconds=5)
    assert stopwatch.all_seen("a wait", [1]) == {1: timedelta(seconds=5)}
    assert stopwatch.seen("a wait", 2) == timedelta(0)
    assert stopwatch.seen("another", 2) == timedelta(seconds=5)
