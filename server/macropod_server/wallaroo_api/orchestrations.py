"""Upload, list, read, download and delete orchestrations."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field, ValidationError
from sqlmodel import Session

from macropod_server.api.access import DepsDep, Now, no_token
from macropod_server.api.downloads import stored_attachment
from macropod_server.api.upload_form import Parts, read_parts
from macropod_server.db import access, listed, orchestrations
from macropod_server.db.tables import Orchestration
from macropod_server.domain.errors import Invalid
from macropod_server.domain.roles import Role
from macropod_server.domain.texts import check_name
from macropod_server.flows.delete_orchestration import check_may_go, delete_orchestration
from macropod_server.flows.identify import identify
from macropod_server.flows.receive_upload import Upload, receive_upload
from macropod_server.storage.base import Staging
from macropod_server.wallaroo_api.calling import Call, CallDep, WorkspaceId, note_about
from macropod_server.wallaroo_api.refusals import WallarooRoute
from macropod_server.wallaroo_api.shapes import Made, OrchestrationShape, TaskShape, WorkspaceShape, first_admin_id
from macropod_server.wallaroo_api.tasks import task_shapes

router = APIRouter(prefix="/v1/api/orchestration", tags=["orchestrations"], route_class=WallarooRoute)

MOST_LISTED = 1000
_bearer = HTTPBearer(auto_error=False)


class Metadata(BaseModel):
    workspace_id: WorkspaceId
    name: str | None = None


class ById(BaseModel):
    id: str


class ListWish(BaseModel):
    workspace_ids: list[WorkspaceId] = Field(default=[], max_length=MOST_LISTED)


class OfWorkspace(BaseModel):
    workspace_id: WorkspaceId


class DeleteWish(BaseModel):
    orchestrations: list[str] = Field(max_length=MOST_LISTED)
    confirm_delete: bool = False


class Listed(BaseModel):
    orchestration: OrchestrationShape
    tasks: list[TaskShape]
    workspace: WorkspaceShape


class ListedAll(BaseModel):
    orchestrations: list[Listed]


class Freed(BaseModel):
    bytes: int


@router.post("/upload", status_code=202)
async def upload(request: Request, call: CallDep) -> Made:
    """A zip that cannot be used is refused here and now, with all its problems."""
    with await run_in_threadpool(call.deps.storage.stage) as staging:
        most = call.deps.settings.upload_max_bytes
        parts = await read_parts(request, staging, max_bytes=most, fields=("metadata",))
        return await run_in_threadpool(_receive, call, parts, staging)


def _receive(call: Call, parts: Parts, staging: Staging) -> Made:
    told = _metadata(parts.fields.get("metadata"))
    call.within(Role.EDITOR, told.workspace_id)
    name = check_name("name", told.name) if told.name else None
    wish = Upload(told.workspace_id, name, parts.file_name, owner_id=call.identity.user_id)
    return Made(id=receive_upload(call.deps, wish, staging, now=call.now).id)


def _metadata(text: str | None) -> Metadata:
    if text is None:
        raise Invalid.field("metadata", "The form has no part named `metadata`, which says the workspace.")
    try:
        return Metadata.model_validate_json(text)
    except ValidationError:
        sentence = 'The part `metadata` is not like {"workspace_id": 1, "name": "a name"}.'
        raise Invalid.field("metadata", sentence) from None


@router.post("/list_all")
def list_all(wish: ListWish, call: CallDep) -> ListedAll:
    """Oldest first, each with its tasks and workspace."""
    with call.deps.database.read() as session:
        found = listed.orchestrations(session, call.listed_workspaces(session, wish.workspace_ids), limit=MOST_LISTED)
        return ListedAll(orchestrations=_with_all(session, found))


@router.post("/list")
def list_of_workspace(wish: OfWorkspace, call: CallDep) -> list[OrchestrationShape]:
    call.within(Role.VIEWER, wish.workspace_id)
    with call.deps.database.read() as session:
        return shapes(session, *listed.orchestrations(session, [wish.workspace_id], limit=MOST_LISTED))


@router.post("/get_by_id")
def get_by_id(wish: ById, call: CallDep) -> OrchestrationShape:
    workspace_id = call.about(Role.VIEWER, orchestration_id=wish.id).workspace_id
    with call.deps.database.read() as session:
        return shapes(session, orchestrations.get(session, wish.id, workspace_id=workspace_id))[0]


@router.post("/delete_orchestrations")
def delete(wish: DeleteWish, call: CallDep) -> Freed:
    """Unless it is confirmed nothing is deleted, and what would be is told."""
    homes = {each: call.about(Role.EDITOR, orchestration_id=each).workspace_id for each in wish.orchestrations}
    with call.deps.database.read() as session:
        found = [orchestrations.get(session, each, workspace_id=home) for each, home in homes.items()]
        for each in found:
            check_may_go(session, each)
    for each in found if wish.confirm_delete else []:
        note_about(each.workspace_id, orchestration_id=each.id)
        delete_orchestration(call.deps, each.id, workspace_id=each.workspace_id, now=call.now)
    return Freed(bytes=sum(each.size_bytes for each in found))


def get_call_of_address(
    deps: DepsDep,
    now: Now,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    token: Annotated[str, Query()] = "",
) -> Call:
    """The token may be part of the address, for programs that send no headers."""
    if not (carried := bearer.credentials if bearer else token):
        raise no_token()
    return Call(deps, identify(deps, carried, now=now), now)


@router.get("/download", response_class=StreamingResponse)
def download(id: Annotated[str, Query()], call: Annotated[Call, Depends(get_call_of_address)]) -> Response:  # noqa: A002
    """The very bytes that were uploaded."""
    workspace_id = call.about(Role.VIEWER, orchestration_id=id).workspace_id
    with call.deps.database.read() as session:
        found = orchestrations.get(session, id, workspace_id=workspace_id)
    return stored_attachment(call.deps.storage, found.sha256, file_name=found.file_name or f"{found.id}.zip")


def shapes(session: Session, *found: Orchestration) -> list[OrchestrationShape]:
    first_admin = first_admin_id(session)
    return [OrchestrationShape.of(each, first_admin=first_admin) for each in found]


def _with_all(session: Session, found: list[Orchestration]) -> list[Listed]:
    first_admin = first_admin_id(session)
    homes = {each: access.workspace(session, each) for each in {each.workspace_id for each in found}}
    ids = {each.id for each in found}
    orders = listed.tasks(session, homes.keys(), orchestration_ids=ids, limit=MOST_LISTED)
    told = dict(zip((task.id for task in orders), task_shapes(session, orders), strict=True))
    return [
        Listed(
            orchestration=OrchestrationShape.of(each, first_admin=first_admin),
            tasks=[told[task.id] for task in orders if task.orchestration_id == each.id],
            workspace=WorkspaceShape.of(homes[each.workspace_id], first_admin=first_admin),
        )
        for each in found
    ]
