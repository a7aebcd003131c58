"""A search over many runs: newest first, in pages that miss nothing and repeat nothing, within a bounded time."""

import random
from datetime import timedelta

import pytest
from macropod_server.db import runs
from macropod_server.db.searched import Scope
from macropod_server.db.tables import Run
from macropod_server.domain.errors import Invalid, NotFound
from macropod_server.domain.naming import new_id
from macropod_server.domain.run import RunStatus
from macropod_server.domain.search import Pattern, Query
from macropod_server.flows.search_logs import search_logs
from macropod_server.logstore.base import Batch

from tests.batches import batch
from tests.builders import NOON, WORKSPACE, make_task, runs_of

HERE = Scope(WORKSPACE)


def a_run(deps, *texts, at=NOON):
    """One second after the one before, with these lines; each is a batch."""
    deps.clock.advance(seconds=1)
    run = runs_of(deps, make_task(deps))[0]
    for number, text in enumerate(texts, 1):
        deps.logs.append(run.id, first=number, batch=batch(text, at=at))
    return run


def search(deps, text="x", scope=HERE, **options):
    query = Query(Pattern(text), since=scope.since, until=scope.until)
    return search_logs(deps, scope, query, **{"limit": 100} | options)


def told(page):
    return [(each.run.id, each.match.line.number) for each in page.found]


def whole(deps, **options):
    """Page after page."""
    found, cursor = [], None
    while True:
        page = search(deps, cursor=cursor, **options)
        found += told(page)
        if page.cursor is None:
            return found
        cursor = page.cursor


def test_the_newest_run_comes_first_and_in_it_the_last_line(deps):
    older, newer = a_run(deps, "x", "y", "x"), a_run(deps, "y", "x")
    page = search(deps)
    assert told(page) == [(newer.id, 2), (older.id, 3), (older.id, 1)]
    assert page.cursor is None
    assert page.task_names == {older.task_id: "a task", newer.task_id: "a task"}


def test_pages_go_on_exactly_where_the_one_before_ended_while_lines_are_appended(deps):
    made = [a_run(deps, *["x", "y", "x"] * 3) for _ in range(4)]
    wanted = [(run.id, number) for run in made[::-1] for number in (9, 7, 6, 4, 3, 1)]
    found, cursor, newest = [], None, 10
    while cursor or not found:
        page = search(deps, cursor=cursor, limit=5)
        found, cursor = found + told(page), page.cursor
        deps.logs.append(made[-1].id, first=newest, batch=batch("x of later"))
        deps.logs.merge(made[0].id)
        newest += 1
        a_run(deps, "x")
    assert found == wanted


def test_a_run_that_was_removed_between_two_pages_takes_no_other_with_it(deps):
    older, newer = a_run(deps, "x", "x"), a_run(deps, "x", "x")
    page = search(deps, limit=1)
    deps.logs.drop(newer.id)
    assert told(search(deps, cursor=page.cursor)) == [(older.id, 2), (older.id, 1)]


def test_a_page_that_takes_too_long_holds_what_was_found_until_then_and_goes_on(deps):
    for _ in range(5):
        a_run(deps, "x", "y", "y", "x")
    chance = random.Random(3)
    assert whole(deps, is_over=lambda _: chance.random() < 0.5) == whole(deps)
    assert search(deps, "absent", is_over=lambda _: True).cursor is not None


def test_more_runs_than_are_looked_up_at_once_are_all_searched(deps):
    task = make_task(deps)
    made = [Run.of_task(task, id=new_id(), now=NOON + timedelta(hours=number // 2)) for number in range(230)]
    with deps.database.write() as session:
        runs.add(session, made)
    deps.logs.fill(Batch(run.id, 1, batch("x")) for run in made)
    newest_first = sorted(made, key=lambda run: (run.created_at, run.id), reverse=True)
    assert whole(deps, limit=7) == [(run.id, 1) for run in newest_first]


@pytest.mark.parametrize("context", [0, 1, 2, 20])
def test_lines_before_and_after_come_with_each_match(deps, context):
    texts = ["x" if number in (0, 4, 5, 30) else str(number) for number in range(31)]
    a_run(deps, *texts)
    for each in search(deps, context=context).found:
        place = each.match.line.number - 1
        assert [line.text for line in each.before] == texts[max(0, place - context) : place]
        assert [line.text for line in each.after] == texts[place + 1 : place + 1 + context]


def test_a_page_holds_four_mib_of_text_with_its_context(deps):
    a_run(deps, *["x" + "y" * 700_000] * 7)
    assert [number for _, number in told(search(deps))] == [7, 6, 5, 4, 3, 2]
    page = search(deps, context=2)
    assert [number for _, number in told(page)] == [7, 6]


def test_a_search_is_of_one_task_one_run_or_one_status(deps):
    one, other = a_run(deps, "x"), a_run(deps, "x")
    assert told(search(deps, scope=Scope(WORKSPACE, task_id=one.task_id))) == [(one.id, 1)]
    assert told(search(deps, scope=Scope(WORKSPACE, run_id=other.id))) == [(other.id, 1)]
    assert told(search(deps, scope=Scope(WORKSPACE, status=RunStatus.QUEUED))) == [(other.id, 1), (one.id, 1)]
    assert told(search(deps, scope=Scope(WORKSPACE, status=RunStatus.SUCCESS))) == []


def test_another_workspace_is_never_searched(deps):
    run = a_run(deps, "x")
    assert told(search(deps, scope=Scope(WORKSPACE + 1))) == []
    for scope in (Scope(WORKSPACE + 1, run_id=run.id), Scope(WORKSPACE + 1, task_id=run.task_id)):
        with pytest.raises(NotFound):
            search(deps, scope=scope)


def test_a_search_by_time_looks_into_runs_that_lasted_into_it(deps):
    run = a_run(deps, "x", at=NOON + timedelta(days=3))
    late = Scope(WORKSPACE, since=NOON + timedelta(days=2), until=NOON + timedelta(days=4))
    assert told(search(deps, scope=late)) == [(run.id, 1)]
    assert told(search(deps, scope=Scope(WORKSPACE, until=NOON - timedelta(days=1)))) == []


@pytest.mark.parametrize("cursor", ["x", "2026-01-02T03:04:05Z_run", "2026-99-02T03:04:05Z_run_1", "2026-01-02_run_-1"])
def test_a_cursor_that_nobody_gave_is_refused(deps, cursor):
    with pytest.raises(Invalid, match="next_cursor"):
        search(deps, cursor=cursor)
