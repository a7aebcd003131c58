"""`macropod run …`"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from macropod.cli import log_options
from macropod.cli.endings import exit_as, leaving_alone, stay
from macropod.cli.log_output import log_style, print_log
from macropod.cli.output import Output, OutputOption, print_facts, print_list, print_thing, print_value, say
from macropod.cli.session import connect
from macropod.cli.values import (
    FollowOption,
    LimitOption,
    WaitOption,
    WaitTimeoutOption,
    check_is_waiting,
)
from macropod.logs import LogLine
from macropod.runs import Run

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
    follow: log_options.FollowOption = False,
    tail: log_options.TailOption = None,
    since: log_options.SinceOption = None,
    timestamps: log_options.TimestampsOption = False,
    stream: log_options.StreamOption = None,
    level: log_options.LevelOption = None,
    collapse_progress: log_options.CollapseOption = False,
    raw: log_options.RawOption = False,
    unfold: log_options.UnfoldOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Print the log of a run."""
    if follow and output is Output.JSON:
        raise typer.BadParameter("A log that is followed has no end to close JSON with; use jsonl.")
    style = log_style(output, timestamps=timestamps, raw=raw, unfold=unfold, collapse_progress=collapse_progress)
    wish = style.wish() | {"stream": stream and stream.value, "level": level and level.value}
    found = connect(context).get_run(run)
    if not follow:
        print_log(found.logs(tail, since=since, **wish), style)
        return
    with leaving_alone(found):
        print_log(_followed(found, tail, since=since, wish=wish), style)
    exit_as(found)


@app.command("download-logs")
def download_logs(
    context: typer.Context,
    run: RunArgument,
    to: log_options.ToOption = Path(),
    format: log_options.FormatOption = log_options.Format.TEXT,  # noqa: A002
    gzip: log_options.GzipOption = False,
    force: log_options.ForceOption = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Write the whole log of a run to a file, and print where it is."""
    path = connect(context).get_run(run).download_logs(to, format=format.value, gzip=gzip, overwrite=force)
    print_facts({"path": str(path)}, output, name=str(path))


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
def pin(context: typer.Context, run: RunArgument, output: OutputOption = Output.TABLE) -> None:
    """Keep a run and its log, whatever retention says, until it is unpinned."""
    print_thing(connect(context).get_run(run).pin(), output)


@app.command()
def unpin(context: typer.Context, run: RunArgument, output: OutputOption = Output.TABLE) -> None:
    """Keep a run no longer than others."""
    print_thing(connect(context).get_run(run).unpin(), output)


@app.command()
def lineage(context: typer.Context, run: RunArgument, output: OutputOption = Output.TABLE) -> None:
    """Show what made a run what it is: zip, requirements, image, arguments, who or what started it."""
    print_value(connect(context).get_run(run).lineage(), output, name=run)


def _followed(run: Run, tail: int | None, *, since: datetime | None, wish: dict[str, Any]) -> Iterator[LogLine]:
    after = 0
    if tail or since:
        lines = run.logs(tail, since=since, **wish)
        yield from lines
        after = lines.last_number
    yield from run.follow(after=after, **wish)
