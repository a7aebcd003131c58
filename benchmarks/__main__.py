"""`python -m benchmarks [NAME …] [--write]`: make the measurements, show their table, write `docs/performance.md`."""

import argparse
import sys
import textwrap

from rich.console import Console

from benchmarks import (
    docker_first_line,
    first_line,
    hundred_runs,
    idle_memory,
    million_lines,
    schedules,
    tail,
)
from benchmarks.figures import Figure
from benchmarks.machine import facts
from benchmarks.report import PAGE, method_of, page, terminal_table

_MODULES = (first_line, docker_first_line, hundred_runs, million_lines, tail, schedules, idle_memory)
MEASUREMENTS = {module.__name__.rpartition(".")[2]: module for module in _MODULES}


def main() -> int:
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.write and arguments.names:
        parser.error("--write makes the whole page, so it takes no names")
    names = arguments.names or list(MEASUREMENTS)
    figures = [figure for name in names for figure in _measured(name)]
    Console(width=None if sys.stdout.isatty() else 120).print(terminal_table(figures))
    if arguments.write:
        methods = {name: method_of(MEASUREMENTS[name]) for name in names}
        PAGE.write_text(page(figures, machine=facts(), methods=methods))
    return 0


def _measured(name: str) -> list[Figure]:
    print(f"{name} ...", file=sys.stderr, flush=True)
    figures: list[Figure] = MEASUREMENTS[name].measure()
    return figures


def _parser() -> argparse.ArgumentParser:
    described = (f"{name}\n{textwrap.indent(module.__doc__ or '', '  ')}" for name, module in MEASUREMENTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure a whole Macropod beside the same work done without it.",
        epilog="\n".join(["measurements:\n", *described]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", type=_name, metavar="NAME", help="one of those below; all when left out")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md too; takes all")
    return parser


def _name(text: str) -> str:
    if text not in MEASUREMENTS:
        raise argparse.ArgumentTypeError(f"there is no measurement {text!r}; there are {', '.join(MEASUREMENTS)}")
    return text


if __name__ == "__main__":
    sys.exit(main())
