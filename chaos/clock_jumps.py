"""R11: the server's clock jumps two hours on, one back and a day on, while runs go on.

The clock is that of libfaketime, which reads its offset from a file; monotonic time goes on as it is, and so do the
clocks of the runs.
"""

import random
import tempfile
import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from chaos.evidence import Evidence
from chaos.installation import Configuration
from chaos.load import Shape
from chaos.outcome import Goal, Outcome
from chaos.scene import scene

_JUMPS = {"+2 h": timedelta(hours=2), "-1 h": timedelta(hours=-1), "+1 day": timedelta(days=1)}
_LIBRARIES = "*/faketime/libfaketimeMT.so.1"
_SHAPE = Shape(
    schedules=5, every_seconds=(30, 60), kill_pause=0, packaging_pause=0, missed="latest", schedules_end=False
)
_LONG_RUNS = 3
_BETWEEN_SECONDS = 70.0
"""A clock that jumps is noticed within a minute."""
_LONG_SECONDS = 240.0
_AT_ONCE = timedelta(seconds=10)


def library() -> Path | None:
    return next((found for root in ("/usr/lib", "/usr/local/lib") for found in Path(root).glob(_LIBRARIES)), None)


def clock_jumps(*, seed: str) -> Outcome:
    found = library()
    if found is None:
        raise FileNotFoundError("There is no libfaketime here; install the package `libfaketime`.")
    with tempfile.TemporaryDirectory() as name:
        offset = Path(name) / "offset"
        _set(offset, timedelta(0))
        with scene(_configuration(found, offset), seed=seed) as place:
            load = place.load(_SHAPE, seconds=0)
            for _ in range(_LONG_RUNS):
                load.order_once(random.Random(seed), lines=800, seconds=_LONG_SECONDS)
            ahead = timedelta(0)
            for jump in _JUMPS.values():
                time.sleep(_BETWEEN_SECONDS)
                ahead += jump
                _set(offset, ahead)
            time.sleep(_BETWEEN_SECONDS)
            load.stop()
            load.kill_schedules()
            evidence = place.evidence(load, promises=[], ahead=ahead)
            return place.outcome("R11: clock jumps", evidence, faults=dict.fromkeys(_JUMPS, 1), goals=_goals(evidence))


def _configuration(found: Path, offset: Path) -> Configuration:
    variables = {
        "LD_PRELOAD": str(found),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "1",
    }
    return Configuration("r11", variables=variables, wrapped=True)


def _set(offset: Path, ahead: timedelta) -> None:
    """In one step: the library reads the file at any moment."""
    aside = offset.with_suffix(".new")
    aside.write_text(f"{ahead.total_seconds():+.0f}")
    aside.replace(offset)


def _goals(evidence: Evidence) -> list[Goal]:
    """Of what passed unseen, a task makes up for the latest only: its other ticks are noted as missed."""
    made_up: Counter[tuple[str, datetime]] = Counter()
    for tick in evidence.rows.ticks:
        if tick.outcome == "started" and tick.created_at - tick.due_at > _AT_ONCE:
            made_up[tick.task_id, tick.created_at.replace(second=0, microsecond=0)] += 1
    most = max(made_up.values(), default=0)
    missed = sum(tick.outcome == "missed" for tick in evidence.rows.ticks)
    return [
        Goal("ticks of one task made up for at once", str(most), "1 at most", most <= 1),
        Goal("ticks noted as missed", str(missed), "1 or more", missed > 0, "they passed while the clock jumped"),
    ]
