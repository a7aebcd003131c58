"""`python -m benchmarks.logs [NAME …] [--write]`: measure what logs promise, show it, write it into the page."""

import argparse
import os
import sys

from rich.console import Console

from benchmarks.figures import Figure
from benchmarks.logs import dropping, live, search
from benchmarks.machine import facts
from benchmarks.report import method_of, terminal_table, write_logs

_MODULES = (search, live, dropping)
MEASUREMENTS = {module.__name__.rpartition(".")[2]: module for module in _MODULES}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.logs", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASUREMENTS)}; all when left out")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md too; takes all")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(MEASUREMENTS):
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}; there are {', '.join(MEASUREMENTS)}")
    if arguments.write and arguments.names:
        parser.error("--write makes the whole table, so it takes no names")
    load, _, _ = os.getloadavg()
    figures = [figure for name in arguments.names or MEASUREMENTS for figure in _measured(name)]
    Console(width=None if sys.stdout.isatty() else 120).print(terminal_table(figures))
    if arguments.write:
        methods = {name: method_of(module) for name, module in MEASUREMENTS.items()}
        write_logs(figures, machine=facts() | {"load": f"{load:.0f} before it began"}, methods=methods)
    return 0


def _measured(name: str) -> list[Figure]:
    print(f"{name} ...", file=sys.stderr, flush=True)
    figures: list[Figure] = MEASUREMENTS[name].measure()
    return figures


if __name__ == "__main__":
    sys.exit(main())
