"""`macropod task …`"""

from typing import Annotated, Any

import typer

from macropod.cli.endings import exit_as, followed, leaving_alone
from macropod.cli.output import Output, OutputOption, print_list, print_thing, say, write
from macropod.cli.session import connect
from macropod.cli.values import (
    LimitOption,
    ScheduleArgument,
    WaitTimeoutOption,
    ZoneOption,
    check_is_waiting,
    read_arguments,
    read_whole_seconds,
)
from macropod.runs import Run

app = typer.Typer(help="Have orchestrations run, once or on a schedule, and stop that.", no_args_is_help=True)

TaskArgument = Annotated[str, typer.Argument(metavar="TASK", help="Id of a task.")]
OrchestrationArgument = Annotated[str, typer.Argument(metavar="ORCHESTRATION", help="Id of an orchestration.")]
NameOption = Annotated[str, typer.Option(metavar="NAME", help="What to call the task.")]
ArgumentsOption = Annotated[
    Any,
    typer.Option(parser=read_arguments, metavar="JSON", help="A JSON object for the run, or @FILE that holds one."),
]
TimeoutOption = Annotated[
    int | None,
    typer.Option(parser=read_whole_seconds, metavar="DURATION", help="When to end a run that goes on: 90, 10m, 2h."),
]


@app.command("run-once")
def run_once(
    context: typer.Context,
    orchestration: OrchestrationArgument,
    name: NameOption,
    json_args: ArgumentsOption = "{}",
    timeout: TimeoutOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end; exit as the run did.")] = False,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print its log meanwhile; exit as the run did.")
    ] = False,
    wait_timeout: WaitTimeoutOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Run an orchestration once."""
    check_is_waiting(wait_timeout, waits=wait or follow, by="--wait or --follow")
    task = connect(context).get_orchestration(orchestration).run_once(name, json_args, timeout)
    if not wait and not follow:
        print_thing(task, output)
        return
    [run] = task.last_runs(limit=1)
    say(f"Made task {task.id} with run {run.id}.")
    with leaving_alone(run):
        _print_log(run, output, seconds=wait_timeout) if follow else run.wait(wait_timeout)
    if not follow or output is not Output.TABLE:
        print_thing(run, output)
    exit_as(run)


@app.command()
def schedule(
    context: typer.Context,
    orchestration: OrchestrationArgument,
    schedule: ScheduleArgument,
    name: NameOption,
    json_args: ArgumentsOption = "{}",
    timeout: TimeoutOption = None,
    timezone: ZoneOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Run an orchestration whenever a schedule says so."""
    found = connect(context).get_orchestration(orchestration)
    task = found.run_scheduled(name, schedule, json_args, timeout, timezone=timezone)
    print_thing(task, output)


@app.command("list")
def list_(
    context: typer.Context,
    killed: Annotated[bool, typer.Option("--killed", help="Only those that were killed.")] = False,
    limit: LimitOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List tasks, the one updated last first."""
    print_list(connect(context).list_tasks(killed, limit=limit), output)


@app.command()
def show(context: typer.Context, task: TaskArgument, output: OutputOption = Output.TABLE) -> None:
    """Show all there is to know about a task."""
    print_thing(connect(context).get_task_by_id(task), output)


@app.command()
def kill(context: typer.Context, task: TaskArgument, output: OutputOption = Output.TABLE) -> None:
    """Stop a task's schedule and end its run. Answers at once; harmless to repeat."""
    found = connect(context).get_task_by_id(task)
    found.kill()
    print_thing(found, output)


def _print_log(run: Run, output: Output, *, seconds: float | None) -> None:
    tell = say if output is not Output.TABLE else lambda text: write([text])
    for line in followed(run, seconds=seconds):
        tell(line.text)
