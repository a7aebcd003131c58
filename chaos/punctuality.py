"""R3: 1,000 schedules due at one moment, and 1,000 spread over one minute: how late their rows and processes come.

A row is as late as the moment noted in it; a process began when its first mark arrived. Machines that start fewer
than 1,000 processes in a moment cannot keep the second figure there; so it is judged where they are spread.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from chaos.evidence import Evidence
from chaos.ground import now
from chaos.installation import Configuration
from chaos.load import QUIET, Load
from chaos.orders import Order
from chaos.outcome import Goal, Outcome
from chaos.scene import scene, sleep_until

CONFIGURATION = Configuration("r3", settings={"max_runs": 32, "max_runs_per_workspace": 32})
_SCHEDULES = 1_000
_UNTIL_DUE = timedelta(seconds=75)
_MINUTE = 60.0
_SECOND = timedelta(seconds=1)
_CREATORS = 4
_LONG = 24 * 3600


def punctuality(*, seed: str, spread: bool) -> Outcome:
    with scene(CONFIGURATION, seed=seed) as place:
        load = place.load(QUIET, seconds=0)
        first = now() + _UNTIL_DUE
        distance = _MINUTE / _SCHEDULES if spread else 0.0
        moments = [first + timedelta(seconds=number * distance) for number in range(_SCHEDULES)]
        with ThreadPoolExecutor(_CREATORS) as pool:
            list(pool.map(lambda number: _create(load, moments[number::_CREATORS]), range(_CREATORS)))
        if now() >= first:
            raise RuntimeError(f"It took over {_UNTIL_DUE} to make the schedules; nothing can be said about lateness.")
        sleep_until(moments[-1] + timedelta(seconds=1))
        evidence = place.evidence(load, promises=[])
        what = "over one minute" if spread else "at one moment"
        name = f"R3: {_SCHEDULES:,} schedules due {what}"
        return place.outcome(name, evidence, faults={}, goals=_goals(evidence, spread))


def _create(load: Load, moments: list[datetime]) -> list[Order]:
    caller = load.caller()
    made = [load.schedule(caller, _LONG, starts_at=each, ends_at=each + _SECOND) for each in moments]
    caller.close()
    return made


def _goals(evidence: Evidence, spread: bool) -> list[Goal]:
    late = sorted((run.created_at - run.due_at).total_seconds() for run in evidence.rows.runs if run.due_at)
    created = {run.id: run.created_at for run in evidence.rows.runs}
    starts = [mark for mark in evidence.marks if mark.what == "start"]
    begun = sorted((mark.at - created[mark.run_id]).total_seconds() for mark in starts)
    begun_p95, rows_p99 = _percentile(begun, 95), _percentile(late, 99)
    what, figure = "row to started process, p95", _seconds(begun_p95)
    judged = Goal(what, figure, "2 s", begun_p95 <= 2)
    told = Goal(what, figure, "-", is_reached=True, note="as fast as this machine starts processes")
    return [
        Goal("due moment to row, p99", _seconds(rows_p99), "1 s", rows_p99 <= 1),
        Goal("due moment to row, worst", _seconds(late[-1]), "2 s", late[-1] <= 2),
        Goal("due moment to row, earliest", _seconds(late[0]), "not early", late[0] >= 0),
        judged if spread else told,
    ]


def _percentile(values: list[float], percent: int) -> float:
    return values[min(len(values) - 1, len(values) * percent // 100)]


def _seconds(value: float) -> str:
    return f"{value:.2f} s"
