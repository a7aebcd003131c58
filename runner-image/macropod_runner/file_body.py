"""A file as the body of a request, read anew for each try."""

from collections.abc import Callable, Iterator
from pathlib import Path

from macropod_runner.program import CouldNotStart

_BLOCK = 256 * 1024


class FileBody:
    """`look_up` is called between its blocks and may raise."""

    def __init__(self, path: Path, size: int, *, look_up: Callable[[], None]) -> None:
        self._path = path
        self._size = size
        self._look_up = look_up

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as file:
                while block := file.read(_BLOCK):
                    self._look_up()
                    yield block
        except OSError as error:
            raise CouldNotStart(f"The file {self._path} cannot be read: {error}.") from error
