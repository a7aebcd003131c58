"""Secrets reach the runs whose tasks name them, in the newest version, and are known to all servers as theirs."""

import json
from dataclasses import replace

import pytest
from macropod_server.db import given
from macropod_server.db.tables import Given, Secret, SecretVersion
from macropod_server.domain.envelope import CannotOpen
from macropod_server.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from macropod_server.domain.run import Reason
from macropod_server.domain.task import TaskKind
from macropod_server.flows.clean_up import clean_up
from macropod_server.flows.create_task import create_task
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.hand_spec import Asking, hand_spec
from macropod_server.flows.receive_end import receive_end
from macropod_server.flows.rerun import rerun
from macropod_server.flows.set_secret import delete_secret, set_secret
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.store_lines import store_lines
from macropod_server.flows.task_wish import TaskWish

from tests.batches import batch
from tests.builders import WORKSPACE, all_rows, make_task, reread, runs_of, upload

RUNNER = Asking("0.1.0", "nonce")


def set_to(deps, value, name="password"):
    return set_secret(deps, name, value, workspace_id=WORKSPACE, requested_by="ada", now=deps.clock())


def started(deps, **wish):
    task = make_task(deps, **{"secrets": ["password"]} | wish)
    start_runs(deps)
    return runs_of(deps, task)[-1]


def spec_of(deps, run, runner=RUNNER):
    return hand_spec(deps, run.id, now=deps.clock(), runner=runner)


def ended(deps, run):
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    return reread(deps, run)


def test_versions_are_counted_and_only_ciphertexts_are_stored(deps):
    set_to(deps, "hunter22")
    assert set_to(deps, "hunter33").version == 2
    rows = all_rows(deps, SecretVersion)
    assert sorted(row.number for row in rows) == [1, 2]
    assert not any(b"hunter" in row.ciphertext + row.wrapped_key for row in rows)
    delete_secret(deps, "password", workspace_id=WORKSPACE, requested_by="ada")
    assert all_rows(deps, Secret) == all_rows(deps, SecretVersion) == []


def test_a_run_gets_the_newest_version_as_variables_and_files_and_the_same_when_it_asks_again(deps):
    set_to(deps, "hunter22")
    run = started(deps, secrets={"PGPASSWORD": "password"}, secret_files=["password"])
    set_to(deps, "hunter33")
    spec = spec_of(deps, run)
    assert (spec.secrets.variables, spec.secrets.files) == ({"PGPASSWORD": "hunter33"}, {"password": "hunter33"})
    assert "hunter33" in spec.masked
    set_to(deps, "hunter44")
    delete_secret(deps, "password", workspace_id=WORKSPACE, requested_by="ada")
    assert spec_of(deps, run).secrets == spec.secrets
    with deps.database.read() as session:
        assert given.versions(session, run.id) == {"password": 2}


def test_a_task_that_names_an_unknown_secret_is_refused_with_its_name(deps):
    with pytest.raises(Invalid, match="There is no secret 'password' in this workspace"):
        make_task(deps, secrets=["password"])


def test_a_secret_of_another_workspace_is_unknown(deps):
    set_to(deps, "hunter22")
    with pytest.raises(NotFound):
        delete_secret(deps, "password", workspace_id=WORKSPACE + 1, requested_by=None)


def test_a_run_whose_secret_was_deleted_meanwhile_ends_before_it_begins_and_says_why(deps):
    set_to(deps, "hunter22")
    run = started(deps)
    delete_secret(deps, "password", workspace_id=WORKSPACE, requested_by="ada")
    with pytest.raises(Conflict, match="names the secret 'password'"):
        spec_of(deps, run)
    run = reread(deps, run)
    assert (run.status, run.reason, run.started_at) == ("failure", "could_not_start", None)
    assert "the secret 'password', which is not there any more" in run.message


def test_a_rerun_gets_the_newest_version_and_says_so(deps):
    set_to(deps, "hunter22")
    run = started(deps)
    spec_of(deps, run)
    ended(deps, run)
    set_to(deps, "hunter33")
    again = rerun(deps, run.id, workspace_id=WORKSPACE, idempotency_key=None, requested_by="ada", now=deps.clock())
    assert again.differences == ["The secret 'password' has version 2 now, 1 before."]
    start_runs(deps)
    assert spec_of(deps, again.run).secrets.variables == {"password": "hunter33"}


