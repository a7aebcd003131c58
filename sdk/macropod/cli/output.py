"""Prints answers on stdout in the form that was asked for, and talk on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from macropod.remote import Remote
from macropod.tables import Listing
from macropod.values import ShownValue

_WIDE_ENOUGH_FOR_ANY_ROW = 1000


class Output(StrEnum):
    """table for people, json and jsonl for programs, name for the ids alone."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    NAME = "name"


OutputOption = Annotated[
    Output,
    typer.Option(
        "--output",
        "-o",
        metavar="table|json|jsonl|name",
        help="A table, JSON, a JSON object a line, or the ids alone.",
    ),
]


def print_thing(thing: Remote, output: Output) -> None:
    _print(output, table=thing, data=thing.to_dict(), names=[thing.id])


def print_list(things: Listing[Any], output: Output) -> None:
    _print(output, table=things, data=[each.to_dict() for each in things], names=[str(each.id) for each in things])


def print_value(value: ShownValue, output: Output, *, name: str) -> None:
    _print(output, table=value, data=value.to_dict(), names=[name])


def print_facts(facts: dict[str, Any], output: Output, *, name: str) -> None:
    from macropod.terminal import facts_table

    table = facts_table((key.replace("_", " "), str(value)) for key, value in facts.items())
    _print(output, table=table, data=facts, names=[name])


def write(lines: Sequence[str]) -> None:
    """Print lines as they are, colours of theirs included."""
    sys.stdout.writelines(f"{each}\n" for each in lines)
    sys.stdout.flush()


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _print(output: Output, *, table: Any, data: Any, names: list[str]) -> None:
    if output is Output.TABLE:
        _print_table(table)
    elif output is Output.JSON:
        write([json.dumps(data, indent=2, ensure_ascii=False)])
    elif output is Output.JSONL:
        write([json.dumps(each, ensure_ascii=False) for each in (data if isinstance(data, list) else [data])])
    else:
        write(names)


def _print_table(table: Any) -> None:
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else _WIDE_ENOUGH_FOR_ANY_ROW).print(table)
