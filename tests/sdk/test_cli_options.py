"""What holds for the options of every command."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer
from macropod.cli.app import app

READ_BY_US = {"DURATION", "TIME", "SIZE", "DATE", "JSON", "END"}


def options(command: Any, *path: str) -> Iterator[Any]:
    for name, below in getattr(command, "commands", {}).items():
        yield from options(below, *path, name)
    for each in command.params:
        if each.metavar in READ_BY_US:
            yield pytest.param(each.default, id=" ".join((*path, each.name)))


@pytest.mark.parametrize("default", [*options(typer.main.get_command(app))])
def test_an_option_that_is_left_out_is_a_text_that_can_be_read_or_nothing(default: object) -> None:
    assert default is None or isinstance(default, str)
