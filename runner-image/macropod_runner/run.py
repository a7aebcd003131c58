"""The command `run`: unpack the zip and run its main.py."""

import json
import signal
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from macropod_runner.bundle import fetch_bundle
from macropod_runner.control_group import ControlGroup
from macropod_runner.ending import Ending, Stopped, own_ending, stopped_ending
from macropod_runner.job import Job
from macropod_runner.last_words import LastWords
from macropod_runner.place import Place
from macropod_runner.program import CouldNotStart, Program
from macropod_runner.spec import Spec
from macropod_runner.wallaroo_login import leave_login, wallaroo_variables


def run_task(job: Job) -> Ending:
    """Raises `CouldNotStart` and `Interrupted`."""
    with job.stop.interruptible():
        fetch_bundle(job.server, job.place.home, spool=job.place.spool, spec=job.spec)
        _fetch_environment(job)
        arguments = _write_arguments(job)
        _leave_login(job)
    with _secret_files(job) as secrets:
        return _run(job, _program(job.place, job.spec, arguments=arguments, secrets=secrets))


def _run(job: Job, program: Program) -> Ending:
    group, words = ControlGroup(), LastWords(job.log.add)
    if job.spec.debug:
        _say_facts(job, group)
    killed_before = group.oom_kills()
    outcome = job.supervisor.run(program, keep=words.keep)
    if isinstance(outcome, Stopped):
        return stopped_ending(outcome, job.spec)
    # A control group that others share too says nothing about the children of this run.
    may_be_ours = outcome.code == -signal.SIGKILL or job.spec.memory_bytes is None
    ran_out = may_be_ours and group.oom_kills() > killed_before
    ending = own_ending(outcome.code, words, ran_out_of_memory=ran_out, limit_bytes=group.memory_limit())
    return ending._replace(error=words.error(job.place.home)) if outcome.code > 0 else ending


def _fetch_environment(job: Job) -> None:
    if job.spec.environment is not None:
        from macropod_runner.carried_environment import fetch_environment

        fetch_environment(job)


def _secret_files(job: Job) -> AbstractContextManager[Path | None]:
    if not job.spec.secret_files:
        return nullcontext()
    from macropod_runner.secret_files import secret_files

    return secret_files(job.spec.secret_files, run_id=job.spec.run_id, otherwise=job.place.spool)


def _say_facts(job: Job, group: ControlGroup) -> None:
    from macropod_runner.facts import facts

    for sentence in facts(job.place, job.spec, group):
        job.log.say(sentence)


def _program(place: Place, spec: Spec, *, arguments: Path, secrets: Path | None) -> Program:
    if not place.python.exists():
        raise CouldNotStart(f"The environment of this run has no Python: {place.python} is not there.")
    if not (place.home / spec.entry_point).is_file():
        raise CouldNotStart(f"The uploaded zip has no file {spec.entry_point}.")
    command = (str(place.python), spec.entry_point)
    return Program(command, place.home, _variables(place, spec, arguments=arguments, secrets=secrets))


def _write_arguments(job: Job) -> Path:
    """Beside main.py, unless the zip has a file of that name."""
    path = job.place.home / "arguments.json"
    if path.exists():
        path = job.place.spool / "arguments.json"
        if job.spec.wallaroo and job.spec.arguments:
            job.log.say(
                "The zip has a file arguments.json, which the package wallaroo takes for the arguments of this task; "
                "those are in the file that MACROPOD_ARGUMENTS names."
            )
    path.write_text(json.dumps(job.spec.arguments, ensure_ascii=False), encoding="utf-8")
    return path


def _leave_login(job: Job) -> None:
    try:
        leave_login(job.spec, job.place.home, token=job.place.token)
    except OSError as error:
        job.log.say(f"The login of the package wallaroo could not be written, so it cannot log in: {error}.")


def _variables(place: Place, spec: Spec, *, arguments: Path, secrets: Path | None) -> dict[str, str]:
    told = {"TRACEPARENT": spec.traceparent or "", "PYTHONFAULTHANDLER": "1" if spec.debug else ""}
    told |= {"MACROPOD_SECRETS_DIR": str(secrets or ""), "MACROPOD_DATA_PACKAGES": place.data}
    return {
        **spec.secrets,
        **place.basic_variables(),
        **wallaroo_variables(spec),
        **{name: value for name, value in told.items() if value},
        "PATH": f"{place.python.parent}:{place.path}",
        "VIRTUAL_ENV": str(place.environment),
        "PYTHONUNBUFFERED": "1",
        "MACROPOD_URL": spec.url,
        "MACROPOD_TOKEN": place.token,
        "MACROPOD_TASK_ID": spec.task_id or "",
        "MACROPOD_RUN_ID": spec.run_id,
        "MACROPOD_ORCHESTRATION_ID": spec.orchestration_id,
        "MACROPOD_DUE_AT": spec.due_at or "",
        "MACROPOD_ATTEMPT": str(spec.attempt),
        "MACROPOD_ARGUMENTS": str(arguments),
    }
