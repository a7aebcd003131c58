"""Servers on one PostgreSQL wake each other. What gets lost is made up for by looking."""

import psycopg
import pytest
from macropod_server.db.engine import Database
from macropod_server.db.notify import Notifier
from macropod_server.signals import Signals

from tests.crash.programs import wait_for


@pytest.fixture
def database(postgres):
    database = Database(postgres.fresh_url())
    yield database
    database.close()


@pytest.fixture
def connected(database):
    """Two servers, and what each of them heard."""
    ears = ([], [])
    notifiers = [Notifier(database, ear.append) for ear in ears]
    for each in notifiers:
        each.start()
    wait_for_both(notifiers, ears)
    yield notifiers, ears
    for each in notifiers:
        each.close()


def wait_for_both(notifiers, ears):
    """Until each hears the other; then forget what was said meanwhile."""

    def is_heard():
        for number, each in enumerate(notifiers):
            each.send(f"ring hello {number}")
        return "ring hello 1" in ears[0] and "ring hello 0" in ears[1]

    wait_for(is_heard)


def said(ear):
    return [signal for signal in ear if not signal.startswith("ring hello")]


def test_what_one_server_sends_the_others_hear_and_it_does_not(connected):
    (first, _), (own, others) = connected
    first.send("wake start_run")
    first.send("ring a run's id, with ' and \\ in it")
    wait_for(lambda: len(said(others)) == 2)
    assert set(said(others)) == {"wake start_run", "ring a run's id, with ' and \\ in it"}
    assert said(own) == []


def test_a_connection_that_is_ended_is_made_anew(connected, database):
    notifiers, ears = connected
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'macropod'")
    for ear in ears:
        ear.clear()
    wait_for_both(notifiers, ears)


def test_a_server_without_its_database_sends_and_ends_without_waiting():
    notifier = Notifier(Database("postgresql+psycopg://127.0.0.1:1/x"), print)
    notifier.start()
    for number in range(5000):
        notifier.send(f"ring {number}")
    notifier.close()


def test_signals_heard_wake_who_waits_here_and_are_not_sent_on():
    signals, relayed = Signals(), []
    signals.relay = relayed.append
    signals.hear("wake start_run")
    signals.hear("ring somebody")
    signals.hear("nonsense")
    assert signals.loop_event("start_run").is_set()
    assert relayed == []
    signals.wake("stop_run", "clean_up")
    signals.ring("a run")
    assert relayed == ["wake stop_run", "wake clean_up", "ring a run"]
