"""Reads server-sent events. Written by hand because older releases of the HTTP library have no reader."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """One message: the name of its event, its data as text, and its id, empty without one."""

    name: str
    data: str
    id: str = ""


def read_messages(chunks: Iterable[bytes]) -> Iterator[Message]:
    """The messages in a stream of bytes cut anywhere. One that was cut off at the end is left out."""
    name, data, number = "message", list[str](), ""
    for line in _lines(chunks):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield Message(name, "\n".join(data), number)
            name, data, number = "message", [], ""
        elif field == "event":
            name = value
        elif field == "id":
            number = value
        elif field == "data":
            data.append(value)


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    rest: list[bytes] = []
    for chunk in chunks:
        *whole, last = chunk.split(b"\n")
        for piece in whole:
            yield b"".join([*rest, piece]).decode("utf-8", "replace").removesuffix("\r")
            rest = []
        rest.append(last)
