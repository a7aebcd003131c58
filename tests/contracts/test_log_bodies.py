"""The promises of the Bodies port, on the fake and on a bucket."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from macropod_server.domain.errors import Unavailable
from macropod_server.domain.storage_url import BucketPlace
from macropod_server.logstore.bodies import Bodies
from macropod_server.storage.s3_bodies import open_s3_bodies

from chaos.fault_proxy import CUT, FaultProxy
from tests.fakes.bodies import MemoryBodies


@dataclass(frozen=True)
class Harness:
    bodies: Bodies
    take_away: Callable[[], None]


@pytest.fixture(params=["fake", "bucket"])
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    if request.param == "fake":
        fake = MemoryBodies()
        yield Harness(fake, lambda: setattr(fake, "is_away", True))
        return
    store = request.getfixturevalue("object_store")
    bucket = f"lines-{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:16]}"
    (store.folder / bucket).mkdir()
    proxy = FaultProxy(store.port)
    place = BucketPlace(bucket, "of/us/", proxy.endpoint)
    yield Harness(
        open_s3_bodies(place, pause=lambda _seconds: None), lambda: setattr(proxy, "plan", lambda _request: CUT)
    )
    proxy.close()


@pytest.fixture
def bodies(harness: Harness) -> Bodies:
    return harness.bodies


@pytest.mark.parametrize("body", [b"", b"a body", bytes(range(256)) * 4000])
def test_what_was_put_comes_back(bodies: Bodies, body: bytes) -> None:
    bodies.put("ab/run/1-2-x", body)
    assert bodies.get("ab/run/1-2-x") == body


def test_nothing_is_where_nothing_was_put(bodies: Bodies) -> None:
    assert bodies.get("ab/run/1-2-x") is None


def test_the_same_may_be_put_once_more(bodies: Bodies) -> None:
    bodies.put("ab/run/1-2-x", b"a")
    bodies.put("ab/run/1-2-x", b"a")
    assert bodies.get("ab/run/1-2-x") == b"a"


def test_what_was_removed_is_gone_and_the_rest_stays(bodies: Bodies) -> None:
    for key in ("ab/run/1", "ab/run/2", "ab/run/3"):
        bodies.put(key, b"a")
    bodies.remove(["ab/run/1", "ab/run/3", "ab/run/never"])
    bodies.remove([])
    assert [bodies.get(f"ab/run/{number}") for number in (1, 2, 3)] == [None, b"a", None]


def test_keys_are_told_by_their_beginning_with_the_time_they_came(bodies: Bodies) -> None:
    for key in ("ab/run/1", "ab/other/1", "ac/run/1"):
        bodies.put(key, b"a")
    assert sorted(key for key, _ in bodies.keys("ab")) == ["ab/other/1", "ab/run/1"]
    assert len(list(bodies.keys(""))) == 3
    assert all(put_at < datetime.now(UTC) + timedelta(minutes=1) for _, put_at in bodies.keys(""))


def test_a_place_that_is_away_says_so(harness: Harness) -> None:
    harness.bodies.put("ab/run/1", b"a")
    harness.take_away()
    for ask in (
        lambda: harness.bodies.put("ab/run/2", b"a"),
        lambda: harness.bodies.get("ab/run/1"),
        lambda: harness.bodies.remove(["ab/run/1"]),
        lambda: list(harness.bodies.keys("")),
    ):
        with pytest.raises(Unavailable):
            ask()
