"""The client: where programs made for Wallaroo begin."""

from __future__ import annotations

from typing import Any

import macropod

from .orchestrations import Orchestration
from .tasks import Task
from .workspaces import Workspaces

_UNNAMED = "orchestration"


class Client(Workspaces):
    """Logged in as the run it is in.

    Programs name an address, a way to log in and more here, in this order; in a run all of it is known, so
    none of it counts.
    """

    def __init__(
        self,
        api_endpoint: str | None = None,
        request_timeout: int | None = None,
        auth_type: str | None = None,
        *_: Any,
        **__: Any,
    ) -> None:
        self._macropod = macropod.Client()

    def in_task(self) -> bool:
        return macropod.in_task()

    def task_args(self) -> dict[str, Any]:
        """The arguments of the task, `{}` if there were none."""
        return macropod.task_args()

    def upload_orchestration(
        self,
        bytes_buffer: bytes | None = None,
        path: str | None = None,
        name: str | None = None,
        file_name: str | None = None,
    ) -> Orchestration:
        """A zip, as its bytes or by its path, which counts if both are given."""
        if path is not None:
            return Orchestration(self._macropod.upload_orchestration(path, name=name))
        made = self._macropod.upload_orchestration(
            bytes_buffer=bytes_buffer, name=name or file_name or _UNNAMED, file_name=file_name
        )
        return Orchestration(made)

    def list_orchestrations(
        self, workspace_id: int | None = None, workspace_name: str | None = None
    ) -> list[Orchestration]:
        """Those of the workspace of the run. Raises `ValueError` for another one."""
        self._check_is_own(workspace_id, workspace_name)
        return [Orchestration(each) for each in self._macropod.list_orchestrations()]

    def list_tasks(
        self, killed: bool = False, workspace_id: int | None = None, workspace_name: str | None = None
    ) -> list[Task]:
        """Those of the workspace of the run, killed ones only with `killed`. Raises `ValueError` for another."""
        self._check_is_own(workspace_id, workspace_name)
        found = self._macropod.list_tasks()
        return [Task(each) for each in found if killed or each.to_dict()["status"] != "killed"]

    def get_task_by_id(self, task_id: str) -> Task:
        return Task(self._macropod.get_task_by_id(task_id))

    def __repr__(self) -> str:
        return repr(self._macropod)

    def _check_is_own(self, workspace_id: int | None, workspace_name: str | None) -> None:
        if workspace_id is None and workspace_name is None:
            return
        own = self.get_current_workspace()
        if workspace_id not in (None, own.id()) or workspace_name not in (None, own.name()):
            asked = workspace_name if workspace_name is not None else workspace_id
            raise ValueError(f"This run sees the workspace {own.name()!r} and not {asked!r}.")
