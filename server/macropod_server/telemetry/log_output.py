"""Where the server's log goes. A log that cannot be written is lost, and nothing else is."""

import os
from contextlib import suppress
from typing import TextIO


class UnfailingOutput:
    """A full disk or a reader that went away must not end a loop that only wanted to tell something."""

    def __init__(self, stream: TextIO) -> None:
        self._descriptor = stream.fileno()

    def write(self, text: str) -> int:
        with suppress(OSError):
            os.write(self._descriptor, text.encode(errors="backslashreplace"))
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""
