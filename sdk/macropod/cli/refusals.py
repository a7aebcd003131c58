"""What the library of the command line finds wrong with a value, in the words of this program."""

from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperGroup

_SENTENCES = {
    "greater_than_equal": "{given} is too little; the least is {ge}.",
    "less_than_equal": "{given} is too much; the most is {le}.",
    "int_parsing": "{given} is not a whole number.",
    "float_parsing": "{given} is not a number.",
    "value_error": "{error}",
}


class Commands(TyperGroup):
    """All commands: a value that cannot be used is told with what was given."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            if findings := getattr(error.__cause__, "errors", None):
                error.message = _told(findings()[0]) or error.message
            raise


def _told(finding: Mapping[str, Any]) -> str | None:
    sentence = _SENTENCES.get(finding["type"])
    return sentence.format(given=repr(finding["input"]), **finding.get("ctx", {})) if sentence else None
