"""Any bytes a program prints come back as the same text, whichever way the log is read."""

import gzip
import itertools
import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from macropod_runner.line_cutter import LINE_MAX_BYTES, LineCutter
from macropod_runner.outbox import Outbox
from macropod_runner.segments import STDERR, STDOUT, Segment
from macropod_runner.spool import Spool
from macropod_server.domain.run import Reason
from macropod_server.flows.finish_run import Ending, finish_run
from macropod_server.flows.start_run import start_runs
from macropod_server.flows.store_lines import store_lines

from tests.builders import make_task, runs_of

BLOCKS = st.lists(
    st.tuples(
        st.sampled_from([STDOUT, STDERR]),
        st.binary(max_size=60)
        | st.text(max_size=30).map(lambda text: text.encode(errors="replace"))
        | st.sampled_from(
            [b"\n", b"\r\n", b"x" * (LINE_MAX_BYTES + 1), "€".encode() * 30_000, b"1 o 1 2\n", b"id: 7\n\n"]
        ),
    ),
    max_size=12,
)


def expected_texts(printed: bytes) -> list[str]:
    """What the documentation promises, reckoned in the plainest way."""
    *whole, rest = printed.split(b"\n")
    return [_shown(line) for line in [*whole, *([rest] if rest else [])]]


def _shown(line: bytes) -> str:
    if len(line) <= LINE_MAX_BYTES:
        return line.decode(errors="replace")
    end = LINE_MAX_BYTES
    while end > LINE_MAX_BYTES - 3 and line[end] & 0xC0 == 0x80:
        end -= 1
    return line[:end].decode(errors="replace") + f" [cut here: the line has {len(line):,} bytes]"


@pytest.fixture
def ended_run(deps):
    task = make_task(deps)
    start_runs(deps)
    [run] = runs_of(deps, task)
    finish_run(deps, run.id, Ending(Reason.COMPLETED), now=deps.clock())
    return run


def sent(deps, run, folder, blocks):
    """By the runner's own parts: cut, kept, sent in batches; every second answer gets lost."""
    cutters = {STDOUT: LineCutter(), STDERR: LineCutter()}
    box = Outbox(Spool(folder, max_bytes=10**7), first=1, memory_bytes=100_000)
    moments = itertools.count(int(datetime(2026, 1, 2, tzinfo=UTC).timestamp() * 10**6))
    for stream, block in [*blocks, (STDOUT, None), (STDERR, None)]:
        lines = cutters[stream].finish() if block is None else cutters[stream].feed(block)
        if lines:
            box.add(Segment(next(moments), stream, lines.count(b"\n"), lines))
    box.close()
    for is_heard in itertools.cycle([False, True]):
        batch = box.next_batch(not_before=0)
        if batch is None:
            return
        answer = store_lines(deps, run, first=batch.first, batch=batch.data)
        if is_heard:
            box.acknowledge(answer)


def read_back(client, run):
    """All lines by each way there is."""
    path = f"/v1/runs/{run.id}/logs"
    total = client.get(path).json()["next"] - 1
    yield client.get(f"{path}?tail=10000").json()["lines"]
    pages, first = [], 1
    while first <= total:
        page = client.get(f"{path}?first={first}&limit=3").json()["lines"]
        pages += page
        first = page[-1]["number"] + 1
    yield pages
    yield [json.loads(line) for line in client.get(f"{path}/download?format=jsonl").text.split("\n")[:-1]]
    data = [line for line in client.get(f"{path}/follow").text.split("\n") if line.startswith("data: [")]
    yield [line for each in data for line in json.loads(each.removeprefix("data: "))]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(blocks=BLOCKS)
def test_what_was_printed_comes_back_by_every_reader(client, deps, ended_run, tmp_path, blocks):
    deps.logs.drop(ended_run.id)
    sent(deps, ended_run, tmp_path, blocks)
    for lines in read_back(client, ended_run):
        assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
        for stream, name in ((STDOUT, "stdout"), (STDERR, "stderr")):
            printed = b"".join(block for each, block in blocks if each == stream)
            assert [line["text"] for line in lines if line["stream"] == name] == expected_texts(printed)
    path, whole = f"/v1/runs/{ended_run.id}/logs/download", "".join(f"{line['text']}\n" for line in lines)
    assert client.get(path).content.decode() == whole
    assert gzip.decompress(client.get(f"{path}?gzip=true").content).decode() == whole
