"""A workspace: what owns orchestrations and tasks, who belongs to it, and the switch that pauses it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from macropod.answers import Answer
from macropod.connection import Connection as ServerConnection
from macropod.connection import identifier
from macropod.connections import Connection, ConnectionList, listed, path_of
from macropod.errors import NotFound
from macropod.members import Member, MemberList
from macropod.tables import Listing, moment
from macropod.values import ShownValue


@dataclass(frozen=True)
class Workspace(ShownValue):
    """A workspace, its id and name.

    role           what you are there: "viewer", "runner", "editor" or "owner"
    created_at     an aware datetime; `created_by` the id of the user who made it
    paused_at      since when all its tasks are paused, an aware datetime; None when they are not
    paused_by      the e-mail address of who paused it, or the run; `pause_reason` why
    archived_at    since when it can be read only, an aware datetime; None when it can be changed
    """

    id: int
    name: str
    created_at: datetime
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    archived_at: datetime | None
    created_by: str | None
    role: str
    _server: ServerConnection | None = field(default=None, repr=False, compare=False)

    @classmethod
    def _at(cls, server: ServerConnection, answer: Answer) -> Self:
        """Its own calls act in it, wherever those of the client act."""
        read = cls._of(answer)
        return replace(read, _server=server.within(read.id))

    def members(self) -> MemberList:
        """Who belongs to it, by e-mail address."""
        return MemberList(map(Member._of, self._asked.get(self._members)["items"]))

    def add_user(self, email: str, role: str = "editor") -> Member:
        """Let somebody who has an account belong to it; for owners.

        `role` is "viewer", "runner", "editor" or "owner". Raises `NotFound` for who has no account, `Conflict` for
        who belongs to it already as something else.
        """
        return Member._of(self._asked.post(self._members, json={"email": email, "role": role}))

    def set_role(self, email: str, role: str) -> Member:
        """Let a member be something else; for owners. Raises `NotFound`, and `Conflict` for the last owner."""
        return Member._of(self._asked.put(self._member(email), json={"role": role}))

    def remove_user(self, email: str) -> None:
        """Let somebody belong to it no more; for owners, but anybody may leave. Raises `NotFound`, and `Conflict` for
        the last owner.
        """
        self._asked.delete(self._member(email))

    def add_connection(self, connection: Connection | str) -> Connection:
        """Let runs of this workspace use a connection, given or by its name. Raises `NotFound`."""
        return Connection._at(self._asked, self._asked.post(f"{path_of(connection)}/link"))

    def remove_connection(self, connection: Connection | str) -> Connection:
        """Runs of this workspace cannot use it any more. Raises `NotFound`."""
        return Connection._at(self._asked, self._asked.post(f"{path_of(connection)}/unlink"))

    def list_connections(self) -> ConnectionList:
        """The connections that runs of this workspace may use, by name."""
        return listed(self._asked, linked=True)

    def rename(self, name: str) -> Workspace:
        """The workspace under its new name; for owners. Raises `Conflict` when that is taken."""
        return self._changed(name=name)

    def set_default_flavor(self, flavor: str) -> Workspace:
        """What is uploaded to it without a flavor has this one from now on, "plain" or "data"; for owners."""
        return self._changed(default_flavor=flavor)

    def archive(self) -> Workspace:
        """Let it only be read from now on; for owners. It is paused, and what runs goes on to its end."""
        return self._changed(archived=True)

    def unarchive(self) -> Workspace:
        """Let it be changed again; for owners. It stays paused until `client.resume_all()`."""
        return self._changed(archived=False)

    def _changed(self, **change: Any) -> Workspace:
        return self._at(self._asked, self._asked.patch(f"/v1/workspaces/{self.id}", json=change))

    @property
    def _members(self) -> str:
        return f"/v1/workspaces/{self.id}/members"

    def _member(self, email: str) -> str:
        found = [each.user_id for each in self.members() if each.email == email.strip().lower()]
        if not found:
            raise NotFound(f"{email} does not belong to workspace {self.name!r}.")
        return f"{self._members}/{identifier(found[0])}"

    @property
    def _asked(self) -> ServerConnection:
        assert self._server is not None
        return self._server

    def _facts(self) -> list[tuple[str, str]]:
        facts = [("id", str(self.id)), ("name", self.name), ("role", self.role)]
        facts.append(("paused", str(self.paused_at is not None)))
        if self.paused_at:
            facts.append(("paused at", moment(self.paused_at)))
        more = (("paused by", self.paused_by), ("pause reason", self.pause_reason))
        facts.extend((name, value) for name, value in more if value)
        return [*facts, ("archived at", moment(self.archived_at))] if self.archived_at else facts

    def _row(self) -> list[str]:
        return [str(self.id), self.name, self.role, moment(self.paused_at), moment(self.archived_at)]


class WorkspaceList(Listing[Workspace]):
    """A list of workspaces that shows as a table."""

    _columns = ("Id", "Name", "Role", "Paused", "Archived")
    _dispensable = ("Archived", "Paused")
