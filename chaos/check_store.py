"""I5, I7 and I8: what is left behind, what the store holds, and what callers were answered."""

from collections.abc import Iterator

from chaos.evidence import Check, Evidence


def check_leftovers(evidence: Evidence) -> Check:
    return Check("I5", "nothing stays orphaned", len(evidence.rows.runs), evidence.leftovers)


def check_blobs(evidence: Evidence) -> Check:
    return Check("I7", "a blob's sha256 is its name", len(evidence.blobs), list(_blobs(evidence)))


def check_answers(evidence: Evidence) -> Check:
    found = [*evidence.faulty_answers, *evidence.broken_promises]
    return Check("I8", "no 5xx but 503 and 507", evidence.calls, found)


def _blobs(evidence: Evidence) -> Iterator[str]:
    for blob in evidence.blobs:
        if blob.name != blob.sha256:
            yield f"The blob {blob.name} holds bytes of sha256 {blob.sha256}."
    there, known = {blob.name for blob in evidence.blobs}, set()
    for row in evidence.rows.orchestrations:
        known.add(row.id)
        if row.deleted_at is None and row.sha256 not in there:
            yield f"Orchestration {row.id} has no blob {row.sha256}."
    for environment in evidence.rows.environments:
        if environment.status == "ready" and environment.archive_sha256 not in {None, *there}:
            yield f"Environment {environment.name} has no blob {environment.archive_sha256}."
    for upload in evidence.uploads:
        if upload not in known:
            yield f"Orchestration {upload} was acknowledged and is not there."
