"""What the root fields of the schema answer. Unknown ids, and what is none of the caller's business, are null."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import GraphQLResolveInfo
from sqlmodel import Session

from macropod_server.api.access import get_account_holder, get_person, get_unbound_holder
from macropod_server.db import access, accounts, orchestrations
from macropod_server.domain.errors import NotFound
from macropod_server.domain.roles import Role
from macropod_server.flows.create_workspace import default_workspace, ensure_default_workspace
from macropod_server.wallaroo_api.calling import Call, note_about, note_action
from macropod_server.wallaroo_api.shapes import OrchestrationShape, WorkspaceShape, first_admin_id
from macropod_server.wallaroo_api.workspaces import removed

Told = dict[str, Any]


def _orchestration(_root: None, info: GraphQLResolveInfo, *, id: str) -> Told | None:  # noqa: A002
    call: Call = info.context
    try:
        workspace_id = call.about(Role.VIEWER, orchestration_id=id).workspace_id
        with call.deps.database.read() as session:
            found = orchestrations.get(session, id, workspace_id=workspace_id)
            return OrchestrationShape.of(found, first_admin=first_admin_id(session)).model_dump(mode="json")
    except NotFound:
        return None


def _workspace(_root: None, info: GraphQLResolveInfo, *, id: int) -> Told | None:  # noqa: A002
    call: Call = info.context
    with call.deps.database.read() as session:
        return _workspace_told(session, id) if accounts.role_of(session, call.identity, id) else None


def _default_workspace(_root: None, info: GraphQLResolveInfo, **_asked: Any) -> list[Told]:
    """That of whoever calls, whosever is asked for; none for somebody who has none yet."""
    call: Call = info.context
    workspace_id, user_id = call.identity.workspace_id, call.identity.user_id
    with call.deps.database.read() as session:
        if workspace_id is None or accounts.role_of(session, call.identity, workspace_id) is None:
            return []
        return [{"user_id": user_id, "workspace": _workspace_told(session, workspace_id)}]


def _make_default_workspace(_root: None, info: GraphQLResolveInfo, **_wanted: Any) -> Told:
    """For whoever calls, under the name it has here; the same one for whoever asks again."""
    call: Call = info.context
    workspace_id = _home(call) or _made_home(call)
    with call.deps.database.read() as session:
        return _workspace_told(session, workspace_id)


def _home(call: Call) -> int | None:
    """The one there is already."""
    who = call.identity
    with call.deps.database.read() as session:
        if not who.is_bound:
            found = default_workspace(session, who.user_id)
            return found.id if found else None
        return who.workspace_id if accounts.role_of(session, who, who.workspace_id) else None


def _made_home(call: Call) -> int:
    """By who may make workspaces."""
    holder = get_unbound_holder(get_account_holder(get_person(call.identity)))
    note_about(None)
    note_action("workspaces.create")
    made = ensure_default_workspace(call.deps, holder.user_id, now=call.now)
    assert made.id is not None
    return made.id


def _remove_members(_root: None, info: GraphQLResolveInfo, *, where: Told) -> Told:
    call: Call = info.context
    named = _equal(where)
    note_action("members.remove")
    return removed(call, named.get("workspace_id", 0), user_id=named.get("user_id")).model_dump()


def _equal(where: Told) -> Told:
    """The column and value of each comparison, also of those joined by `_and`."""
    compared = {column: told for column, told in where.items() if column != "_and" and told is not None}
    found = {column: told["_eq"] for column, told in compared.items() if told.get("_eq") is not None}
    for each in where.get("_and") or []:
        found |= _equal(each)
    return found


def _workspace_told(session: Session, workspace_id: int) -> Told:
    workspace = access.workspace(session, workspace_id)
    told = WorkspaceShape.of(workspace, first_admin=first_admin_id(session)).model_dump(mode="json")
    members = accounts.members(session, workspace_id)
    return told | {"users": [{"user_id": user.id} for _, user in members]}


FIELDS: Mapping[str, Callable[..., Any]] = {
    "orchestration_by_pk": _orchestration,
    "workspace_by_pk": _workspace,
    "user_default_workspace": _default_workspace,
    "insert_workspace_one": _make_default_workspace,
    "delete_workspace_users": _remove_members,
}
