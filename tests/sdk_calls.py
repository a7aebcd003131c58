"""Runs a command of the command line: its exit code, what is on stdout, what is on stderr."""

from collections.abc import Callable

Call = Callable[..., tuple[int, str, str]]
