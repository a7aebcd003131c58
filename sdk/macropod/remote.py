"""What orchestrations, tasks and runs have in common: facts as attributes, and asking the server anew."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

from macropod.answers import Answer, fields, reading
from macropod.connection import Connection, identifier
from macropod.tables import html_facts

if TYPE_CHECKING:
    from rich.table import Table


class Remote(ABC):
    """A thing that lives on the server. Its attributes are facts as of the last answer about it."""

    _collection: ClassVar[str]
    id: str

    def __init__(self, connection: Connection, answer: Answer) -> None:
        self._connection = connection
        self._take(answer)

    @classmethod
    def _get(cls, connection: Connection, id_: str) -> Self:
        return cls(connection, connection.get(f"{cls._collection}/{identifier(id_)}"))

    def refresh(self) -> Self:
        """Ask the server anew, so that every attribute says how things stand now. Returns itself."""
        self._take(self._connection.get(self._path))
        return self

    def status(self) -> str:
        """The status now, asked from the server; the other attributes are brought up to date as well."""
        return self.refresh()._status

    def to_dict(self) -> dict[str, Any]:
        """All the server said about it the last time, as its REST API says it: times as ISO 8601 texts."""
        return dict(self._answer)

    @property
    def _path(self) -> str:
        return f"{self._collection}/{identifier(self.id)}"

    def _take(self, answer: Answer) -> None:
        self._answer = answer
        with reading(type(self).__name__.lower()):
            self._status: str = answer["status"]
            self._read(answer)

    def _read(self, answer: Answer) -> None:
        """Set each attribute from the field of its name."""
        vars(self).update(fields(type(self), answer))

    @abstractmethod
    def _facts(self) -> list[tuple[str, str]]:
        """What is shown when the object itself is shown: names and texts."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remote) and type(other) is type(self) and other.id == self.id

    def __hash__(self) -> int:
        return hash((type(self), self.id))

    def __rich__(self) -> Table:
        from macropod.terminal import facts_table

        return facts_table(self._facts())

    def _repr_html_(self) -> str:
        return html_facts(self._facts())
