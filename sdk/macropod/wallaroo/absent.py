"""What programs made for Wallaroo may ask for and this module does not have: each time one sentence that names it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_WHAT_TO_DO = (
    "Macropod's own module wallaroo does tasks, orchestrations, workspaces and connections; for pipelines, models and "
    "inference put wallaroo into requirements.txt and give its Client the address of a Wallaroo server."
)


class NotOffered(AttributeError):
    """This module has no such call. The message names it and says what to do."""

    def __init__(self, call: str) -> None:
        super().__init__(f"There is no {call} here: {_WHAT_TO_DO}")


class Offering:
    """Base of what is offered: whatever else it is asked for is named."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotOffered(f"wallaroo.{type(self).__name__}.{name}")


class _OtherModules(MetaPathFinder):
    """Comes last, so it is asked only for what is nowhere."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.startswith(f"{self.package}."):
            # Without its name: one that is named is taken for an attribute that is missing, and not told.
            raise ModuleNotFoundError(f"There is no wallaroo{fullname.removeprefix(self.package)} here: {_WHAT_TO_DO}")
        return None


def refuse_other_modules(package: str) -> None:
    """Have `from wallaroo.pipeline import Pipeline` and its like say what to do."""
    sys.meta_path.append(_OtherModules(package))
