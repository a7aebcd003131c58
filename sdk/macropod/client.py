"""The client: where every use of a server begins."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self

from macropod import inside
from macropod.arguments import checked_moment, checked_name, checked_seconds
from macropod.audit_log import AuditEntry, read_entries
from macropod.connection import Connection, segment
from macropod.credentials import Credentials, find_credentials
from macropod.errors import Invalid
from macropod.events import Event, read_events
from macropod.line_wish import LevelName, StreamName
from macropod.log_search import FoundLine, search
from macropod.log_usage import LogUsage
from macropod.naming import naming
from macropod.option_values import checked_count, checked_flag
from macropod.options import NAMES, checked_plan, checked_values
from macropod.orchestrations import Orchestration, OrchestrationList
from macropod.people_of_client import PeopleOfClient
from macropod.pools import Pool, PoolList
from macropod.runs import Run, RunList
from macropod.schedules import SchedulePreview, read_preview
from macropod.secrets_of_client import SecretsOfClient
from macropod.server import Server, read_server
from macropod.tasks import Task, TaskList
from macropod.uploading import checked_source, upload
from macropod.workspace import Workspace

if TYPE_CHECKING:
    import httpx2


class Client(PeopleOfClient, SecretsOfClient):
    """A server and a token it knows.

    `url` and `token` that are not given come from MACROPOD_URL and MACROPOD_TOKEN (inside a run: those of the
    run), else from the file that `macropod login` or a server started by the same user wrote. `workspace` is the name
    or id of the one to act in; not given it comes from MACROPOD_WORKSPACE, from `macropod workspace use`, else it is
    that of the token. `http` is a ready `httpx2.Client` whose base address is the server's; then only `token` and
    `workspace` are used besides. Raises `NoCredentials` when it is not known whom to ask.

    Every method may raise `ConnectionFailed`, `Unauthorized`, `Forbidden`, `Unavailable` and
    `UnexpectedAnswer`. While the server is away, reads and calls that make something, other than workspaces, users and
    tokens, are tried again for some seconds; nothing is made twice by that.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        workspace: str | int | None = None,
        http: httpx2.Client | None = None,
    ) -> None:
        chosen = "" if workspace is None else str(workspace)
        if http is not None:
            found = Credentials(str(http.base_url).rstrip("/"), token or "", workspace=chosen)
        else:
            found = find_credentials(url, token, environ=os.environ, workspace=chosen)
            http = _open(found.url)
        self.url = found.url
        self._connection = Connection(http, token=found.token, token_origin=found.origin, workspace=found.workspace)

    def server(self) -> Server:
        """What the server says about itself: version, spawner, limits, and the workspace of the token."""
        return read_server(self.url, self._connection.get("/v1/info"))

    def upload_orchestration(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        bytes_buffer: bytes | BinaryIO | None = None,
        name: str | None = None,
        file_name: str | None = None,
        flavor: Literal["plain", "data"] | None = None,
    ) -> Orchestration:
        """Upload a zip file, a folder (zipped here, but for what `.macropodignore` names) or named bytes.

        `flavor` is what its runs find besides their requirements: nothing ("plain"), or requests, pandas, pyarrow and
        numpy ("data"); None: as the workspace has it.

        Returns as soon as the server took it in; its requirements are installed afterwards
        (`Orchestration.wait` waits for that). Raises `Invalid` with all problems of what was given, and
        `TooLarge` before sending it.
        """
        source = checked_source(path, bytes_buffer=bytes_buffer, name=name, file_name=file_name, flavor=flavor)
        answer = upload(self._connection, source, max_bytes=self.server().limits.upload_max_bytes)
        return Orchestration(self._connection, answer)

    def list_orchestrations(self, *, limit: int | None = None) -> OrchestrationList:
        """Every orchestration of the workspace, or at most `limit`, newest first."""
        answers = self._connection.items("/v1/orchestrations", limit=limit)
        return OrchestrationList(Orchestration(self._connection, each) for each in answers)

    def get_orchestration(self, id: str) -> Orchestration:  # noqa: A002
        """The orchestration with this id. Raises `NotFound`."""
        return Orchestration._get(self._connection, id)

    def list_tasks(self, killed: bool = False, *, limit: int | None = None) -> TaskList:
        """Every task of the workspace, the one updated last first; `killed=True`: only those killed."""
        answers = self._connection.items("/v1/tasks", limit=limit, killed=killed)
        return TaskList(Task(self._connection, each) for each in answers)

    def get_task_by_id(self, id: str) -> Task:  # noqa: A002
        """The task with this id. Raises `NotFound`."""
        return Task._get(self._connection, id)

    def list_runs(
        self,
        *,
        status: str | None = None,
        kind: Literal["task", "packaging"] | None = None,
        limit: int | None = None,
    ) -> RunList:
        """Every run of the workspace, packaging too, or those of one status or kind, newest first."""
        answers = self._connection.items("/v1/runs", limit=limit, status=status, kind=kind)
        return RunList(Run(self._connection, each) for each in answers)

    def get_run(self, id: str) -> Run:  # noqa: A002
        """The run with this id, which is also its pod id. Raises `NotFound`."""
        return Run._get(self._connection, id)

    def audit_log(
        self,
        *,
        everywhere: bool = False,
        actor: str | None = None,
        action: str | None = None,
        object_id: str | None = None,
        outcome: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[AuditEntry]:
        """Who changed what in the workspace, newest first; for its owners. With `everywhere`, for admins, that of all
        workspaces and sign-ins that were refused.

        `action` is one such as "tasks.kill", or the beginning of some ("tasks."); `outcome` "done" or "refused".
        """
        span = {"since": checked_moment("since", since), "until": checked_moment("until", until)}
        wish = {"actor": actor, "action": action, "object_id": object_id, "outcome": outcome} | span
        return read_entries(self._connection, everywhere=checked_flag("everywhere", everywhere), **wish)

    def search_logs(
        self,
        text: str,
        *,
        task: Task | str | None = None,
        run: Run | str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        stream: StreamName | None = None,
        level: LevelName | None = None,
        status: str | None = None,
        regex: bool = False,
        ignore_case: bool = False,
        context: int = 0,
        limit: int | None = None,
    ) -> Iterator[FoundLine]:
        """Lines that hold `text`, of all runs of the workspace: the newest run first, in each the last line first.

        With `regex` the text is a regular expression of RE2; every line is looked at by itself. `task` and `run`
        (or their ids) and `status` pick runs; `stream`, `level` (that or a graver one), `since` (included) and
        `until` (excluded), aware datetimes, pick lines. `context` (up to 20) asks for so many lines before and after
        each. The server is asked only as far as you read. Raises `Invalid` naming what cannot be used and why,
        `NotFound` for an unknown task or run.
        """
        span = {"since": checked_moment("since", since), "until": checked_moment("until", until)}
        runs = {"task_id": getattr(task, "id", task), "run_id": getattr(run, "id", run), "status": status}
        how = {"regex": checked_flag("regex", regex), "ignore_case": checked_flag("ignore_case", ignore_case)}
        checked_limit = None if limit is None else checked_count("limit", limit)
        context = checked_count("context", context, least=0)
        wish = {"text": text, "stream": stream, "level": level, "context": context} | span | runs | how
        return search(self._connection, limit=checked_limit, **wish)

    def log_usage(self, *, tasks: int = 10) -> LogUsage:
        """What the logs of ended runs take, what bounds them, and the `tasks` with most of it."""
        return LogUsage._of(self._connection.get("/v1/logs/usage", tasks=checked_count("tasks", tasks, least=0)))

    def preview_schedule(
        self,
        schedule: str | Collection[str] | None = None,
        timezone: str | None = None,
        after: datetime | None = None,
        count: int = 5,
        *,
        every: int | timedelta | None = None,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
        exclude: date | Collection[date] | None = None,
    ) -> SchedulePreview:
        """The next `count` (1 to 100) due moments of a schedule and how it reads in words.

        They come after `after`, an aware datetime; None stands for now. The rest is as in
        `Orchestration.run_scheduled`. Raises `Invalid` naming the field that is wrong and why.
        """
        order = checked_plan(schedule, every) | checked_values(starts_at=starts_at, ends_at=ends_at, exclude=exclude)
        when = {"timezone": timezone, "after": checked_moment("after", after), "count": count}
        with naming(NAMES | {"after": "after", "count": "count"}):
            answer = self._connection.get("/v1/schedules/preview", **order, **when)
        return read_preview(answer)

    def workspace(self) -> Workspace:
        """The workspace this client acts in, what you are there, and whether its tasks are paused."""
        return Workspace._at(self._connection, self._connection.get("/v1/workspace"))

    def pause_all(self, reason: str | None = None) -> Workspace:
        """Start nothing more in the workspace until `resume_all`; what runs goes on."""
        answer = self._connection.post("/v1/workspace/pause", json={"reason": reason} if reason else {})
        return Workspace._at(self._connection, answer)

    def resume_all(self, spread: int | timedelta = 60) -> Workspace:
        """End the pause. What comes due at once begins spread over so many seconds."""
        order = {"spread_seconds": checked_seconds("spread", spread, least=0)}
        with naming({"spread_seconds": "spread"}):
            return Workspace._at(self._connection, self._connection.post("/v1/workspace/resume", json=order))

    def events(self, after: int = 0, *, follow: bool = True) -> Iterator[Event]:
        """What happened in the workspace after the event with this id, in order, each once.

        Goes on without end as more happens, also while the server is away for up to five minutes; with
        `follow=False` it ends with what there is.
        """
        after = checked_count("after", after, least=0)
        return read_events(self._connection, after=after, follow=follow)

    def pools(self) -> PoolList:
        """The locks of the workspace that were given a size or are held now, by name, and who holds them."""
        return PoolList(map(Pool._of, self._connection.get("/v1/pools")["items"]))

    def set_pool(self, name: str, size: int) -> Pool:
        """Let `size` runs hold the lock of this name at once. Those that hold it already keep it."""
        return Pool._of(self._connection.put(_pool(name), json={"size": checked_count("size", size)}))

    def remove_pool(self, name: str) -> None:
        """Let only one run at a time hold the lock of this name, as if it had never been given a size.

        Raises `NotFound` when it was given none.
        """
        self._connection.delete(_pool(name))

    def in_task(self) -> bool:
        """The same as `macropod.in_task()`."""
        return inside.in_task()

    def task_args(self) -> dict[str, Any]:
        """The same as `macropod.task_args()`. Raises `NotInTask`."""
        return inside.task_args()

    def close(self) -> None:
        """Close the connections to the server. The client cannot be used afterwards."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client(url={self.url!r})"


def _pool(name: str) -> str:
    return f"/v1/pools/{segment(checked_name(name))}"


def _open(url: str) -> httpx2.Client:
    import httpx2

    try:
        return httpx2.Client(base_url=url)
    except httpx2.InvalidURL as error:
        raise Invalid.field("url", f"{url!r} is not the address of a server: {error}.") from error
