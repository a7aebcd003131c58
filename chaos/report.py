"""What is shown at the end, and what `--write` puts into `docs/reliability.md` between its marks."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from chaos.ground import ROOT
from chaos.outcome import Outcome

PAGE = ROOT / "docs" / "reliability.md"
_BEGIN, _END = "<!-- {}: begin -->", "<!-- {}: end -->"
_SHOWN = 20


def report(outcome: Outcome) -> str:
    return "\n".join(
        [*_head(outcome), "", *_goals(outcome), *_faults(outcome), *_checks(outcome), *_violations(outcome)]
    )


def write(outcomes: Iterable[Outcome], *, section: str, page: Path = PAGE) -> None:
    """Raises `LookupError` when the page has no marks of that name."""
    begin, end = _BEGIN.format(section), _END.format(section)
    text = page.read_text()
    if begin not in text or end not in text:
        raise LookupError(f"{page} has no place for {section}: it lacks {begin} or {end}.")
    before, _, rest = text.partition(begin)
    after = rest.partition(end)[2]
    told = "\n\n".join(report(outcome) for outcome in outcomes)
    page.write_text(f"{before}{begin}\n\n{told}\n\n{end}{after}")


def _head(outcome: Outcome) -> Iterator[str]:
    verdict = "PASS" if outcome.is_well else f"FAIL, {len(outcome.violations)} violations"
    yield f"**{outcome.name}** ({outcome.configuration}), seed `{outcome.seed}`, {outcome.seconds:.0f} s: **{verdict}**"
    if outcome.checks:
        yield ""
        settled, clean = f"{outcome.settled_seconds:.0f} s", f"{outcome.clean_seconds:.0f} s"
        yield f"The last run ended {settled} after the end of faults and load; {clean} later nothing was left of any."


def _goals(outcome: Outcome) -> Iterator[str]:
    if outcome.goals:
        yield from ("| figure | measured | goal | | |", "|---|---:|---:|---|---|")
        for each in outcome.goals:
            reached = "reached" if each.is_reached else "not reached"
            yield f"| {each.what} | {each.figure} | {each.goal} | {reached} | {each.note} |"
        yield ""


def _faults(outcome: Outcome) -> Iterator[str]:
    if outcome.faults:
        yield from ("| fault | times |", "|---|---:|")
        yield from (f"| {kind} | {count} |" for kind, count in sorted(outcome.faults.items()))
        yield ""


def _checks(outcome: Outcome) -> Iterator[str]:
    if outcome.checks:
        yield from ("| check | promise | looked at | violations |", "|---|---|---:|---:|")
        for check in outcome.checks:
            yield f"| {check.name} | {check.promise} | {check.looked_at:,} | {len(check.violations)} |"


def _violations(outcome: Outcome) -> Iterator[str]:
    if outcome.violations:
        yield ""
        yield from (f"- {each}" for each in outcome.violations[:_SHOWN])
        if (more := len(outcome.violations) - _SHOWN) > 0:
            yield f"- and {more} more"
