"""Who did what, as the server noted it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from macropod.connection import Connection
from macropod.tables import NOTHING, Listing, moment
from macropod.values import Value

_PAGE = 500


@dataclass(frozen=True)
class AuditEntry(Value):
    """A change, or a sign-in that was refused.

    id        a number; later entries have greater ones
    actor     the e-mail address of who did it, or which run; of a refused sign-in who they said they are
    action    the part of the API and what was done there: "tasks.kill"
    outcome   "done" or "refused"
    object_kind, object_id   what it was done to, or what it made
    address   from where the call came
    facts     what else the call made, or why it was refused
    user_id, token_id, run_id, workspace_id   None where there is none
    at        an aware datetime
    """

    id: int
    at: datetime
    actor: str
    user_id: str | None
    token_id: str | None
    run_id: str | None
    action: str
    outcome: str
    workspace_id: int | None
    object_kind: str | None
    object_id: str | None
    address: str | None
    facts: Mapping[str, Any]

    def _row(self) -> list[str]:
        about = f"{self.object_kind} {self.object_id}" if self.object_id else NOTHING
        facts = (self.actor, self.action, self.outcome, about, self.address or NOTHING)
        return [str(self.id), moment(self.at), *facts]


class AuditEntryList(Listing[AuditEntry]):
    """Entries of the audit log: a list that shows as a table."""

    _dispensable = ("address", "id")

    _columns = ("id", "at", "actor", "action", "outcome", "object", "address")


def read_entries(connection: Connection, **wish: Any) -> Iterator[AuditEntry]:
    """Newest first, page after page, only as far as somebody reads."""
    before = None
    while True:
        page = connection.get("/v1/audit", limit=_PAGE, before=before, **wish)
        yield from map(AuditEntry._of, page["items"])
        before = page["next_before"]
        if before is None:
            return
