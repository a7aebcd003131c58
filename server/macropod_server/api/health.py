"""Whether the server lives and may be sent work, and what it is."""

from fastapi import APIRouter, Request

from macropod_server import __version__
from macropod_server.api.access import DepsDep, MayRead
from macropod_server.api.schemas import InfoOut, LimitsOut, WorkspaceOut
from macropod_server.db import access, spawners
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.spawner_choice import left_alone

router = APIRouter(tags=["health"])
probes = APIRouter(tags=["health"])


@probes.get("/health/live")
async def live() -> dict[str, str]:
    """The process answers; whether what it needs is there, `/health/ready` says."""
    return {"status": "live"}


@probes.get("/health/ready")
def ready(request: Request, deps: DepsDep) -> dict[str, str]:
    """Ready once the runs an earlier process left are adopted, while every loop goes round and the database answers,
    until the server is told to stop. `reason`, if any, tells of what this server leaves alone."""
    if deps.signals.is_stopping:
        raise Unavailable("The server was told to stop. Send what is to be done to another.")
    engine = request.app.state.engine
    if engine is not None and (trouble := engine.trouble()):
        raise Unavailable(trouble)
    with deps.database.read() as session:
        access.has_tokens(session)
        told = left_alone(spawners.tied(session), spawner=deps.spawner.name)
    return {"status": "ready"} | ({"reason": told} if told else {})


@router.get("/v1/info")
def info(deps: DepsDep, caller: MayRead) -> InfoOut:
    with deps.database.read() as session:
        workspace = access.workspace(session, caller.workspace_id)
    return InfoOut(
        version=__version__,
        installation_id=deps.installation_id,
        spawner=deps.spawner.name,
        workspace=WorkspaceOut(id=caller.workspace_id, name=workspace.name),
        limits=LimitsOut.model_validate(deps.settings, from_attributes=True),
    )


router.include_router(probes)
