"""The meaning of cron in a table of texts and starts, against two programs: croniter's calendar and our own walk.

Only texts that croniter reads as we do; what it reads otherwise, and changes of the clock, have tests of their own.
"""

from datetime import UTC, datetime, timedelta

import pytest
from croniter import croniter
from macropod_server.domain.schedule import next_due, read_plan
from macropod_server.domain.schedule.walk import Calendar, walk

TEXTS = [
    "* * * * *",
    "*/7 * * * *",
    "0 * * * *",
    "59 * * * *",
    "0,1,58-59 */6 * * *",
    "3-59/8 */5 * * *",
    "10/25 1/9 * * *",
    "0 0 * * *",
    "30 2 * * *",
    "59 23 * * *",
    "15,45 6-18/3 * * mon-fri",
    "0 9 * * 0",
    "0 9 * * sat,sun",
    "5 4 * feb,nov tue",
    "0 12 1,15 * *",
    "0 12 1,15 * 3",
    "30 6 10-20 * 0,6",
    "0 0 13 * 5",
    "0 0 28-31 * *",
    "0 0 31 1,3,5,7,8,10,12 *",
    "0 0 29,30 2,4 *",
    "*/20 22-23 31 dec *",
    "0 0 1 jan-jun/2 ?",
    "12 3 */10 */3 *",
    "0 0 29 2 *",
]
STARTS = [
    "2026-01-01 00:00",
    "2026-02-28 23:59",
    "2026-05-31 12:34",
    "2026-12-31 23:58",
    "2027-02-28 00:00",
    "2028-02-28 12:00",
    "2028-02-29 00:00",
    "2028-12-24 18:00",
    "2099-12-31 00:00",
]
WINDOW, MOST = timedelta(days=35), 40


def test_the_table_has_more_than_two_hundred_cases():
    assert len(TEXTS) * len(STARTS) > 200


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("start", STARTS)
def test_two_other_programs_agree(text, start):
    asked = datetime.fromisoformat(start).replace(tzinfo=UTC)
    walked = walk(Calendar(text), asked, asked + WINDOW)[:MOST]
    plan, theirs, found = read_plan(text), croniter(text, asked, datetime), []
    while len(found) < max(len(walked), 3):
        found.append(next_due(plan, found[-1] if found else asked))
    assert found == [theirs.get_next() for _ in found]
    assert found[: len(walked)] == walked
