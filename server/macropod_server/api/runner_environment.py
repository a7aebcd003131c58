"""Calls of the runner for environments that travel: sent by the packaging run that built it, fetched by each run."""

from collections.abc import Iterator
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from macropod_server.api.access import DepsOfRuns, LivingRun
from macropod_server.db import orchestrations
from macropod_server.db.tables import Environment, Run
from macropod_server.deps import Deps
from macropod_server.domain.environment import EnvironmentArchive
from macropod_server.domain.errors import NotFound, TooLarge
from macropod_server.flows.find_environment import archive_of, lose_environment
from macropod_server.flows.receive_environment import check_may_send, receive_environment
from macropod_server.storage.base import BlobDamaged, BlobNotFound, Staging

router = APIRouter(prefix="/v1/runner", tags=["runner"], include_in_schema=False)

_PIECE = 1024 * 1024


@router.put("/environment", status_code=204)
async def send(
    request: Request,
    run: LivingRun,
    deps: DepsOfRuns,
    sha256: Annotated[str, Query(pattern="^[0-9a-f]{64}$")],
    size: Annotated[int, Query(ge=1, lt=2**63)],
) -> None:
    """The body is the archive. What may not be sent is refused before any of it is read."""
    archive = EnvironmentArchive(sha256, size)
    await run_in_threadpool(check_may_send, deps, run, archive)
    with await run_in_threadpool(deps.storage.stage) as staging:
        await _read(request, staging, most=size)
        await run_in_threadpool(receive_environment, deps, run, archive, staging)


async def _read(request: Request, staging: Staging, *, most: int) -> None:
    async for piece in request.stream():
        if staging.size + len(piece) > most:
            raise TooLarge(f"The archive is longer than the {most:,} bytes it was announced with.")
        await run_in_threadpool(staging.write, piece)


@router.get("/environment", response_class=StreamingResponse)
def fetch(run: LivingRun, deps: DepsOfRuns) -> Response:
    """The archive of the environment the run uses."""
    environment = _environment_of(deps, run)
    archive = archive_of(deps, environment) if environment else None
    if environment is None or archive is None:
        raise NotFound(f"Run {run.id} has no environment that is in the store.")
    try:
        file = deps.storage.open(archive.sha256)
    except BlobNotFound:
        lose_environment(deps, environment.name)
        raise NotFound(f"The environment {environment.name} is not in the store any more.") from None
    return StreamingResponse(_pieces(deps, environment.name, file), media_type="application/octet-stream")


def _environment_of(deps: Deps, run: Run) -> Environment | None:
    with deps.database.read() as session:
        digest = orchestrations.get(session, run.orchestration_id).environment
        return orchestrations.environment(session, digest) if digest else None


def _pieces(deps: Deps, name: str, file: BinaryIO) -> Iterator[bytes]:
    """What is damaged comes to no end, and the runner refuses it; here it is noted before the runner can tell of it."""
    try:
        with file:
            while piece := file.read(_PIECE):
                yield piece
    except BlobDamaged:
        lose_environment(deps, name)
