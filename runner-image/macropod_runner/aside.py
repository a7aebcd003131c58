"""Words of the runner itself, for whoever reads the container's own log."""

import os
import select
from contextlib import suppress

_STDERR = 2


def say_aside(sentence: str) -> None:
    """Left unsaid when it would have to wait for a reader."""
    with suppress(OSError):
        if select.select([], [_STDERR], [], 0)[1]:
            os.write(_STDERR, f"{sentence}\n".encode(errors="replace")[: select.PIPE_BUF])
