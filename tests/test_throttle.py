"""Who tries too often waits; whoever else comes does not."""

import threading

import pytest
from macropod_server.domain.errors import TooMany
from macropod_server.throttle import LIMITS, Kind, Throttle, Tries

HERE, THERE = Tries(Kind.WRONG_HERE, "203.0.113.7"), Tries(Kind.WRONG_HERE, "203.0.113.8")


@pytest.fixture
def throttle():
    return Throttle(dict.fromkeys(Kind, "3 per 10 minutes"), at_once=1, wait_seconds=60)


def test_only_so_many_are_let_pass(throttle):
    for _ in range(3):
        throttle.check(HERE)
        throttle.note(HERE)
    with pytest.raises(TooMany, match=r"Try again in 10 minutes\.") as refusal:
        throttle.check(THERE, HERE)
    assert refusal.value.retry_after_seconds == 600
    throttle.check(THERE)


def test_what_is_taken_counts_at_once(throttle):
    for _ in range(3):
        throttle.take(HERE)
    with pytest.raises(TooMany):
        throttle.take(HERE)


def test_kinds_are_counted_apart(throttle):
    for _ in range(3):
        throttle.take(HERE)
    throttle.take(Tries(Kind.BEGUN_HERE, HERE.key))


def test_who_was_right_begins_anew(throttle):
    for _ in range(3):
        throttle.take(HERE)
    throttle.forgive(HERE)
    throttle.take(HERE)


def test_after_its_window_everybody_may_try_again():
    throttle = Throttle({Kind.WRONG_HERE: "1 per second"})
    throttle.take(HERE)
    with pytest.raises(TooMany, match="in 1 s"):
        throttle.take(HERE)
    threading.Event().wait(1.1)
    throttle.take(HERE)


def test_every_kind_has_a_limit():
    assert set(LIMITS) == set(Kind)


def test_memory_is_bounded_however_many_names_there_are(throttle):
    for number in range(70_000):
        throttle.note(Tries(Kind.WRONG_FOR_ACCOUNT, f"nobody{number}@example.org"))
    assert len(throttle._windows.storage.storage) <= 2**15


def test_no_more_than_some_wait_for_their_password_to_be_looked_at(throttle):
    refused, leave = threading.Semaphore(0), threading.Event()

    def work():
        try:
            with throttle.password_turn():
                leave.wait(30)
        except TooMany:
            refused.release()

    threads = [threading.Thread(target=work) for _ in range(40)]
    for each in threads:
        each.start()
    assert all(refused.acquire(timeout=20) for _ in range(40 - 33))
    leave.set()
    for each in threads:
        each.join(20)
    assert not refused.acquire(blocking=False)
    with throttle.password_turn():
        pass


def test_nobody_waits_for_long():
    throttle = Throttle(at_once=1, wait_seconds=0.05)
    with throttle.password_turn(), pytest.raises(TooMany, match="at this moment"), throttle.password_turn():
        pytest.fail("somebody is at work")
    with throttle.password_turn():
        pass
