"""Which arguments of a task are taken, and what the others are told."""

import json
from typing import Any

import pytest
from macropod_server.domain.arguments import DEEPEST, check_arguments
from macropod_server.domain.errors import Invalid


def nested(levels: int) -> dict[str, Any]:
    value: Any = {"leaf": 1}
    for number in range(levels - 1):
        value = {"a": value} if number == levels - 2 or number % 2 else [value]
    return value if isinstance(value, dict) else {"a": value}


TAKEN: list[dict[str, Any]] = [
    {},
    {"a": [1, 2.5, None, True, "häß 🦘 \n\t\x1b"], "": {}},
    {"large": 10**400, "small": 5e-324},
    nested(DEEPEST),
]

REFUSED: list[tuple[dict[str, Any], str, str]] = [
    (nested(DEEPEST + 1), "arguments_too_deep", "over 100 levels"),
    (nested(100_000), "arguments_too_deep", "over 100 levels"),
    (json.loads('{"a": [NaN]}'), "not_json", "hold nan"),
    (json.loads('{"a": {"b": -Infinity}}'), "not_json", "hold -inf"),
    (json.loads('{"a": 1e999}'), "not_json", "hold inf"),
    (json.loads('{"a": ["\\ud800"]}'), "not_json", r"'\\ud800'"),
    (json.loads('{"\\udfff": 1}'), "not_json", r"'\\udfff'"),
    ({"a": "x" * 1000}, "arguments_too_large", "1,008 bytes of JSON; at most 1,000"),
]


@pytest.mark.parametrize("arguments", TAKEN)
def test_what_is_json_is_taken(arguments: dict[str, Any]) -> None:
    check_arguments(arguments, max_bytes=1000)


@pytest.mark.parametrize(("arguments", "code", "told"), REFUSED, ids=[code for _, code, _ in REFUSED])
def test_what_could_not_be_kept_or_read_again_is_refused(arguments: dict[str, Any], code: str, told: str) -> None:
    with pytest.raises(Invalid, match=told) as refusal:
        check_arguments(arguments, max_bytes=1000)
    (problem,) = refusal.value.problems
    assert (problem.where, problem.code) == ("json_args", code)


def test_the_size_is_that_of_compact_json_in_utf_8() -> None:
    arguments = {"a": "ä" * 10, "b": [1, 2]}
    check_arguments(arguments, max_bytes=38)
    with pytest.raises(Invalid, match="38 bytes"):
        check_arguments(arguments, max_bytes=37)
