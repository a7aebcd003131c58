"""When a task is paused because its runs keep failing."""

from macropod_server.domain.run import RunStatus

BY_ITSELF = "macropod"
"""Who paused a task, or stopped a run, when nobody did."""

_FAILED = {RunStatus.FAILURE, RunStatus.TIMED_OUT, RunStatus.LOST}


def failures_after(failures: int, status: RunStatus) -> int:
    """How many runs in a row have failed once one more has ended, after its last retry. A kill says nothing of it."""
    if status is RunStatus.SUCCESS:
        return 0
    return failures + (status in _FAILED)


def why_paused(failures: int, most: int | None, *, message: str | None) -> str | None:
    """The sentence when so many failures are enough to pause the task, else None. `message`: of the last run."""
    if most is None or failures < most:
        return None
    times = "a run failed" if failures == 1 else f"{failures} runs in a row failed"
    return f"{times}; the last one: {message}" if message else f"{times}."
