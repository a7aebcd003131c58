"""What answers hold besides things with a life of their own: values that do not change, named as the server does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from macropod.answers import Answer, field_names, fields, reading
from macropod.tables import html_facts

if TYPE_CHECKING:
    from rich.table import Table


class Value:
    """Base of frozen dataclasses that are read from an answer: its attributes are the answer's fields."""

    def __init__(self, **_: Any) -> None: ...

    @classmethod
    def _of(cls, answer: Answer) -> Self:
        with reading(cls.__name__.lower()):
            return cls(**fields(cls, answer))

    def to_dict(self) -> dict[str, Any]:
        """As the REST API says it: times as ISO 8601 texts."""
        return {name: _plain(getattr(self, name)) for name in field_names(type(self))}


class ShownValue(Value, ABC):
    """One that is shown by itself, a fact a line."""

    @abstractmethod
    def _facts(self) -> list[tuple[str, str]]: ...

    def __rich__(self) -> Table:
        from macropod.terminal import facts_table

        return facts_table(self._facts())

    def _repr_html_(self) -> str:
        return html_facts(self._facts())


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
