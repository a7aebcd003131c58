"""I2, I3, I4, I6 and I10: what became of each run, against what its program did and told outside the server."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from chaos.evidence import FINAL, Check, Evidence
from chaos.orders import Order
from chaos.programs import expected_lines
from chaos.reading import MoveRow, RunRow

_SHOWN = 3


def check_marks(evidence: Evidence) -> Check:
    return Check("I2", "marks = started attempts, one each", len(evidence.marks), list(_marks(evidence)))


def check_endings(evidence: Evidence) -> Check:
    ended = [run for run in evidence.rows.runs if run.status in FINAL]
    found = [*evidence.unsettled, *_endings(evidence), *_packagings(evidence), *_tasks(evidence)]
    return Check("I3", "final status = true end, in time", len(ended), found)


def check_lines(evidence: Evidence) -> Check:
    count = sum(len(lines) for lines in evidence.lines.values())
    return Check("I4", "lines 1..N once, in order", count, list(_lines(evidence)))


def check_moves(evidence: Evidence) -> Check:
    return Check("I6", "one row tells of each end", len(evidence.rows.moves), list(_moves(evidence)))


def check_time_limits(evidence: Evidence) -> Check:
    early = [
        f"Run {run.id} timed out after {run.started_at} at {run.ended_at}, long before its limit: {run.message}"
        for run in evidence.rows.runs
        if run.status == "timed_out"
    ]
    return Check("I10", "no time-out before its time", len(evidence.rows.runs), early)


def _marks(evidence: Evidence) -> Iterator[str]:
    runs = {run.id: run for run in evidence.rows.runs}
    starts = Counter(mark.run_id for mark in evidence.marks if mark.what == "start")
    ends = Counter(mark.run_id for mark in evidence.marks if mark.what == "end")
    for run_id, count in (starts | ends).items():
        if run_id not in runs:
            yield f"A program ran as run {run_id}, of which there is no row."
        elif count > 1:
            yield f"main.py of run {run_id} began {count} times."
    for mark in evidence.marks:
        run = runs.get(mark.run_id)
        if run is not None and (mark.attempt, mark.task_id) != (run.attempt, run.task_id):
            told = f"its program was told {mark.attempt} of {mark.task_id}"
            yield f"Run {run.id} is attempt {run.attempt} of {run.task_id}; {told}."
    for run in runs.values():
        if run.kind == "task" and run.reason in ("completed", "exit_code") and not starts[run.id]:
            yield f"Run {run.id} is {run.status}, and its program never began."


def _endings(evidence: Evidence) -> Iterator[str]:
    orders = {order.task_id: order for order in evidence.orders}
    began = {mark.run_id for mark in evidence.marks}
    ends = {mark.run_id: mark for mark in evidence.marks if mark.what == "end"}
    for run in evidence.rows.runs:
        order = orders.get(run.task_id or "")
        if run.kind != "task" or order is None or run.status not in FINAL:
            continue
        if run.reason in evidence.excused and run.id not in began:
            continue
        told = (run.status, run.reason, run.exit_code)
        if run.status == "killed" and order.kill_sent_at is None:
            yield f"Run {run.id} was killed ({run.reason}), and nobody asked for it."
        elif run.status != "killed" and told != _true_end(order):
            yield f"Run {run.id} of {order.name} is shown as {told}, its true end is {_true_end(order)}: {run.message}"
        elif told == _true_end(order) and run.id not in ends:
            yield f"Run {run.id} is shown as {told}, and its program never came to its end."


def _true_end(order: Order) -> tuple[str, str, int]:
    if order.exit_code == 0:
        return "success", "completed", 0
    return "failure", "exit_code", order.exit_code


def _packagings(evidence: Evidence) -> Iterator[str]:
    for run in evidence.rows.runs:
        if run.kind == "packaging" and run.status != "success":
            yield f"Packaging run {run.id} is {run.status}, not success: {run.message}"
    for orchestration in evidence.rows.orchestrations:
        if orchestration.status != "ready":
            yield f"Orchestration {orchestration.id} is {orchestration.status}, not ready: {orchestration.message}"


def _tasks(evidence: Evidence) -> Iterator[str]:
    killed = {order.task_id for order in evidence.orders if order.kill_acknowledged_at is not None}
    for task in evidence.rows.tasks:
        if task.id in killed and task.status != "killed":
            yield f"Task {task.id} was killed and is {task.status}."


def _lines(evidence: Evidence) -> Iterator[str]:
    orders = {order.task_id: order for order in evidence.orders}
    for run in evidence.rows.runs:
        order = orders.get(run.task_id or "")
        if order is None or run.id not in evidence.lines:
            continue
        wanted, found = expected_lines(order.lines), evidence.lines[run.id]
        if run.reason in ("completed", "exit_code"):
            if found != wanted:
                counts = f"printed {len(wanted)} lines, {len(found)} are stored"
                yield f"Run {run.id} {counts}: {_first_difference(wanted, found)}"
        elif found[:-1] != wanted[: max(len(found) - 1, 0)]:
            yield f"Run {run.id} was stopped, and its lines have a gap: {_first_difference(wanted, found)}"


def _first_difference(wanted: list[str], found: list[str]) -> str:
    for number, (one, other) in enumerate(zip(wanted, found, strict=False), 1):
        if one != other:
            return f"line {number} is {found[number - 1 : number - 1 + _SHOWN]}, not {one!r}."
    return f"they end after line {min(len(wanted), len(found))}."


def _moves(evidence: Evidence) -> Iterator[str]:
    by_run: dict[str, list[MoveRow]] = defaultdict(list)
    for move in evidence.rows.moves:
        by_run[move.run_id].append(move)
    told = Counter(event.run_id for event in evidence.rows.events if event.kind == _END_TOLD)
    for run in evidence.rows.runs:
        yield from _moves_of(run, by_run[run.id])
        if run.status in FINAL and told[run.id] != 1:
            yield f"Run {run.id} is {run.status}; {told[run.id]} events tell of its end."


_END_TOLD = "run_ended"


def _moves_of(run: RunRow, moves: list[MoveRow]) -> Iterator[str]:
    ends = [move.to_status for move in moves if move.to_status in FINAL]
    if ends != ([run.status] if run.status in FINAL else []):
        yield f"Run {run.id} is {run.status}; its rows tell of the ends {ends}."
    before: str | None = None
    for move in moves:
        if move.from_status != before:
            yield f"Run {run.id} was {before}, and the next row moves it from {move.from_status}."
        before = move.to_status
