"""How schedules read in words."""

from datetime import UTC, date, datetime

import pytest
from macropod_server.domain.schedule import in_words, parse_schedule, plan_in_words, read_plan

WORDS = [
    ("* * * * *", "every minute"),
    ("*/15 * * * *", "every 15 minutes"),
    ("0,15,30,45 * * * *", "every 15 minutes"),
    ("@hourly", "every hour"),
    ("0 0-23 * * *", "every hour"),
    ("17 * * * *", "at minute 17 of every hour"),
    ("*/25 * * * *", "at minutes 0, 25 and 50 of every hour"),
    ("0 */2 * * *", "every 2 hours"),
    ("0 */5 * * *", "at 00:00, 05:00, 10:00, 15:00 and 20:00 every day"),
    ("*/10 * * 6-8 *", "every 10 minutes from June to August"),
    ("0 2 * * *", "at 02:00 every day"),
    ("@midnight", "at 00:00 every day"),
    ("0,30 9 * * *", "at 09:00 and 09:30 every day"),
    ("*/15 9-17 * * 1-5", "every 15 minutes from 09:00 to 17:59 from Monday to Friday"),
    ("* 2 * * *", "every minute from 02:00 to 02:59 every day"),
    ("*/7 3 * * *", "at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of hour 3 every day"),
    ("1-5 1-7 * * *", "at minutes 1 to 5 of hours 1 to 7 every day"),
    ("0 9 * * mon", "at 09:00 on Mondays"),
    ("0 9 * * 6,7", "at 09:00 on Sundays and Saturdays"),
    ("@weekly", "at 00:00 on Sundays"),
    ("0 0 1 * *", "at 00:00 on day 1 of the month"),
    ("0 0 1-7 * *", "at 00:00 on days 1 to 7 of the month"),
    ("0 0 1,15 jan,jul *", "at 00:00 on days 1 and 15 of the month in January and July"),
    ("0 0 29 2 *", "at 00:00 on day 29 of the month in February"),
    ("0 0 13 * 5", "at 00:00 on day 13 of the month and on Fridays"),
    ("0 0 13 * */5", "at 00:00 on day 13 of the month if that is a Sunday or Friday"),
    ("0 0 1-31 * 1", "at 00:00 every day"),
]


@pytest.mark.parametrize(("text", "words"), WORDS)
def test_a_schedule_reads_in_words(text: str, words: str) -> None:
    assert in_words(parse_schedule(text)) == words


START, END = datetime(2026, 3, 5, 1, tzinfo=UTC), datetime(2026, 12, 31, 22, 30, 15, tzinfo=UTC)
DAYS = [date(2026, 12, day) for day in range(24, 31)]
PLANS = [
    ({"schedule": "0 2 * * *"}, "at 02:00 every day"),
    ({"schedule": "0 2 * * *; 0 14 * * mon"}, "at 02:00 every day, and at 14:00 on Mondays"),
    ({"every_seconds": 60}, "every minute"),
    ({"every_seconds": 90}, "every 90 seconds"),
    ({"every_seconds": 6 * 3600}, "every 6 hours"),
    ({"every_seconds": 24 * 3600}, "every day"),
    ({"every_seconds": 11 * 24 * 3600}, "every 11 days"),
    ({"every_seconds": 3600, "starts_at": START}, "every hour; from 2026-03-05 02:00"),
    ({"schedule": "@hourly", "ends_at": END}, "every hour; until 2026-12-31 23:30:15"),
    ({"schedule": "@hourly", "excluded_dates": DAYS[1:2]}, "every hour; not on 2026-12-25"),
    (
        {"schedule": "@hourly", "excluded_dates": DAYS},
        "every hour; not on 2026-12-24, 2026-12-25, 2026-12-26, 2026-12-27 and 3 more days",
    ),
    ({"schedule": "@hourly", "jitter_seconds": 300}, "every hour; each up to 5 minutes later"),
    ({"schedule": "@hourly", "jitter_seconds": 1, "task_id": "a"}, "every hour; each up to 1 second later"),
    (
        {
            "schedule": ["0 2 * * *", "0 14 * * mon"],
            "excluded_dates": [DAYS[1]],
            "starts_at": START,
            "ends_at": END,
            "jitter_seconds": 3600,
        },
        "at 02:00 every day, and at 14:00 on Mondays; not on 2026-12-25; from 2026-03-05 02:00 until"
        " 2026-12-31 23:30:15; each up to 1 hour later",
    ),
]


@pytest.mark.parametrize(("wish", "words"), PLANS)
def test_a_plan_reads_in_words_on_the_clocks_of_its_zone(wish, words) -> None:
    assert plan_in_words(read_plan(**wish, timezone="Europe/Berlin", created_at=START)) == words
