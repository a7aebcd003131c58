"""Upload: check the archive that was staged, keep its bytes, and make the orchestration."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from macropod_server.db import access, idempotency, orchestrations, runs
from macropod_server.db.tables import Orchestration, Run
from macropod_server.deps import Deps
from macropod_server.domain.archive import Archive, ArchiveLimits, read_archive
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.flavor import Flavor
from macropod_server.domain.naming import new_id, sha256_hex
from macropod_server.domain.task import OrchestrationStatus
from macropod_server.storage.base import Staging

log = structlog.get_logger()


@dataclass(frozen=True)
class Upload:
    """What came with the bytes: who sent them and the names they gave."""

    workspace_id: int
    name: str | None = None
    file_name: str | None = None
    idempotency_key: str | None = None
    owner_id: str | None = None
    flavor: Flavor | None = None
    """That of the workspace, unless it is named."""


def receive_upload(deps: Deps, upload: Upload, staging: Staging, *, now: datetime) -> Orchestration:
    """Raises `Invalid` with every problem of the archive; nothing is kept then."""
    with staging.file() as file:
        archive = read_archive(file, limits=archive_limits(deps))
    sha256 = staging.keep()
    with deps.database.write() as session:
        key, fingerprint = (upload.workspace_id, upload.idempotency_key), _fingerprint(upload, sha256)
        if made := idempotency.made_before(session, *key, fingerprint=fingerprint):
            return orchestrations.get(session, made, workspace_id=upload.workspace_id)
        orchestrations.hold_bytes(session, sha256)
        # Asked within the lock: asked before it, a removal could come in between and leave a row without bytes.
        if not deps.storage.exists(sha256):
            raise Unavailable("The same bytes were deleted while they were uploaded. Send the upload again.")
        orchestration = _orchestration(upload, archive, sha256, size_bytes=staging.size, now=now)
        orchestration.flavor = upload.flavor or access.workspace(session, upload.workspace_id).default_flavor
        packaging = Run.of_packaging(orchestration, id=new_id(), now=now) if archive.requirements else None
        orchestration.packaging_run_id = packaging.id if packaging else None
        session.add(orchestration)
        session.flush()
        if packaging:
            runs.add(session, [packaging])
        idempotency.remember(session, *key, fingerprint=fingerprint, made_id=orchestration.id, now=now)
    log.info("orchestration_uploaded", orchestration_id=orchestration.id, sha256=sha256, size_bytes=staging.size)
    deps.signals.wake("start_run")
    return orchestration


def _fingerprint(upload: Upload, sha256: str) -> str:
    flavor = f" {upload.flavor}" if upload.flavor else ""
    return sha256_hex(f"upload {sha256} {upload.name} {upload.file_name}{flavor}")


def archive_limits(deps: Deps) -> ArchiveLimits:
    most = deps.settings
    return ArchiveLimits(
        unpacked_max_bytes=most.unpacked_max_bytes, max_entries=most.max_entries, max_ratio=most.max_ratio
    )


def _orchestration(upload: Upload, archive: Archive, sha256: str, *, size_bytes: int, now: datetime) -> Orchestration:
    needs_packaging = archive.requirements is not None
    return Orchestration(
        id=new_id(),
        workspace_id=upload.workspace_id,
        owner_id=upload.owner_id,
        name=upload.name,
        file_name=upload.file_name,
        sha256=sha256,
        size_bytes=size_bytes,
        entry_point=archive.entry_point,
        requirements=archive.requirements,
        warnings=list(archive.warnings),
        status=OrchestrationStatus.PENDING_PACKAGING if needs_packaging else OrchestrationStatus.READY,
        created_at=now,
        updated_at=now,
    )
