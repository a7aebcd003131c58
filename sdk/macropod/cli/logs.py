"""`macropod logs …`: what many runs printed."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, TypedDict

import typer

from macropod.cli.log_options import LevelOption, StreamOption
from macropod.cli.output import Output, OutputOption, print_value, say, write
from macropod.cli.runs import Status
from macropod.cli.session import connect
from macropod.cli.values import read_moment
from macropod.line_wish import LevelName, StreamName
from macropod.log_search import FoundLine
from macropod.logs import LogLine
from macropod.terminal_text import for_terminal, plain

app = typer.Typer(help="Search what runs print, and see what it takes.", no_args_is_help=True)

_NOTHING_FOUND = 4
_MARK, _HEAD, _END = "\x1b[1;31m", "\x1b[1m", "\x1b[0m"


class _Runs(TypedDict):
    task: str | None
    run: str | None
    status: str | None


class _Lines(TypedDict):
    stream: StreamName | None
    level: LevelName | None
    since: datetime | None
    until: datetime | None
    context: int
    limit: int


TextArgument = Annotated[str, typer.Argument(metavar="TEXT", help="What to look for.")]
TaskOption = Annotated[str | None, typer.Option(metavar="TASK", help="Only in runs of the task with this id.")]
RunOption = Annotated[str | None, typer.Option(metavar="RUN", help="Only in the run with this id.")]
StatusOption = Annotated[Status | None, typer.Option(metavar="|".join(Status), help="Only in runs of this status.")]
SinceOption = Annotated[
    datetime | None,
    typer.Option(parser=read_moment, metavar="TIME", help="Printed at or after; so long ago: 10m, 2h, 7d."),
]
UntilOption = Annotated[datetime | None, typer.Option(parser=read_moment, metavar="TIME", help="Printed before.")]
RegexOption = Annotated[bool, typer.Option("--regex", "-E", help="TEXT is a regular expression of RE2.")]
CaseOption = Annotated[bool, typer.Option("--ignore-case", "-i", help="Upper and lower case are the same.")]
ContextOption = Annotated[
    int, typer.Option("--context", "-C", min=0, max=20, metavar="NUMBER", help="Show lines before and after too.")
]
LimitOption = Annotated[int, typer.Option(min=1, metavar="NUMBER", help="Show at most so many.")]
JsonOption = Annotated[bool, typer.Option("--json", help="The same as --output json.")]


@app.command()
def search(
    context: typer.Context,
    text: TextArgument,
    task: TaskOption = None,
    run: RunOption = None,
    status: StatusOption = None,
    stream: StreamOption = None,
    level: LevelOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    regex: RegexOption = False,
    ignore_case: CaseOption = False,
    around: ContextOption = 0,
    limit: LimitOption = 100,
    as_json: JsonOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Find lines in the logs of all runs, those of the newest run first. Exits with 4 when there are none."""
    client = connect(context)
    stream_name: StreamName | None = stream.value if stream else None
    runs: _Runs = {"task": task, "run": run, "status": status}
    level_name: LevelName | None = level.value if level else None
    lines: _Lines = {
        "stream": stream_name,
        "level": level_name,
        "since": since,
        "until": until,
        "context": around,
        "limit": limit,
    }
    found = client.search_logs(text, regex=regex, ignore_case=ignore_case, **runs, **lines)
    count = _print(found, Output.JSON if as_json else output)
    if not count:
        say("Nothing was found.")
        raise typer.Exit(_NOTHING_FOUND)
    if count == limit:
        say(f"These are the first {limit}; --limit shows more.")


@app.command()
def usage(
    context: typer.Context,
    tasks: Annotated[int, typer.Option(min=0, max=1000, metavar="NUMBER", help="Name so many tasks.")] = 10,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show what the logs of ended runs take, what bounds them, and the tasks with most of it."""
    found = connect(context).log_usage(tasks=tasks)
    print_value(found, output, name=str(found.total.bytes))


def _print(found: Iterator[FoundLine], output: Output) -> int:
    """How many there were. All but JSON are printed as they are found."""
    if output is Output.JSON:
        lines = list(found)
        write([json.dumps([each.to_dict() for each in lines], indent=2, ensure_ascii=False)])
        return len(lines)
    is_marked = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    count, last = 0, None
    for each in found:
        write(_shown(each, last, output, is_marked=is_marked))
        count, last = count + 1, each
    return count


def _shown(line: FoundLine, last: FoundLine | None, output: Output, *, is_marked: bool) -> list[str]:
    if output is Output.JSONL:
        return [json.dumps(line.to_dict(), ensure_ascii=False)]
    if output is Output.NAME:
        return [f"{line.run_id}:{line.number}"]
    is_new = last is None or last.run_id != line.run_id
    head = [*([""] if last else []), *_heading(line, is_marked=is_marked)] if is_new else []
    gap = ["--"] if not is_new and (line.before or line.after) else []
    text = f"{line.number}: {_time(line)} {_marked(line) if is_marked else _shown_text(line.text)}"
    return [*head, *gap, *_around(line.before), text, *_around(line.after)]


def _heading(line: FoundLine, *, is_marked: bool) -> list[str]:
    text = f"run {line.run_id} of {_shown_text(line.task_name)}" if line.task_name else f"run {line.run_id}, packaging"
    return [f"{_HEAD}{text}{_END}" if is_marked else text]


def _around(lines: Iterable[LogLine]) -> list[str]:
    return [f"{line.number}- {_time(line)} {_shown_text(line.text)}" for line in lines]


def _time(line: LogLine) -> str:
    return line.removesuffix(f" {line.text}")


def _marked(line: FoundLine) -> str:
    parts, place = list[str](), 0
    for start, end in line.spans:
        parts += [_shown_text(line.text[place:start]), _MARK, _shown_text(line.text[start:end]), _END]
        place = end
    return "".join([*parts, _shown_text(line.text[place:])])


def _shown_text(text: str) -> str:
    """No colours, which a mark would get mixed up with, and nothing that moves or sets anything."""
    return for_terminal(plain(text))
