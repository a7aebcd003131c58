"""What is said of how a task keeps its time."""

from datetime import datetime, timedelta

import pytest
from macropod_server.domain.cadence import Beat, Lateness, reckon
from macropod_server.domain.task import TickOutcome
from macropod_server.domain.texts import span_in_words

NOON = datetime.fromisoformat("2026-03-02T12:00:00+00:00")


def beat(outcome="started", *, decided=0.1, started=None, **more):
    late = None if started is None else NOON + timedelta(seconds=started)
    return Beat(NOON, TickOutcome(outcome), NOON + timedelta(seconds=decided), late, **more)


def test_no_ticks_are_no_figures():
    facts = reckon([])
    assert (facts.ticks, facts.started_share, facts.skipped_share, facts.drift) == (0, None, None, "No tick was due.")
    assert facts.started_late_seconds == Lateness(None, None, None)
    assert facts.outcomes == dict.fromkeys(TickOutcome, 0)


def test_shares_and_lateness():
    facts = reckon([*(beat(started=each) for each in range(1, 98)), *[beat("skipped", decided=0.5)] * 3])
    assert (facts.ticks, facts.started_share, facts.skipped_share) == (100, 0.97, 0.03)
    assert facts.started_late_seconds == Lateness(49, 93, 97)
    assert facts.decided_late_seconds == Lateness(0.1, 0.1, 0.5)


@pytest.mark.parametrize(
    ("beats", "drift"),
    [
        ([beat(started=1.24)], "The only tick made its run; runs started up to 1.2 s late."),
        ([beat(started=1)] * 100, "All 100 ticks made their runs; runs started up to 1 s late."),
        ([beat(), beat()], "All 2 ticks made their runs."),
        (
            [beat(started=41), *[beat()] * 96, *[beat("skipped")] * 3],
            "3 of 100 ticks were skipped; runs started up to 41 s late.",
        ),
        (
            [beat("missed"), beat("paused"), beat(started=400)],
            "1 of 3 ticks was missed, 1 paused; runs started up to 7 min late.",
        ),
        ([beat("missed")], "1 of 1 ticks was missed."),
    ],
)
def test_drift_in_a_sentence(beats, drift):
    assert reckon(beats).drift == drift


def test_what_was_made_up_later_was_not_to_be_on_time():
    facts = reckon([beat(started=2), beat(decided=90_000, started=90_001, is_made_up=True)])
    assert (facts.ticks, facts.started_late_seconds.worst, facts.decided_late_seconds.worst) == (2, 2, 0.1)


def test_a_clock_that_differs_makes_nothing_early():
    assert reckon([beat(decided=-0.2, started=-0.1)]).started_late_seconds.worst == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.44, "0.4 s"),
        (59.6, "60 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7100, "118 min"),
        (7200, "2 h"),
        (11_400, "3 h 10 min"),
        (86_400, "1 day"),
        (3 * 86_400 + 7 * 3600 + 300, "3 days 7 h"),
        (86_400 + 300, "1 day"),
    ],
)
def test_spans_in_words(seconds, words):
    assert span_in_words(timedelta(seconds=seconds)) == words
