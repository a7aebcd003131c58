"""Environments where the spawner keeps none: sent by the run that builds one, handed to every run that uses it."""

import hashlib

import pytest
from macropod_server.db.tables import Environment, Run
from macropod_server.domain.environment import EnvironmentArchive
from macropod_server.domain.errors import Conflict, TooLarge, Unavailable
from macropod_server.domain.run import Reason
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.hand_spec import hand_spec
from macropod_server.flows.package_orchestration import Turn
from macropod_server.flows.receive_environment import check_may_send, receive_environment
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.sweep import sweep

from tests.builders import all_rows, make_task, reread, runs_of, upload
from tests.flows.test_package_orchestration import agree, begin_packaging, end
from tests.flows.test_sweep import keep, later

PACKED = b"an environment, packed"


@pytest.fixture
def deps(deps):
    deps.spawner.keeps_environments = False
    return deps


def archive(content=PACKED, **changes):
    return EnvironmentArchive(**{"sha256": sha256(content), "size_bytes": len(content)} | changes)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def send(deps, run, content=PACKED, *, announced=None):
    announced = announced or archive(content)
    check_may_send(deps, run, announced)
    with deps.storage.stage() as staging:
        staging.write(content)
        receive_environment(deps, run, announced, staging)


def blobs(deps):
    return {blob.sha256 for blob in deps.storage.list()}


def built(deps, content=PACKED):
    """An orchestration whose packaging run has sent what it built."""
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    send(deps, packaging, content)
    end(deps, packaging)
    clean_up(deps)
    return orchestration, packaging


def start(deps, orchestration):
    task = make_task(deps, orchestration)
    start_runs(deps)
    return runs_of(deps, task)[0]


def the_environment(deps):
    (row,) = all_rows(deps, Environment)
    return row


def test_a_packaging_run_is_told_to_send_what_it_builds_and_a_run_what_to_unpack(deps):
    orchestration, packaging = begin_packaging(deps)
    spec = hand_spec(deps, packaging.id, now=deps.clock())
    assert (spec.sends_environment, spec.environment) == (True, None)
    agree(deps, packaging)
    send(deps, packaging)
    end(deps, packaging)
    run = start(deps, orchestration)
    spec = hand_spec(deps, run.id, now=deps.clock())
    assert (spec.sends_environment, spec.environment) == (False, archive())


def test_where_the_spawner_keeps_environments_nothing_travels(deps):
    deps.spawner.keeps_environments = True
    orchestration, packaging = begin_packaging(deps)
    assert not hand_spec(deps, packaging.id, now=deps.clock()).sends_environment
    agree(deps, packaging)
    end(deps, packaging)
    assert reread(deps, orchestration).status == "ready"
    run = start(deps, orchestration)
    assert hand_spec(deps, run.id, now=deps.clock()).environment is None


def test_a_run_without_requirements_has_nothing_to_unpack(deps):
    run = start(deps, upload(deps))
    assert hand_spec(deps, run.id, now=deps.clock()).environment is None


def test_what_was_built_is_kept_under_its_sha256_with_its_row(deps):
    orchestration, _ = built(deps)
    assert (the_environment(deps).archive_sha256, the_environment(deps).archive_bytes) == (sha256(PACKED), len(PACKED))
    assert reread(deps, orchestration).status == "ready"
    assert blobs(deps) == {orchestration.sha256, sha256(PACKED)}


def test_packaging_does_not_succeed_before_the_environment_is_there(deps):
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    end(deps, packaging)
    ended = reread(deps, packaging)
    assert (ended.status, ended.reason) == ("failure", "packaging_failed")
    assert "make runner-image" in ended.message
    assert reread(deps, orchestration).status == "error"


def test_a_run_that_shares_sends_nothing_and_succeeds(deps):
    built(deps)
    orchestration, packaging = begin_packaging(deps)
    assert agree(deps, packaging) is Turn.SHARE
    with pytest.raises(Conflict, match="builds no environment"):
        send(deps, packaging)
    end(deps, packaging)
    assert reread(deps, orchestration).status == "ready"


def test_sending_it_again_changes_nothing_and_another_takes_its_place(deps):
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    for content in (PACKED, PACKED, b"packed once more"):
        send(deps, packaging, content)
    assert the_environment(deps).archive_sha256 == sha256(b"packed once more")
    later(deps)
    sweep(deps)
    assert blobs(deps) == {orchestration.sha256, sha256(b"packed once more")}


def test_only_the_run_that_builds_an_environment_may_send_it_and_only_while_it_lives(deps):
    orchestration, packaging = begin_packaging(deps)
    with pytest.raises(Conflict):
        send(deps, packaging)
    agree(deps, packaging)
    _, waiting = begin_packaging(deps)
    assert agree(deps, waiting) is Turn.WAIT
    with pytest.raises(Conflict):
        send(deps, waiting)
    send(deps, packaging)
    end(deps, packaging)
    for run in (packaging, reread(deps, packaging)):
        with pytest.raises(Conflict):
            send(deps, run, b"something else")
    with pytest.raises(Conflict):
        send(deps, start(deps, orchestration))
    assert the_environment(deps).archive_sha256 == sha256(PACKED)


def test_a_run_that_ends_while_it_sends_leaves_nothing(deps):
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    check_may_send(deps, packaging, archive())
    end(deps, packaging, Reason.TIME_LIMIT)
    with deps.storage.stage() as staging:
        staging.write(PACKED)
        with pytest.raises(Conflict):
            receive_environment(deps, packaging, archive(), staging)
    later(deps)
    sweep(deps)
    assert blobs(deps) == {orchestration.sha256}


def test_what_arrives_otherwise_than_it_was_announced_is_to_be_sent_again(deps):
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    with pytest.raises(Unavailable, match="Send it again"):
        send(deps, packaging, PACKED[:-1], announced=archive())
    assert (the_environment(deps).archive_sha256, blobs(deps)) == (None, {orchestration.sha256})
    send(deps, packaging)


def test_what_is_too_large_is_refused_with_what_to_do(deps):
    _, packaging = begin_packaging(deps)
    agree(deps, packaging)
    most = deps.settings.environment_max_bytes
    with pytest.raises(TooLarge, match=f"{most + 1:,} bytes.*MACROPOD_ENVIRONMENT_MAX_BYTES"):
        check_may_send(deps, packaging, archive(size_bytes=most + 1))
    check_may_send(deps, packaging, archive(size_bytes=most))


def test_an_archive_without_a_row_is_swept_and_one_with_a_row_stays(deps):
    orchestration, _ = built(deps)
    keep(deps, b"its server was ended before it wrote the row")
    later(deps)
    sweep(deps)
    assert blobs(deps) == {orchestration.sha256, sha256(PACKED)}


def test_what_a_failed_packaging_run_has_sent_is_swept(deps):
    orchestration, packaging = begin_packaging(deps)
    agree(deps, packaging)
    send(deps, packaging)
    end(deps, packaging, Reason.RUNNER_DIED)
    while packaging := next_attempt(deps, orchestration):
        agree(deps, packaging)
        end(deps, packaging, Reason.PACKAGING_FAILED, "no more")
    later(deps)
    sweep(deps)
    assert (reread(deps, orchestration).status, blobs(deps)) == ("error", {orchestration.sha256})


def next_attempt(deps, orchestration):
    deps.clock.advance(minutes=10)
    clean_up(deps)
    start_runs(deps)
    for run in all_rows(deps, Run):
        if run.orchestration_id == orchestration.id and run.ended_at is None:
            hand_spec(deps, run.id, now=deps.clock())
            return reread(deps, run)
    return None
