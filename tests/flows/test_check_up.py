"""Trying what a server needs: what is told, and that nothing of it is left."""

from datetime import timedelta

import pytest
from macropod_server.domain.errors import Unavailable
from macropod_server.flows.check_up import check_clock, check_spawner, check_storage, make_first_call
from macropod_server.spawners.base import Gone, ImageNotFound, Limits, Order

from tests.builders import NOON
from tests.fakes.spawner import FakeSpawner
from tests.fakes.storage import MemoryStorage

ORDER = Order("r", None, 1, "run", "token", Limits(2**20, 1, 10))


class Pauses:
    """Does something to the container with the pause of that number."""

    def __init__(self, **deeds):
        self.count, self._deeds = 0, deeds

    def __call__(self, _seconds):
        self.count += 1
        self._deeds.get(f"at_{self.count}", lambda: None)()


def called(spawner, pause, start_seconds=5.0):
    return make_first_call(spawner, ORDER, start_seconds=start_seconds, pause=pause)


def test_a_store_that_keeps_and_gives_is_fine_and_keeps_nothing_of_the_trial():
    storage = MemoryStorage()
    assert check_storage(storage).is_fine
    assert storage.blobs == {}


def test_a_store_that_is_away_is_told_in_its_own_words():
    storage = MemoryStorage()
    storage.is_away = True
    finding = check_storage(storage)
    assert (finding.is_fine, "cannot be read or written now" in finding.told) == (False, True)


def test_a_store_that_gives_something_else_is_not_believed():
    class Forgetful(MemoryStorage):
        def _blob(self, sha256):
            return super()._blob(sha256)[:-1]

    assert not check_storage(Forgetful()).is_fine


@pytest.mark.parametrize(("ahead", "is_fine"), [(0, True), (4, True), (60, False), (-60, False)])
def test_a_clock_is_compared_with_the_moment_it_was_asked(ahead, is_fine):
    moments = iter([NOON, NOON + timedelta(seconds=2)])
    there = NOON + timedelta(seconds=1 + ahead)
    (finding,) = check_clock("database", lambda: there, clock=lambda: next(moments))
    assert finding.is_fine is is_fine


def test_nothing_is_told_of_a_clock_that_is_this_machines():
    assert list(check_clock("database", lambda: None, clock=lambda: NOON)) == []


def test_a_clock_that_cannot_be_asked_is_not_known():
    def away():
        raise Unavailable("It is away.")

    (finding,) = check_clock("storage", away, clock=lambda: NOON)
    assert (finding.is_fine, finding.told) == (False, "That of the storage is not known: It is away.")


def test_each_trial_of_a_spawner_is_a_finding():
    spawner = FakeSpawner()
    assert [each.is_fine for each in check_spawner(spawner)] == [True]
    spawner.become_unavailable()
    (finding,) = check_spawner(spawner)
    assert finding.told == "fake: the fake spawner answers? The fake spawner was told to be away."


def test_the_end_of_a_runner_is_awaited_and_its_words_are_kept():
    spawner = FakeSpawner()
    spawner.write("r", "one", "two")
    pause = Pauses(at_1=lambda: spawner.begin("r"), at_3=lambda: spawner.finish("r", 3))
    call = called(spawner, pause)
    assert (call.has_started, call.exit_code, list(call.output)) == (True, 3, ["one", "two"])
    assert pause.count == 3
    assert spawner.inspect("r") == Gone()


def test_a_runner_that_goes_on_trying_is_given_the_time_to_say_why():
    spawner, pause = FakeSpawner(), Pauses(at_1=lambda: spawner.begin("r"))
    call = called(spawner, pause)
    assert (call.has_started, call.exit_code) == (True, None)
    assert pause.count * 0.25 >= 15
    assert spawner.list() == []


def test_a_runner_that_has_said_why_is_not_waited_for_much_longer():
    spawner, pause = (
        FakeSpawner(),
        Pauses(at_1=lambda: spawner.begin("r"), at_2=lambda: spawner.write("r", "no answer")),
    )
    assert list(called(spawner, pause).output) == ["no answer"]
    assert 3 <= pause.count * 0.25 < 5


def test_a_container_that_does_not_start_in_time_is_removed():
    spawner = FakeSpawner()
    call = called(spawner, Pauses(), start_seconds=5)
    assert (call.has_started, "did not start within 5 s" in call.output[0]) == (False, True)
    assert spawner.list() == []


def test_a_container_that_a_server_sweeps_away_is_started_once_more():
    spawner = FakeSpawner()
    spawner.write("r", "one")
    pause = Pauses(at_1=lambda: spawner.vanish("r"), at_2=lambda: spawner.finish("r", 3))
    assert called(spawner, pause).exit_code == 3
    assert len(spawner.orders) == 2


def test_a_container_that_is_taken_away_again_and_again_tells_nothing():
    spawner = FakeSpawner()
    call = called(spawner, Pauses(at_1=lambda: spawner.vanish("r"), at_2=lambda: spawner.vanish("r")))
    assert (call.has_started, "by somebody else" in call.output[0]) == (False, True)


def test_a_refusal_to_start_is_told():
    spawner = FakeSpawner()
    spawner.refuse(ImageNotFound("There is no image x."))
    call = called(spawner, Pauses())
    assert (call.has_started, "There is no image x." in call.output[0]) == (False, True)
