"""Start the runner: `python -m macropod_runner`, or `python -I -S <this folder>` without an installation."""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.abspath(sys.path[0]))

from macropod_runner.entry import main

sys.exit(main(os.environ))
