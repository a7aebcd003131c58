"""The options of commands that print a log."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from macropod.cli.values import read_moment


class Stream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"
    SYSTEM = "system"


class Level(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Format(StrEnum):
    TEXT = "text"
    JSONL = "jsonl"


FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run's end; exit as it did.")]
TailOption = Annotated[int | None, typer.Option(min=1, metavar="NUMBER", help="Begin with the last so many lines.")]
SinceOption = Annotated[
    datetime | None,
    typer.Option(
        parser=read_moment,
        metavar="TIME",
        help="Begin at a time, or so long ago: 2026-01-02T03:04Z, 90s, 10m, 2h, 1d.",
    ),
]
TimestampsOption = Annotated[
    bool, typer.Option("--timestamps", help="Put before each line when it was printed, in UTC.")
]
StreamOption = Annotated[Stream | None, typer.Option(metavar="|".join(Stream), help="Only what was printed there.")]
LevelOption = Annotated[
    Level | None, typer.Option(metavar="|".join(Level), help="Only lines that tell this level or a graver one.")
]
CollapseOption = Annotated[
    bool, typer.Option("--collapse-progress", help="Of progress bars only the end, as on a terminal.")
]
RawOption = Annotated[
    bool, typer.Option("--raw", help="Lines as they were printed; on a terminal no more of their codes than colours.")
]
UnfoldOption = Annotated[bool, typer.Option("--unfold", help="All frames of tracebacks, not only those of your code.")]
ToOption = Annotated[Path, typer.Option(metavar="PATH", help="File to write, or folder to write it into.")]
FormatOption = Annotated[
    Format, typer.Option(metavar="|".join(Format), help="What was printed, or a JSON object a line.")
]
GzipOption = Annotated[bool, typer.Option("--gzip", help="Compress it.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")]
