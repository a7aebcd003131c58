"""What a bucket promises beyond the port: trouble on the way is overcome or told as what it is, and nothing is half."""

import hashlib
import os
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from macropod_server.storage.base import (
    BlobDamaged,
    StorageClockWrong,
    StorageForbidden,
    StorageFull,
    StorageMissing,
    StorageUnavailable,
)
from macropod_server.storage.s3_bucket import Bucket

from chaos.fault_proxy import (
    ANSWER_LOST,
    CUT,
    CUT_IN_THE_BODY,
    FLIPPED,
    REFUSED_500,
    SKEWED,
    SLOW_DOWN,
    TROUBLE,
    TRUNCATED,
    Fault,
    Request,
    dice,
    first,
    refused,
)
from tests.contracts.storage_stages import S3Stage
from tests.contracts.test_storage import keep, read

MIB = 1024**2
PART_BYTES = 5 * MIB
"""The least that stores take for a part that is not the last."""

CONTENT = os.urandom(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[S3Stage]:
    stage = S3Stage(tmp_path, request.getfixturevalue("object_store"))
    yield stage
    stage.close()


@pytest.mark.parametrize("fault", [REFUSED_500, SLOW_DOWN, CUT, ANSWER_LOST], ids=lambda fault: fault.name)
def test_what_passes_is_tried_again_with_growing_pauses(stage: S3Stage, fault: Fault) -> None:
    stage.proxy.plan = first(3, fault)
    assert keep(stage.storage, CONTENT) == SHA256
    assert len(stage.pauses) == 3
    assert stage.pauses[0] < stage.pauses[2]
    stage.proxy.plan = first(3, fault)
    assert read(stage.storage, SHA256) == CONTENT


@pytest.mark.parametrize("fault", [CUT_IN_THE_BODY, TRUNCATED], ids=lambda fault: fault.name)
def test_a_read_that_is_cut_goes_on_where_it_was(stage: S3Stage, fault: Fault) -> None:
    keep(stage.storage, CONTENT)
    stage.proxy.plan = first(20, fault, methods=("GET",))
    assert read(stage.storage, SHA256) == CONTENT
    asked = [each.headers.get("Range", "bytes=0-") for each in stage.proxy.seen if each.method == "GET"]
    starts = [int(each.removeprefix("bytes=").removesuffix("-")) for each in asked]
    assert starts[0] == 0
    assert all(30_000 <= later - earlier <= 40_000 for earlier, later in pairwise(starts))


def test_bytes_that_were_changed_on_the_way_are_not_taken_for_the_blob(stage: S3Stage) -> None:
    keep(stage.storage, CONTENT)
    stage.proxy.plan = first(1, FLIPPED, methods=("GET",))
    with pytest.raises(BlobDamaged):
        read(stage.storage, SHA256)
    assert read(stage.storage, SHA256) == CONTENT


def test_what_does_not_pass_is_given_up(stage: S3Stage) -> None:
    stage.proxy.plan = lambda _request: SLOW_DOWN
    with pytest.raises(StorageUnavailable, match=r"does not answer as it should \(503 SlowDown\); nothing was kept"):
        keep(stage.storage, CONTENT)
    stage.proxy.plan = lambda _request: None
    assert list(stage.storage.list()) == []


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        (SKEWED, StorageClockWrong, "The clock of this machine is not that of the bucket"),
        (refused(403, "AccessDenied"), StorageForbidden, "forbids this to the server (AccessDenied). docs/storage.md"),
        (refused(403, "InvalidAccessKeyId"), StorageForbidden, "does not take the credentials of this server"),
        (refused(400, "ExpiredToken"), StorageForbidden, "does not take the credentials of this server"),
        (refused(404, "NoSuchBucket"), StorageMissing, "There is no bucket"),
        (refused(301, "PermanentRedirect"), StorageMissing, "Set MACROPOD_STORAGE_REGION"),
        (refused(507, "XMinioStorageFull"), StorageFull, "is full or its quota is used up"),
        (refused(403, "QuotaExceeded"), StorageFull, "is full or its quota is used up"),
        (refused(418, "Teapot"), StorageUnavailable, "does not answer as it should (418 Teapot)"),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else None,
)
def test_each_refusal_has_its_error_and_names_bucket_and_endpoint(
    stage: S3Stage, fault: Fault, kind: type[StorageUnavailable], told: str
) -> None:
    stage.proxy.plan = lambda _request: fault
    with pytest.raises(kind) as refusal:
        keep(stage.storage, b"hello")
    assert told in refusal.value.message
    assert f"bucket '{stage.bucket}' at {stage.proxy.endpoint}" in refusal.value.message
    assert stage.pauses == []


