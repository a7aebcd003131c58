"""The promises of the Storage port, on the fake, the folder and a bucket."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from macropod_server.storage.base import BlobDamaged, BlobNotFound, Storage, StorageFull, StorageUnavailable

from tests.contracts.storage_stages import FakeStage, LocalStage, S3Stage, Stage

HELLO = hashlib.sha256(b"hello").hexdigest()
NOBODY = "0" * 64
A_MOMENT = timedelta(seconds=5)
"""Clocks of file systems are coarse."""

BAD_NAMES = ["", "abc", "../../etc/passwd", HELLO.upper(), HELLO + "\n", "/" * 64, f"{HELLO[:62]}.."]


@pytest.fixture(params=["fake", "local", "s3"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    if request.param == "s3":
        stage: Stage = S3Stage(tmp_path, request.getfixturevalue("object_store"))
    else:
        stage = FakeStage() if request.param == "fake" else LocalStage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
def storage(harness: Stage) -> Storage:
    return harness.storage


def keep(storage: Storage, *parts: bytes) -> str:
    with storage.stage() as staging:
        for part in parts:
            staging.write(part)
        return staging.keep()


def read(storage: Storage, sha256: str) -> bytes:
    with storage.open(sha256) as blob:
        return blob.read()


@pytest.mark.parametrize("parts", [(), (b"hello",), (b"hel", b"", b"lo"), (b"\0\xff" * 40_000, b"end")])
def test_a_kept_blob_is_named_by_its_sha256_and_reads_back(storage: Storage, parts: tuple[bytes, ...]) -> None:
    sha256 = keep(storage, *parts)
    assert sha256 == hashlib.sha256(b"".join(parts)).hexdigest()
    assert read(storage, sha256) == b"".join(parts)


def test_the_size_counts_what_was_written_so_far(storage: Storage) -> None:
    with storage.stage() as staging:
        assert staging.size == 0
        staging.write(b"hel")
        staging.write(b"lo")
        assert staging.size == 5


def test_what_is_staged_is_not_visible_before_it_is_kept(harness: Stage) -> None:
    storage = harness.storage
    with storage.stage() as staging:
        staging.write(b"hello")
        assert not storage.exists(HELLO)
        assert harness.visible() == []
        staging.keep()
        assert storage.exists(HELLO)


def test_what_was_not_kept_is_gone(harness: Stage) -> None:
    with harness.storage.stage() as staging:
        staging.write(b"hello")
    assert harness.visible() == []


def test_what_was_not_kept_is_gone_also_when_the_writer_fails(harness: Stage) -> None:
    def fail() -> None:
        with harness.storage.stage() as staging:
            staging.write(b"hello")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert harness.visible() == []


def test_staged_bytes_can_be_read_and_sought_while_more_are_written(storage: Storage) -> None:
    with storage.stage() as staging:
        staging.write(b"hello")
        with staging.file() as file:
            assert file.read() == b"hello"
            assert file.seek(1) == 1
            assert file.read(3) == b"ell"
        staging.write(b" again")
        with staging.file() as file:
            assert file.read() == b"hello again"
        staging.keep()


def test_the_same_bytes_again_store_nothing_new(harness: Stage) -> None:
    assert keep(harness.storage, b"hello") == keep(harness.storage, b"he", b"llo") == HELLO
    assert harness.visible() == [HELLO]
    assert read(harness.storage, HELLO) == b"hello"


def test_writers_of_the_same_bytes_may_race(harness: Stage) -> None:
    with ThreadPoolExecutor(8) as writers:
        assert set(writers.map(lambda _: keep(harness.storage, b"hello"), range(40))) == {HELLO}
    assert harness.visible() == [HELLO]
    assert read(harness.storage, HELLO) == b"hello"


def test_a_blob_opens_seekable(storage: Storage) -> None:
    keep(storage, b"hello")
    with storage.open(HELLO) as blob:
        blob.seek(3)
        assert (blob.read(), blob.tell()) == (b"lo", 5)
        blob.seek(-4, 2)
        assert blob.read(2) == b"el"
        blob.seek(0)
        assert blob.read() == b"hello"


@pytest.mark.parametrize("damaged", [b"hellO", b"Hello", b"hell", b"hello again", b""])
def test_bytes_that_are_not_those_of_the_name_are_never_read_to_their_end(harness: Stage, damaged: bytes) -> None:
    keep(harness.storage, b"hello")
    harness.damage(HELLO, damaged)
    with pytest.raises(BlobDamaged, match=hashlib.sha256(damaged).hexdigest()):
        read(harness.storage, HELLO)


def test_a_reader_that_asks_for_just_the_size_is_told_of_the_damage_too(harness: Stage) -> None:
    content = b"x" * 3_000_000
    sha256 = keep(harness.storage, content)
    harness.damage(sha256, content[:-1] + b"y")
    with harness.storage.open(sha256) as blob:
        assert [len(blob.read(1_000_000)) for _ in range(2)] == [1_000_000] * 2
        with pytest.raises(BlobDamaged):
            blob.read(1_000_000)


def test_what_is_skipped_is_checked_too(harness: Stage) -> None:
    keep(harness.storage, b"hello")
    harness.damage(HELLO, b"jello")
    with harness.storage.open(HELLO) as blob, pytest.raises(BlobDamaged):
        (blob.seek(1), blob.read())


def test_an_address_is_given_or_not_without_asking_whether_the_blob_is_there(harness: Stage) -> None:
    harness.take_away()
    address = harness.storage.address(NOBODY, seconds=60)
    assert (address is not None and address.startswith("http")) is isinstance(harness, S3Stage)


def test_the_same_bytes_again_mend_a_blob_that_was_damaged(harness: Stage) -> None:
    keep(harness.storage, b"hello")
    harness.damage(HELLO, b"hell")
    keep(harness.storage, b"hello")
    assert read(harness.storage, HELLO) == b"hello"


def test_the_same_bytes_again_count_as_kept_now(harness: Stage) -> None:
    before = datetime.now(UTC) - A_MOMENT
    keep(harness.storage, b"hello")
    harness.age(HELLO)
    assert [blob.kept_at < before for blob in harness.storage.list()] == [True]
    keep(harness.storage, b"hello")
    assert [blob.kept_at >= before for blob in harness.storage.list()] == [True]


@pytest.mark.parametrize("name", [NOBODY, *BAD_NAMES])
def test_a_name_that_is_no_blob_is_not_found(harness: Stage, name: str) -> None:
    storage = harness.storage
    keep(storage, b"hello")
    with pytest.raises(BlobNotFound):
        storage.open(name)
    assert not storage.exists(name)
    storage.delete(name)
    assert harness.visible() == [HELLO]


def test_a_deleted_blob_is_gone_and_deleting_again_is_harmless(harness: Stage) -> None:
    storage = harness.storage
    keep(storage, b"hello")
    other = keep(storage, b"other")
    storage.delete(HELLO)
    storage.delete(HELLO)
    assert not storage.exists(HELLO)
    assert harness.visible() == [other]


def test_a_deleted_blob_can_be_kept_again(storage: Storage) -> None:
    storage.delete(keep(storage, b"hello"))
    assert read(storage, keep(storage, b"hello")) == b"hello"


def test_the_list_has_every_blob_with_its_size_and_when_it_was_kept(storage: Storage) -> None:
    before = datetime.now(UTC) - A_MOMENT
    keep(storage, b"hello")
    keep(storage, b"")
    found = {blob.sha256: blob for blob in storage.list()}
    assert {sha256: blob.size_bytes for sha256, blob in found.items()} == {HELLO: 5, hashlib.sha256().hexdigest(): 0}
    assert before <= found[HELLO].kept_at <= datetime.now(UTC) + A_MOMENT


def test_what_is_only_staged_or_deleted_is_not_in_the_list(storage: Storage) -> None:
    storage.delete(keep(storage, b"hello"))
    with storage.stage() as staging:
        staging.write(b"other")
        assert list(storage.list()) == []


def test_clearing_leaves_what_is_being_written(storage: Storage) -> None:
    with storage.stage() as staging:
        staging.write(b"hel")
        assert storage.clear_staging() == 0
        staging.write(b"lo")
        assert staging.keep() == HELLO


def test_a_full_disk_refuses_the_bytes_and_nothing_half_written_is_visible(harness: Stage) -> None:
    with harness.with_room_for(10_000), pytest.raises(StorageFull):
        keep(harness.storage, b"x" * 6_000, b"x" * 6_000)
    assert harness.visible() == []
    assert keep(harness.storage, b"hello") == HELLO


def test_a_store_that_is_away_says_so_and_never_that_a_blob_is_missing(harness: Stage) -> None:
    storage = harness.storage
    keep(storage, b"hello")
    harness.take_away()
    for ask in (storage.open, storage.exists, storage.delete):
        with pytest.raises(StorageUnavailable):
            ask(HELLO)
    with pytest.raises(StorageUnavailable):
        list(storage.list())
    with pytest.raises(StorageUnavailable):
        storage.clear_staging()
    with pytest.raises(StorageUnavailable):
        keep(storage, b"hello")
