"""Lines that are one JSON object: what of it is the level, what the message, and what is left."""

import json
from typing import Any

import pytest
from macropod_server.domain.json_lines import JsonLine, json_line
from macropod_server.domain.levels import Level

LINES: list[tuple[dict[str, Any], str | None, str | None, dict[str, Any]]] = [
    ({"level": "info", "message": "hi", "n": 1}, "info", "hi", {"n": 1}),
    ({"levelname": "WARNING", "levelno": 30, "msg": "hi"}, "warning", "hi", {"levelno": 30}),
    ({"levelno": 30, "msg": "hi"}, "warning", "hi", {}),
    ({"severity": "ERROR", "message": "hi"}, "error", "hi", {}),
    ({"lvl": "crit", "event": "run_started"}, "critical", "run_started", {}),
    ({"Level": "Information", "Message": "hi"}, "info", "hi", {}),
    ({"log.level": "error", "message": "hi"}, "error", "hi", {}),
    ({"level": 30, "time": 1, "pid": 2, "msg": "hi"}, "info", "hi", {"time": 1, "pid": 2}),
    ({"level": "up", "lvl": "warn"}, "warning", None, {"level": "up"}),
    ({"level": 3, "message": {"a": 1}}, None, None, {"level": 3, "message": {"a": 1}}),
    ({"level": True, "message": "hi"}, None, "hi", {"level": True}),
    ({"event": "click", "message": "hi"}, None, "hi", {"event": "click"}),
    ({"rows": 3}, None, None, {"rows": 3}),
    ({}, None, None, {}),
    (
        {"text": "…", "record": {"level": {"name": "ERROR", "no": 40}, "message": "hi", "line": 3}},
        "error",
        "hi",
        {"line": 3},
    ),
]


@pytest.mark.parametrize(("told", "level", "message", "fields"), LINES)
def test_level_and_message_are_found_by_their_usual_names(
    told: dict[str, Any], level: str | None, message: str | None, fields: dict[str, Any]
) -> None:
    expected = JsonLine(Level(level) if level else None, message, fields)
    assert json_line(json.dumps(told)) == expected
    assert json_line(f"  {json.dumps(told, ensure_ascii=False)} ") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "[1, 2]",
        '"level"',
        "{level: info}",
        '{"level": "info"} and more',
        '{"a": 1}{"b": 2}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1e999}',
        '{"a": "\\ud800"}',
        '{"\\udc00": 1}',
        '{"a": ' + "1" * 5000 + "}",
        '{"a":' * 33 + "1" + "}" * 33,
        '{"a":' + "[" * 60_000 + "]" * 60_000 + "}",
    ],
)
def test_what_is_no_object_or_could_not_be_told_on_is_an_ordinary_line(text: str) -> None:
    assert json_line(text) is None


def test_many_lists_side_by_side_are_not_deep() -> None:
    told = json_line(json.dumps({"a": [[n] for n in range(100)]}))
    assert told is not None
    assert len(told.fields["a"]) == 100