def test_a_wrong_clock_is_told_of_also_where_the_answer_has_no_body(stage: S3Stage) -> None:
    stage.proxy.plan = lambda request: refused(403, "RequestTimeTooSkewed") if request.method == "HEAD" else SKEWED
    with pytest.raises(StorageClockWrong):
        stage.storage.exists(SHA256)


def test_an_absent_bucket_and_a_store_nobody_listens_at_are_told_apart(stage: S3Stage) -> None:
    absent = stage.opened(replace(stage.place, bucket="nobodys"))
    for ask in (
        absent.check,
        lambda: absent.exists(SHA256),
        lambda: absent.delete(SHA256),
        lambda: read(absent, SHA256),
    ):
        with pytest.raises(StorageMissing, match="There is no bucket 'nobodys'"):
            ask()
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with pytest.raises(StorageUnavailable, match="EndpointConnectionError") as away:
        stage.opened(replace(stage.place, endpoint=f"http://127.0.0.1:{port}")).check()
    assert not isinstance(away.value, StorageMissing)


def test_without_credentials_it_says_which_variables_to_set(stage: S3Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(StorageForbidden, match=r"There are no credentials for the bucket .* Set AWS_ACCESS_KEY_ID"):
        stage.opened().check()


@pytest.mark.parametrize("size", [PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES])
def test_what_is_large_goes_up_in_parts_and_comes_back(stage: S3Stage, size: int) -> None:
    storage, content = stage.opened(part_bytes=PART_BYTES), os.urandom(size)
    sha256 = keep(storage, content)
    assert (read(storage, sha256), stage.visible()) == (content, [sha256])
    assert sum("partNumber" in each.path for each in stage.proxy.seen) == (
        0 if size <= PART_BYTES else -(-size // PART_BYTES)
    )


def is_part_two(request: Request) -> bool:
    return "partNumber=2" in request.path


def test_an_upload_in_parts_that_fails_leaves_nothing(stage: S3Stage) -> None:
    storage = stage.opened(part_bytes=PART_BYTES, abandoned_after=timedelta(0))
    stage.proxy.plan = lambda request: refused(507, "InsufficientStorage") if is_part_two(request) else None
    with pytest.raises(StorageFull):
        keep(storage, os.urandom(2 * PART_BYTES))
    assert stage.visible() == []
    assert storage.clear_staging() == 0


def test_the_lost_answer_to_the_last_call_of_an_upload_in_parts_is_no_failure(stage: S3Stage) -> None:
    storage, content = stage.opened(part_bytes=PART_BYTES), os.urandom(2 * PART_BYTES)
    lose = first(1, ANSWER_LOST)
    stage.proxy.plan = lambda request: (
        lose(request) if request.method == "POST" and "uploads" not in request.path else None
    )
    assert read(storage, keep(storage, content)) == content


def test_abandoned_uploads_in_parts_are_cleared_and_young_ones_stay(stage: S3Stage) -> None:
    bucket = Bucket(stage.place, pause=stage.pauses.append)
    key = f"{stage.place.prefix}ab/{'c' * 62}"
    bucket.put_part(key, bucket.begin(key), 1, b"x" * PART_BYTES)
    assert stage.storage.clear_staging() == 0
    assert stage.opened(abandoned_after=timedelta(0)).clear_staging() == 1
    assert stage.opened(abandoned_after=timedelta(0)).clear_staging() == 0


def test_uploads_of_other_programs_in_the_bucket_are_left_alone(stage: S3Stage) -> None:
    bucket = Bucket(stage.place, pause=stage.pauses.append)
    for key in ("videos/other-program.mp4", f"{stage.place.prefix}readme.txt"):
        bucket.put_part(key, bucket.begin(key), 1, b"x" * PART_BYTES)
    assert stage.opened(abandoned_after=timedelta(0)).clear_staging() == 0


def test_what_a_dead_writer_left_on_the_disk_is_cleared_and_what_a_living_one_writes_stays(stage: S3Stage) -> None:
    (stage.staging / "left").write_bytes(b"half of it")
    with stage.storage.stage() as living:
        living.write(CONTENT)
        assert stage.storage.clear_staging() == 1
        assert living.keep() == SHA256
    assert list(stage.staging.iterdir()) == []


def test_a_store_that_does_not_list_uploads_has_none_to_clear(stage: S3Stage) -> None:
    stage.proxy.plan = lambda _request: refused(501, "NotImplemented")
    assert stage.storage.clear_staging() == 0


@pytest.mark.parametrize(
    "fault", [refused(412, "PreconditionFailed"), refused(501, "NotImplemented"), refused(400, "InvalidArgument")]
)
@pytest.mark.parametrize("size", [10, 2 * PART_BYTES])
def test_the_first_write_asks_that_nothing_be_there_and_the_second_does_without(
    stage: S3Stage, fault: Fault, size: int
) -> None:
    storage, content = stage.opened(part_bytes=PART_BYTES), os.urandom(size)
    stage.proxy.plan = lambda request: fault if "If-None-Match" in request.headers else None
    assert read(storage, keep(storage, content)) == content
    assert stage.proxy.injected[fault.name] == 1


def test_a_damaged_blob_is_mended_where_the_store_drops_an_upload_whose_condition_fails(stage: S3Stage) -> None:
    storage, content = stage.opened(part_bytes=PART_BYTES), os.urandom(2 * PART_BYTES)
    stage.damage(keep(storage, content), b"damaged")
    dropped: set[str] = set()

    def plan(request: Request) -> Fault | None:
        if request.method != "POST" or "uploadId" not in request.path:
            return None
        if "If-None-Match" in request.headers:
            dropped.add(request.path)
            return refused(412, "PreconditionFailed")
        return refused(404, "NoSuchUpload") if request.path in dropped else None

    stage.proxy.plan = plan
    assert read(storage, keep(storage, content)) == content
    assert len(dropped) == 1


def test_a_bucket_in_which_nothing_may_be_written_over_keeps_what_it_has(stage: S3Stage) -> None:
    keep(stage.storage, CONTENT)
    exists, forbidden = refused(412, "PreconditionFailed"), refused(403, "AccessDenied")

    def plan(request: Request) -> Fault | None:
        if request.method != "PUT":
            return None
        return exists if "If-None-Match" in request.headers else forbidden

    stage.proxy.plan = plan
    assert keep(stage.storage, CONTENT) == SHA256
    stage.damage(SHA256, b"damaged")
    with pytest.raises(StorageForbidden):
        keep(stage.storage, CONTENT)


def test_other_objects_of_the_bucket_are_no_blobs(stage: S3Stage) -> None:
    keep(stage.storage, b"hello")
    other = stage.root / "ab" / "readme.txt"
    other.parent.mkdir(exist_ok=True)
    other.write_text("not ours")
    (stage.root.parent / SHA256).write_bytes(CONTENT)
    assert [blob.size_bytes for blob in stage.storage.list()] == [5]


def test_the_address_gives_the_blob_to_whoever_has_it_for_a_while(stage: S3Stage) -> None:
    keep(stage.storage, CONTENT)
    address = stage.storage.address(SHA256, seconds=60)
    assert address is not None
    assert "X-Amz-Expires=60" in address
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == CONTENT
    assert stage.opened(replace(stage.place, direct_endpoint="")).address(SHA256, seconds=60) is None


def test_with_a_tenth_of_all_answers_wrong_everything_ends_whole_or_with_a_clean_error(stage: S3Stage) -> None:
    """R10 in small; `python -m chaos r10` does a thousand of each."""
    storage = stage.opened()
    stage.proxy.plan = dice("kangaroo", TROUBLE)
    kept: dict[str, bytes] = {}
    refused_or_damaged = 0
    for number in range(60):
        content = os.urandom(number * 2_000)
        try:
            kept[keep(storage, content)] = content
            assert read(storage, hashlib.sha256(content).hexdigest()) == content
        except (StorageUnavailable, BlobDamaged):
            refused_or_damaged += 1
    assert sum(stage.proxy.injected.values()) > 15
    assert refused_or_damaged < 6
    stage.proxy.plan = lambda _request: None
    assert set(kept) <= set(stage.visible())
    assert all(hashlib.sha256(read(storage, name)).hexdigest() == name for name in stage.visible())
