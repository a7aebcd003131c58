"""Words of the runner itself, for whoever reads the container's own log."""

import os
import select
from contextlib import suppress

_STDERR = 2
ASIDE = "macropod-runner: "
"""How each of them begins, so that nobody takes them for output of the run."""


def say_aside(sentence: str) -> None:
    """Left unsaid when it would have to wait for a reader."""
    with suppress(OSError):
        if select.select([], [_STDERR], [], 0)[1]:
            os.write(_STDERR, f"{ASIDE}{sentence}\n".encode(errors="replace")[: select.PIPE_BUF])
