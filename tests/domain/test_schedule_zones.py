"""Zones come from the tzdata package, whatever the machine has of them or lacks."""

import os
import subprocess
import sys

PROGRAM = """
from datetime import datetime, UTC
from macropod_server.domain.schedule import next_due, read_plan
print(next_due(read_plan("30 2 * * *", timezone="Europe/Berlin"), datetime(2026, 3, 28, 12, tzinfo=UTC)))
"""


def first_due(tzpath):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | {"PYTHONTZPATH": tzpath}, capture_output=True, text=True
    )
    return done.stdout.strip(), done.stderr


def test_a_machine_without_zones_needs_none():
    assert first_due("") == ("2026-03-29 01:00:00+00:00", "")


def test_a_machine_with_other_zones_is_not_asked(tmp_path):
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Berlin").write_bytes(b"not a zone at all")
    assert first_due(str(tmp_path)) == ("2026-03-29 01:00:00+00:00", "")
