"""What servers wrote about errors nobody foresaw: callers hear of some, runners of others, and loops tell nobody."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_UNFORESEEN = ("request_failed", "step_failed")
_CHARACTERS = 300


def unforeseen(logs: Iterable[Path]) -> list[str]:
    """One sentence per kind of error, with how often it came."""
    found = Counter(_told(record) for log in logs for record in _records(log) if record.get("event") in _UNFORESEEN)
    return [f"The log has {count} times: {what}" for what, count in found.items()]


def _told(record: dict[str, Any]) -> str:
    last = str(record.get("exception", "")).strip().rpartition("\n")[2][:_CHARACTERS]
    return f"{record['event']} in {record.get('loop') or record.get('path')}: {last}"


def _records(log: Path) -> Iterable[dict[str, Any]]:
    for line in log.read_text(errors="replace").splitlines():
        if line.startswith("{"):
            try:
                yield json.loads(line)
            except ValueError:
                continue  # The server was killed in the middle of it.
