"""`python -m chaos.server STAGE PASSES serve …`: the server as it is, but it ends itself at this stage of its work.

Stage 0 is none. Waiting is done without `time.sleep`, which fails with EINVAL under libfaketime on Python 3.11.
"""

import sys
import threading
import time

from chaos.kill_points import STAGES, arm


def main() -> None:
    stage, passes, *words = sys.argv[1:]
    time.sleep = _wait  # type: ignore[assignment]
    from macropod_server import cli

    if stage != "0":
        arm(STAGES[int(stage)], passes=int(passes))
    sys.argv = ["macropod-server", *words]
    cli.main()


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)


if __name__ == "__main__":
    main()
