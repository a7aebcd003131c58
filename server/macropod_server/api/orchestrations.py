"""Upload, list, read, download and delete orchestrations."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, StreamingResponse

from macropod_server.api.access import DepsDep, MayEdit, MayRead, Now
from macropod_server.api.downloads import stored_attachment
from macropod_server.api.schemas import OrchestrationOut, OrchestrationPage
from macropod_server.api.upload_form import read_form
from macropod_server.db import orchestrations
from macropod_server.db.paging import next_place
from macropod_server.domain.errors import NotFound
from macropod_server.domain.flavor import Flavor
from macropod_server.flows.delete_orchestration import delete_orchestration
from macropod_server.flows.receive_upload import Upload, receive_upload

router = APIRouter(prefix="/v1/orchestrations", tags=["orchestrations"])

_FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary", "description": "the zip"},
                    "name": {"type": "string", "description": "shown in lists", "example": "house prices"},
                    "flavor": {"type": "string", "enum": [*Flavor], "description": "default: that of the workspace"},
                },
            }
        }
    },
}


@router.post("", status_code=201, openapi_extra={"requestBody": _FORM})
async def upload(
    request: Request,
    deps: DepsDep,
    caller: MayEdit,
    now: Now,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> OrchestrationOut:
    """Upload a zip with a `main.py` in it. All problems of a zip that is refused are told at once."""
    with await run_in_threadpool(deps.storage.stage) as staging:
        form = await read_form(request, staging, max_bytes=deps.settings.upload_max_bytes)
        wish = Upload(caller.workspace_id, form.name, form.file_name, idempotency_key, caller.user_id, form.flavor)
        made = await run_in_threadpool(receive_upload, deps, wish, staging, now=now)
    return OrchestrationOut.model_validate(made)


@router.get("")
def list_orchestrations(
    deps: DepsDep,
    caller: MayRead,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: str | None = None,
) -> OrchestrationPage:
    """Newest first; `before` is the `next_before` of the page before."""
    with deps.database.read() as session:
        found = orchestrations.find(session, caller.workspace_id, limit=limit, before=before)
    return OrchestrationPage(
        items=[OrchestrationOut.model_validate(each) for each in found],
        next_before=next_place(found, "created_at", limit=limit),
    )


@router.get("/{orchestration_id}")
def show(orchestration_id: str, deps: DepsDep, caller: MayRead) -> OrchestrationOut:
    with deps.database.read() as session:
        found = orchestrations.get(session, orchestration_id, workspace_id=caller.workspace_id)
    return OrchestrationOut.model_validate(found)


@router.get("/{orchestration_id}/bundle", response_class=StreamingResponse)
def download(orchestration_id: str, deps: DepsDep, caller: MayRead) -> Response:
    """The very bytes that were uploaded."""
    with deps.database.read() as session:
        found = orchestrations.get(session, orchestration_id, workspace_id=caller.workspace_id)
    return stored_attachment(deps.storage, found.sha256, file_name=found.file_name or f"{found.id}.zip")


@router.get("/{orchestration_id}/lock", response_class=PlainTextResponse)
def lock(orchestration_id: str, deps: DepsDep, caller: MayRead) -> str:
    """The requirements with every version and hash fixed: what each run of it has installed."""
    with deps.database.read() as session:
        found = orchestrations.get(session, orchestration_id, workspace_id=caller.workspace_id)
        environment = orchestrations.environment(session, found.environment) if found.environment else None
    if environment is None:
        raise NotFound(f"Orchestration {found.id} has no lock: it has no requirements, or they are not packaged yet.")
    return environment.lock


@router.delete("/{orchestration_id}", status_code=204)
def delete(orchestration_id: str, deps: DepsDep, caller: MayEdit, now: Now) -> None:
    """Refused while a task that has not ended uses it. Runs and logs stay."""
    delete_orchestration(deps, orchestration_id, workspace_id=caller.workspace_id, now=now)
