"""Deleting an orchestration: its row is marked first, its bytes go after that, whatever happens in between."""

from dataclasses import replace

import pytest
from macropod_server.flows.delete_orchestration import delete_orchestration
from macropod_server.flows.sweep import sweep

from tests.builders import WORKSPACE, reread, upload
from tests.fakes.storage import MemoryStorage
from tests.flows.test_sweep import later


class Dies(BaseException):
    """As by `kill -9`."""


class DyingStorage(MemoryStorage):
    """The server ends at the moment it removes a blob, before or after that is done."""

    def __init__(self, *, is_removed):
        super().__init__()
        self._is_removed = is_removed
        self.dies = True

    def delete(self, sha256):
        if self._is_removed or not self.dies:
            super().delete(sha256)
        if self.dies:
            raise Dies


def delete(deps, orchestration):
    delete_orchestration(deps, orchestration.id, workspace_id=WORKSPACE, now=deps.clock())


@pytest.mark.parametrize("is_removed", [True, False])
def test_a_server_that_dies_while_it_removes_the_bytes_leaves_nothing_ready_without_them(deps, is_removed):
    storage = DyingStorage(is_removed=is_removed)
    deps = replace(deps, storage=storage)
    orchestration = upload(deps)
    later(deps)
    with pytest.raises(Dies):
        delete(deps, orchestration)
    assert reread(deps, orchestration).deleted_at is not None
    storage.dies = False
    sweep(deps)
    assert not storage.exists(orchestration.sha256)


def test_what_is_deleted_while_the_storage_is_away_is_deleted_and_its_bytes_go_later(deps):
    storage = MemoryStorage()
    deps = replace(deps, storage=storage)
    orchestration = upload(deps)
    later(deps)
    storage.is_away = True
    delete(deps, orchestration)
    assert reread(deps, orchestration).deleted_at is not None
    storage.is_away = False
    assert storage.exists(orchestration.sha256)
    sweep(deps)
    assert not storage.exists(orchestration.sha256)


def test_bytes_that_another_orchestration_has_too_stay(deps):
    one, other = upload(deps), upload(deps)
    delete(deps, one)
    assert deps.storage.exists(one.sha256)
    delete(deps, other)
    assert not deps.storage.exists(one.sha256)
