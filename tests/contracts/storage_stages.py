"""The ground the storage suite plays on, for each storage: how to look, to take away, to fill and to damage."""

import hashlib
import os
import resource
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from macropod_server.domain.storage_url import BucketPlace
from macropod_server.storage.base import Storage
from macropod_server.storage.local import LocalStorage
from macropod_server.storage.s3 import S3Storage
from macropod_server.storage.s3_bucket import Bucket

from chaos.fault_proxy import CUT, FaultProxy
from chaos.object_store import LOOKS_ANEW_SECONDS, ObjectStore
from tests.fakes.storage import MemoryStorage

PREFIX = "of/macropod/"


class Stage(ABC):
    storage: Storage

    @abstractmethod
    def visible(self) -> list[str]:
        """The names of all blobs that are there, seen past the storage."""

    @abstractmethod
    def take_away(self) -> None: ...

    @abstractmethod
    def with_room_for(self, size: int) -> AbstractContextManager[None]:
        """The store takes no more bytes of one blob than these."""

    @abstractmethod
    def damage(self, sha256: str, content: bytes) -> None:
        """What is stored under this name becomes that."""

    @abstractmethod
    def age(self, sha256: str) -> None:
        """As if the blob had been kept long ago."""

    @abstractmethod
    def close(self) -> None: ...


class FakeStage(Stage):
    def __init__(self) -> None:
        self.storage = self.fake = MemoryStorage()

    def visible(self) -> list[str]:
        return sorted(self.fake.blobs)

    def take_away(self) -> None:
        self.fake.is_away = True

    @contextmanager
    def with_room_for(self, size: int) -> Iterator[None]:
        self.fake.capacity = size
        yield
        self.fake.capacity = None

    def damage(self, sha256: str, content: bytes) -> None:
        self.fake.blobs[sha256] = content

    def age(self, sha256: str) -> None:
        self.fake.kept_at[sha256] = self.fake.kept_at[sha256].replace(year=2001)

    def close(self) -> None: ...


class FolderStage(Stage):
    """Blobs as files of a folder, as the local storage and the tests' object store have them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def visible(self) -> list[str]:
        return sorted(path.parent.name + path.name for path in self.root.glob("??/*"))

    def with_room_for(self, size: int) -> AbstractContextManager[None]:
        return file_size_limit(size)

    def damage(self, sha256: str, content: bytes) -> None:
        (self.root / sha256[:2] / sha256[2:]).write_bytes(content)

    def age(self, sha256: str) -> None:
        os.utime(self.root / sha256[:2] / sha256[2:], (1, 1))


class LocalStage(FolderStage):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "blobs")
        self.storage = LocalStorage(self.root)

    def take_away(self) -> None:
        shutil.rmtree(self.root)

    def close(self) -> None: ...


class S3Stage(FolderStage):
    """A bucket of its own in the tests' object store, reached through a proxy that can be told to do it harm."""

    storage: S3Storage

    def __init__(self, folder: Path, store: ObjectStore) -> None:
        self.bucket = f"bundles-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
        super().__init__(store.folder / self.bucket / PREFIX.rstrip("/"))
        (store.folder / self.bucket).mkdir()
        self.proxy = FaultProxy(store.port)
        self.place = BucketPlace(self.bucket, PREFIX, self.proxy.endpoint, direct_endpoint=store.endpoint)
        self.staging = folder / "staging"
        self.pauses: list[float] = []
        self.storage = self.opened()

    def opened(self, place: BucketPlace | None = None, **changes: Any) -> S3Storage:
        """Another storage on the same ground; it does not really wait before it tries again."""
        bucket = Bucket(place or self.place, pause=self.pauses.append)
        return S3Storage(bucket, folder=self.staging, pause=self.pauses.append, **changes)

    def take_away(self) -> None:
        self.proxy.plan = lambda _request: CUT

    def damage(self, sha256: str, content: bytes) -> None:
        super().damage(sha256, content)
        time.sleep(2 * LOOKS_ANEW_SECONDS)

    def age(self, sha256: str) -> None:
        super().age(sha256)
        time.sleep(2 * LOOKS_ANEW_SECONDS)

    def close(self) -> None:
        self.proxy.close()
        shutil.rmtree(self.root.parents[1], ignore_errors=True)


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
