"""The checker: all invariants over one set of evidence. It shares no code with the engine."""

from chaos.check_runs import check_endings, check_lines, check_marks, check_moves, check_time_limits
from chaos.check_store import check_answers, check_blobs, check_leftovers
from chaos.check_ticks import check_audit, check_kills, check_ticks
from chaos.evidence import Check, Evidence

CHECKS = (
    check_ticks,
    check_marks,
    check_endings,
    check_lines,
    check_leftovers,
    check_moves,
    check_blobs,
    check_answers,
    check_kills,
    check_time_limits,
    check_audit,
)


def check_all(evidence: Evidence) -> list[Check]:
    return [check(evidence) for check in CHECKS]
