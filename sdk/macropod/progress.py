"""What a person at a terminal sees on stderr while waiting: a bar for big uploads, a spinner otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import BinaryIO

_BAR_FROM_BYTES = 5_000_000
_unwatched: ContextVar[Callable[[str], None] | None] = ContextVar("unwatched", default=None)


@contextmanager
def upload_bar(file: BinaryIO, size: int, *, name: str) -> Iterator[BinaryIO]:
    """The file itself, or one that moves a bar as it is read when it is big and someone is watching."""
    if size <= _BAR_FROM_BYTES or not is_watched():
        yield file
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with (
        Progress(*columns, console=Console(stderr=True)) as progress,
        progress.wrap_file(file, total=size, description=f"Uploading {name}") as watched,
    ):
        yield watched


@contextmanager
def spinner(text: str) -> Iterator[Callable[[str], None]]:
    """A function that changes the text beside the spinner; nobody hears it when nobody is watching."""
    if not is_watched():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(Text(text)) as status:
        yield lambda news: status.update(Text(news))


@contextmanager
def telling_waits(tell: Callable[[str], None]) -> Iterator[None]:
    """What a queued run waits for is told in here without a terminal too, once whenever it changes."""
    told: set[str] = set()

    def tell_once(news: str) -> None:
        if news not in told:
            told.clear()
            told.add(news)
            tell(news)

    before = _unwatched.set(tell_once)
    try:
        yield
    finally:
        _unwatched.reset(before)


def tell_wait(news: str) -> None:
    tell = _unwatched.get()
    if tell and not is_watched():
        tell(news)


def has_listener() -> bool:
    return is_watched() or _unwatched.get() is not None


def is_watched() -> bool:
    """Whether stderr is a terminal, so that somebody may be looking."""
    return sys.stderr.isatty()
