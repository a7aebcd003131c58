"""`macropod run …`"""

import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from macropod.cli.endings import exit_as, leaving_alone, stay
from macropod.cli.output import Output, OutputOption, print_facts, print_list, print_thing, print_value, say, write
from macropod.cli.session import connect
from macropod.cli.values import (
    FollowOption,
    LimitOption,
    WaitOption,
    WaitTimeoutOption,
    check_is_waiting,
    read_moment,
)
from macropod.logs import LogLine, LogLines
from macropod.runs import Run, StreamName

app = typer.Typer(help="See runs, read what they print, wait for their end, repeat or end them.", no_args_is_help=True)

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="Id of a run, also its pod id.")]


class Status(StrEnum):
    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    SUCCESS = "success"
    FAILURE = "failure"
    TIMED_OUT = "timed_out"
    KILLED = "killed"
    LOST = "lost"


class Stream(StrEnum):
    STDOUT = "stdout"
    STDERR = "stderr"
    SYSTEM = "system"


class Format(StrEnum):
    TEXT = "text"
    JSONL = "jsonl"


FollowLogOption = Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run's end; exit as it did.")]
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
ToOption = Annotated[
    Path | None, typer.Option(metavar="PATH", help="Write the whole log to a file, or into a folder, instead.")
]
FormatOption = Annotated[
    Format, typer.Option(metavar="|".join(Format), help="With --to: what was printed, or a JSON object a line.")
]
GzipOption = Annotated[bool, typer.Option("--gzip", help="With --to: compress it.")]
ForceOption = Annotated[bool, typer.Option("--force", help="With --to: replace the file if it is there.")]


@app.command("list")
def list_(
    context: typer.Context,
    task: Annotated[str | None, typer.Option(metavar="TASK", help="Only runs of the task with this id.")] = None,
    status: Annotated[Status | None, typer.Option(metavar="|".join(Status), help="Only runs of this status.")] = None,
    limit: LimitOption = 100,
    output: OutputOption = Output.TABLE,
) -> None:
    """List runs, newest first."""
    client = connect(context)
    if task:
        print_list(client.get_task_by_id(task).last_runs(status or "all", limit), output)
    else:
        print_list(client.list_runs(status=status, limit=limit), output)


@app.command()
def show(context: typer.Context, run: RunArgument, output: OutputOption = Output.TABLE) -> None:
    """Show all there is to know about a run."""
    print_thing(connect(context).get_run(run), output)


@app.command()
def logs(
    context: typer.Context,
    run: RunArgument,
    follow: FollowLogOption = False,
    tail: TailOption = None,
    since: SinceOption = None,
    timestamps: TimestampsOption = False,
    stream: StreamOption = None,
    to: ToOption = None,
    format: FormatOption = Format.TEXT,  # noqa: A002
    gzip: GzipOption = False,
    force: ForceOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Print the log of a run, or write all of it to a file."""
    if follow and output is Output.JSON:
        raise typer.BadParameter("A log that is followed has no end to close JSON with; use jsonl.")
    name: StreamName | None = stream.value if stream else None
    found = connect(context).get_run(run)
    if to is not None:
        _check_is_whole(follow, tail, since, stream, timestamps)
        path = found.download_logs(to, format=format.value, gzip=gzip, overwrite=force)
        print_facts({"path": str(path)}, output, name=str(path))
        return
    if not follow:
        _print(found.logs(tail, stream=name, since=since), output, timestamps=timestamps)
        return
    with leaving_alone(found):
        _follow(found, tail, since=since, stream=name, output=output, timestamps=timestamps)
    exit_as(found)


@app.command()
def wait(
    context: typer.Context,
    run: RunArgument,
    timeout: WaitTimeoutOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Wait until a run has ended, show it and exit as it did."""
    found = connect(context).get_run(run)
    with leaving_alone(found):
        found.wait(timeout)
    print_thing(found, output)
    exit_as(found)


@app.command()
def rerun(
    context: typer.Context,
    run: RunArgument,
    wait: WaitOption = False,
    follow: FollowOption = False,
    wait_timeout: WaitTimeoutOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Run the same again, say what cannot be the same, and show the new run."""
    check_is_waiting(wait_timeout, waits=wait or follow, by="--wait or --follow")
    made = connect(context).get_run(run).rerun()
    for each in made.differences:
        say(f"Not the same: {each}")
    if not wait and not follow:
        print_thing(made, output)
        return
    say(f"Made run {made.id}.")
    stay(made, output, follow=follow, seconds=wait_timeout)


@app.command()
def kill(context: typer.Context, run: RunArgument, output: OutputOption = Output.TABLE) -> None:
    """End a run; its task goes on. Answers at once; harmless to repeat."""
    found = connect(context).get_run(run)
    found.kill()
    print_thing(found, output)


@app.command()
def lineage(context: typer.Context, run: RunArgument, output: OutputOption = Output.TABLE) -> None:
    """Show what made a run what it is: zip, requirements, image, arguments, who or what started it."""
    print_value(connect(context).get_run(run).lineage(), output, name=run)


def _check_is_whole(*choices: object) -> None:
    if any(choices):
        raise typer.BadParameter(
            "--to writes the whole log: it takes no --follow, --tail, --since, --stream or --timestamps."
        )


def _follow(
    run: Run,
    tail: int | None,
    *,
    since: datetime | None,
    stream: StreamName | None,
    output: Output,
    timestamps: bool,
) -> None:
    after = 0
    if tail or since:
        lines = run.logs(tail, stream=stream, since=since)
        _print(lines, output, timestamps=timestamps)
        after = lines.last_number
    for line in run.follow(after=after, stream=stream):
        write([_text(line, output, timestamps=timestamps)])


def _print(lines: LogLines, output: Output, *, timestamps: bool) -> None:
    if output is Output.JSON:
        write([json.dumps([each.to_dict() for each in lines], indent=2, ensure_ascii=False)])
    else:
        write([_text(each, output, timestamps=timestamps) for each in lines])


def _text(line: LogLine, output: Output, *, timestamps: bool) -> str:
    if output is Output.JSONL:
        return json.dumps(line.to_dict(), ensure_ascii=False)
    if output is Output.NAME:
        return str(line.number)
    return str(line) if timestamps else line.text