def test_a_run_names_no_secrets_in_tasks_it_makes_but_those_it_was_given(deps):
    set_to(deps, "hunter22")
    set_to(deps, "s3same", name="other")
    run = started(deps)
    spec_of(deps, run)
    wish = TaskWish(orchestration_id=upload(deps).id, kind=TaskKind.RUN_ONCE, name="a", secrets=["password"])
    how = {"workspace_id": WORKSPACE, "idempotency_key": None, "by_run": run.id, "now": deps.clock()}
    create_task(deps, wish, **how)
    with pytest.raises(Forbidden, match="not given the secret 'other'"):
        create_task(deps, replace(wish, secrets={"X": "other"}), **how)


def test_every_server_hides_what_a_run_was_given_also_when_it_is_deleted_meanwhile(deps, restarted):
    set_to(deps, "hunter22")
    run = started(deps)
    spec_of(deps, run)
    delete_secret(deps, "password", workspace_id=WORKSPACE, requested_by="ada")
    store_lines(restarted, reread(deps, run), first=1, batch=batch("it is hunter22", "or aHVudGVyMjI="))
    assert [line.text for line in deps.logs.read(run.id)] == ["it is ***", "or ***I="]


def test_for_each_batch_nothing_is_asked_nor_decrypted(deps):
    set_to(deps, "hunter22")
    run = started(deps)
    spec_of(deps, run)
    run = reread(deps, run)
    deps.secrets_of(run)
    asked = deps.secrets_of._stored
    deps.secrets_of._stored = None
    assert deps.secrets_of(run) == ("hunter22",)
    deps.secrets_of._stored = asked
    run.secrets_given += 1
    assert deps.secrets_of(run) == ("hunter22",)


def test_what_is_kept_at_hand_goes_with_the_end_of_the_run_and_with_time(deps):
    set_to(deps, "hunter22")
    runs = [started(deps) for _ in range(2)]
    for run in runs:
        spec_of(deps, run)
    assert len(deps.secrets_of) == 2
    ended(deps, runs[0])
    assert len(deps.secrets_of) == 1
    deps.clock.advance(minutes=11)
    other = started(deps)
    spec_of(deps, other)
    assert len(deps.secrets_of) == 1


def test_values_go_with_the_container_and_names_stay(deps):
    set_to(deps, "hunter22")
    run = started(deps)
    spec_of(deps, run)
    ended(deps, run)
    clean_up(deps)
    (row,) = all_rows(deps, Given)
    assert (row.name, row.version, row.ciphertext, row.wrapped_key, row.key_id) == ("password", 1, None, None, None)


def test_ciphertexts_that_were_swapped_in_the_database_do_not_open(deps):
    set_to(deps, "hunter22")
    set_to(deps, "s3same", name="other")
    run = started(deps)
    with deps.database.write() as session:
        one, other = (session.get(SecretVersion, (row.secret_id, row.number)) for row in all_rows(deps, SecretVersion))
        (one.ciphertext, one.wrapped_key), (other.ciphertext, other.wrapped_key) = (
            (other.ciphertext, other.wrapped_key),
            (one.ciphertext, one.wrapped_key),
        )
    with pytest.raises(Conflict, match="put in another's place"):
        spec_of(deps, run)
    assert reread(deps, run).reason == "could_not_start"


def lose_key(deps):
    (deps.settings.data_dir / "master.key").write_text("x" * 32)


def test_without_its_master_key_a_run_does_not_begin_and_the_key_is_named(deps):
    set_to(deps, "hunter22")
    key_id = deps.master_keys.ring().first
    run, plain = started(deps), started(deps, secrets=[])
    lose_key(deps)
    with pytest.raises(Conflict):
        spec_of(deps, run)
    assert f"the master key {key_id[:12]}, which this server does not have" in reread(deps, run).message
    assert spec_of(deps, plain).secrets.variables == {}


def test_what_cannot_be_hidden_is_not_stored_and_the_end_is_taken_all_the_same(deps, restarted):
    set_to(deps, "hunter22")
    run = started(deps)
    spec_of(deps, run)
    lose_key(deps)
    with pytest.raises(CannotOpen) as refusal:
        store_lines(restarted, reread(deps, run), first=1, batch=batch("it is hunter22"))
    assert isinstance(refusal.value, Unavailable)
    receive_end(restarted, run.id, Ending(Reason.EXIT_CODE, "ValueError: hunter22", exit_code=1), now=deps.clock())
    run = reread(deps, run)
    assert run.reason == "exit_code"
    assert run.message.startswith("What the run said last is not shown.")


def test_a_spec_does_not_show_what_it_holds(deps):
    set_to(deps, "hunter22")
    spec = spec_of(deps, started(deps))
    assert "hunter22" not in repr(spec.secrets)
    assert "hunter22" in json.dumps(spec.secrets.variables)
