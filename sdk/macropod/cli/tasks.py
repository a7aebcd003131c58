"""`macropod task …`"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from macropod.cli.endings import exit_as
from macropod.cli.output import Output, OutputOption, print_list, print_thing, say, write
from macropod.cli.session import connect
from macropod.tasks import Task

app = typer.Typer(help="Have orchestrations run, once or on a schedule, and stop that.", no_args_is_help=True)

TaskArgument = Annotated[str, typer.Argument(metavar="TASK", help="Id of a task.")]
OrchestrationArgument = Annotated[str, typer.Argument(metavar="ORCHESTRATION", help="Id of an orchestration.")]
NameOption = Annotated[str, typer.Option(help="What to call the task.")]
ArgumentsOption = Annotated[
    str, typer.Option(metavar="JSON", help="A JSON object for the run, or @FILE that holds one.")
]
TimeoutOption = Annotated[int | None, typer.Option(min=1, help="Seconds after which a run is ended.")]


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
    wait_timeout: Annotated[float | None, typer.Option(help="Seconds to --wait at most.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Run an orchestration once."""
    arguments = _read_arguments(json_args)
    task = connect(context).get_orchestration(orchestration).run_once(name, arguments, timeout)
    if not wait and not follow:
        print_thing(task, output)
        return
    say(f"Made task {task.id}.")
    if follow:
        _print_log(task, output)
    run = task.wait(wait_timeout)
    if not follow or output is not Output.TABLE:
        print_thing(run, output)
    exit_as(run)


@app.command()
def schedule(
    context: typer.Context,
    orchestration: OrchestrationArgument,
    schedule: Annotated[str, typer.Argument(help="Five cron fields such as '0 2 * * *', or @hourly.")],
    name: NameOption,
    json_args: ArgumentsOption = "{}",
    timeout: TimeoutOption = None,
    timezone: Annotated[str | None, typer.Option(help="IANA zone of the schedule; UTC if not given.")] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Run an orchestration whenever a schedule says so."""
    found = connect(context).get_orchestration(orchestration)
    task = found.run_scheduled(name, schedule, _read_arguments(json_args), timeout, timezone=timezone)
    print_thing(task, output)


@app.command("list")
def list_(
    context: typer.Context,
    killed: Annotated[bool, typer.Option("--killed", help="Only those that were killed.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Show at most so many.")] = None,
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


def _print_log(task: Task, output: Output) -> None:
    tell = say if output is not Output.TABLE else lambda text: write([text])
    for line in task.follow():
        tell(line.text)


def _read_arguments(text: str) -> Any:
    try:
        return json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{text!r} is not JSON: {error}", param_hint="--json-args") from None
