"""A whole log as a file, in each form, with little of it in memory."""

import asyncio
import gzip
import json
import tracemalloc

import pytest
from macropod_server.api.access import Caller
from macropod_server.api.log_download import Format, download
from macropod_server.domain.identity import Identity
from macropod_server.domain.lines import Stream
from macropod_server.domain.roles import Role
from macropod_server.flows.start_run import start_runs
from macropod_server.logstore.base import LogStoreUnavailable

from tests.batches import NOON, batch
from tests.builders import make_task, runs_of

MEMBER = Identity("0", "somebody@example.org", "somebody", 1)


@pytest.fixture
def run(deps):
    task = make_task(deps)
    start_runs(deps)
    return runs_of(deps, task)[0]


@pytest.fixture
def path(run):
    return f"/v1/runs/{run.id}/logs/download"


def test_a_log_is_downloaded_as_text_as_json_lines_and_compressed(client, deps, run, path):
    deps.logs.append(run.id, first=1, batch=batch("one", "2 ü") + batch("err", at=NOON, stream=Stream.STDERR))
    text = client.get(path)
    assert (text.text, text.headers["content-type"]) == ("one\n2 ü\nerr\n", "text/plain; charset=utf-8")
    assert text.headers["content-disposition"] == f'attachment; filename="run-{run.id}.log"'
    assert client.get(f"{path}?stream=stderr").text == "err\n"
    lines = [json.loads(line) for line in client.get(f"{path}?format=jsonl").text.splitlines()]
    assert lines == client.get(f"/v1/runs/{run.id}/logs").json()["lines"]
    packed = client.get(f"{path}?format=jsonl&gzip=true")
    assert [json.loads(line) for line in gzip.decompress(packed.content).splitlines()] == lines
    assert packed.headers["content-disposition"] == f'attachment; filename="run-{run.id}.jsonl.gz"'


def test_an_empty_log_is_an_empty_file_and_a_run_of_nobody_has_none(client, path):
    assert client.get(path).content == b""
    assert gzip.decompress(client.get(f"{path}?gzip=true").content) == b""
    assert client.get("/v1/runs/nope/logs/download").status_code == 404
    assert client.get(f"{path}?format=xml").status_code == 422


class AwayStore:
    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    def segments(self, run_id, **within):
        raise LogStoreUnavailable("The log store does not answer. Try again later.")


def test_a_store_that_is_away_is_said_before_anything_is_sent(client, deps, path):
    object.__setattr__(deps, "logs", AwayStore(deps.logs))
    assert client.get(path).status_code == 503


@pytest.mark.parametrize("options", [{}, {"format": Format.JSONL}, {"gzip": True}])
def test_a_long_log_is_never_in_memory(deps, run, options):
    for number in range(1, 4000, 100):
        deps.logs.append(run.id, first=number, batch=batch(*(f"{number} " + "x" * 5000 for _ in range(100))))

    async def size_and_peak():
        answer = download(run.id, deps, Caller(MEMBER, run.workspace_id, Role.VIEWER), **options)
        tracemalloc.start()
        size = 0
        async for piece in answer.body_iterator:
            size += len(piece)
        return size, tracemalloc.get_traced_memory()[1]

    size, peak = asyncio.run(size_and_peak())
    tracemalloc.stop()
    assert size > (10_000 if "gzip" in options else 20_000_000)
    assert peak < 6_000_000
