"""`macropod task …`: make tasks, see them, run, pause and kill them."""

from typing import Annotated, Any

import typer

from macropod.cli.endings import stay
from macropod.cli.options import (
    DEBUG_OPTION,
    PAUSE_OPTION,
    RETRY_OPTIONS,
    SCHEDULE_OPTIONS,
    TASK_OPTIONS,
    GroupedCommand,
    check_plan,
    taking,
)
from macropod.cli.output import Output, OutputOption, print_list, print_thing, say
from macropod.cli.session import connect
from macropod.cli.values import (
    FollowOption,
    LimitOption,
    ReasonOption,
    ScheduleArgument,
    TaskArgument,
    WaitOption,
    WaitTimeoutOption,
    ZoneOption,
    check_is_waiting,
    read_arguments,
    read_whole_seconds,
)

app = typer.Typer(
    help="Have orchestrations run once, on a schedule or continuously, and stop that.", no_args_is_help=True
)

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


@app.command("run-once", cls=GroupedCommand)
@taking(DEBUG_OPTION | RETRY_OPTIONS | TASK_OPTIONS)
def run_once(
    context: typer.Context,
    orchestration: OrchestrationArgument,
    name: NameOption,
    *,
    json_args: ArgumentsOption = "{}",
    timeout: TimeoutOption = None,
    wait: WaitOption = False,
    follow: FollowOption = False,
    wait_timeout: WaitTimeoutOption = None,
    output: OutputOption = Output.TABLE,
    options: Any,
) -> None:
    """Run an orchestration once."""
    check_is_waiting(wait_timeout, waits=wait or follow, by="--wait or --follow")
    task = connect(context).get_orchestration(orchestration).run_once(name, json_args, timeout, **options)
    if not wait and not follow:
        print_thing(task, output)
        return
    [run] = task.last_runs(limit=1)
    say(f"Made task {task.id} with run {run.id}.")
    stay(run, output, follow=follow, seconds=wait_timeout)


@app.command(cls=GroupedCommand)
@taking(DEBUG_OPTION | RETRY_OPTIONS | TASK_OPTIONS | PAUSE_OPTION | SCHEDULE_OPTIONS)
def schedule(
    context: typer.Context,
    orchestration: OrchestrationArgument,
    schedule: ScheduleArgument = None,
    *,
    name: NameOption,
    json_args: ArgumentsOption = "{}",
    timeout: TimeoutOption = None,
    timezone: ZoneOption = None,
    output: OutputOption = Output.TABLE,
    options: Any,
) -> None:
    """Run an orchestration whenever a schedule says so, or at equal distances."""
    check_plan(schedule, options)
    found = connect(context).get_orchestration(orchestration)
    task = found.run_scheduled(name, schedule or None, json_args, timeout, timezone=timezone, **options)
    print_thing(task, output)


@app.command("run-continuously", cls=GroupedCommand, context_settings={"allow_extra_args": True})
@taking(DEBUG_OPTION | TASK_OPTIONS | PAUSE_OPTION)
def run_continuously(
    context: typer.Context,
    orchestration: OrchestrationArgument,
    *,
    name: NameOption,
    json_args: ArgumentsOption = "{}",
    timeout: TimeoutOption = None,
    schedule: Annotated[str | None, typer.Option(hidden=True)] = None,
    output: OutputOption = Output.TABLE,
    options: Any,
) -> None:
    """Run an orchestration, and again whenever it has ended, until the task is killed."""
    if schedule or context.args:
        raise typer.BadParameter("A continuous task takes no schedule; use `macropod task schedule`.")
    found = connect(context).get_orchestration(orchestration)
    print_thing(found.run_continuously(name, json_args, timeout=timeout, **options), output)


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
def run(
    context: typer.Context,
    task: TaskArgument,
    wait: WaitOption = False,
    follow: FollowOption = False,
    wait_timeout: WaitTimeoutOption = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Run a task now, besides what its schedule says, and show the run."""
    check_is_waiting(wait_timeout, waits=wait or follow, by="--wait or --follow")
    made = connect(context).get_task_by_id(task).run()
    if not wait and not follow:
        print_thing(made, output)
        return
    say(f"Made run {made.id}.")
    stay(made, output, follow=follow, seconds=wait_timeout)


@app.command()
def pause(
    context: typer.Context, task: TaskArgument, reason: ReasonOption = None, output: OutputOption = Output.TABLE
) -> None:
    """Start nothing more of a task until it is resumed. What runs goes on."""
    found = connect(context).get_task_by_id(task)
    found.pause(reason)
    print_thing(found, output)


@app.command()
def resume(context: typer.Context, task: TaskArgument, output: OutputOption = Output.TABLE) -> None:
    """End the pause of a task."""
    found = connect(context).get_task_by_id(task)
    found.resume()
    print_thing(found, output)


@app.command()
def kill(context: typer.Context, task: TaskArgument, output: OutputOption = Output.TABLE) -> None:
    """Stop a task's schedule and end its runs. Answers at once; harmless to repeat."""
    found = connect(context).get_task_by_id(task)
    found.kill()
    print_thing(found, output)
