"""Lines on their way: order, numbers, disk, gaps."""

from pathlib import Path

from macropod_runner.outbox import BATCH_BYTES, Batch, Outbox
from macropod_runner.segments import STDERR, STDOUT, Segment
from macropod_runner.spool import Spool
from macropod_server.domain.lines import segments


def outbox(folder: Path, *, spool_max_bytes: int = 10**6, memory_bytes: int = 1000, first: int = 1) -> Outbox:
    return Outbox(Spool(folder, max_bytes=spool_max_bytes), first=first, memory_bytes=memory_bytes)


def add(box: Outbox, *texts: str, stream: bytes = STDOUT) -> None:
    body = "".join(f"{text}\n" for text in texts).encode()
    box.add(Segment(1_700_000_000_000_000, stream, len(texts), body))


def texts(batch: Batch | None) -> list[str]:
    assert batch is not None
    return [text for segment in segments(batch.data) for text in segment.texts()]


def drain(box: Outbox) -> list[str]:
    """Deliver everything to a server that takes all."""
    box.close()
    drained: list[str] = []
    while batch := box.next_batch(not_before=0):
        drained += texts(batch)
        box.acknowledge(batch.first + len(texts(batch)))
    return drained


def test_lines_that_fit_in_memory_never_touch_the_disk(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    add(box, "one", "two")
    assert list(tmp_path.iterdir()) == []
    assert drain(box) == ["one", "two"]


def test_order_holds_from_memory_over_disk_to_memory(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    written = [f"line {number}" for number in range(200)]
    for text in written[:100]:
        add(box, text)
    assert list(tmp_path.iterdir())
    begun = box.next_batch(not_before=0)
    for text in written[100:]:
        add(box, text)
    assert begun is not None
    assert drain(box) == written
    assert box.delivered == 200
    assert list(tmp_path.iterdir()) == []


def test_each_stream_keeps_its_mark(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    add(box, "out")
    add(box, "err", stream=STDERR)
    batch = box.next_batch(not_before=0)
    assert batch is not None
    assert [segment.stream for segment in segments(batch.data)] == ["stdout", "stderr"]


def test_a_batch_holds_about_a_mebibyte(tmp_path: Path) -> None:
    box = outbox(tmp_path, memory_bytes=10**7)
    for _ in range(300):
        add(box, "x" * 9999)
    batch = box.next_batch(not_before=0)
    assert batch is not None
    assert 0.9 * BATCH_BYTES < len(batch.data) <= BATCH_BYTES


def test_a_single_piece_over_a_mebibyte_is_sent_all_the_same(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    add(box, "x" * 2 * BATCH_BYTES)
    assert [len(text) for text in drain(box)] == [2 * BATCH_BYTES]


def test_what_was_not_acknowledged_is_sent_again(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    add(box, "one", "two", "three")
    box.next_batch(not_before=0)
    assert box.acknowledge(1) is False
    assert box.acknowledge(3) is True
    batch = box.next_batch(not_before=0)
    assert batch is not None
    assert (batch.first, texts(batch)) == (3, ["three"])


def test_a_server_that_is_ahead_is_followed(tmp_path: Path) -> None:
    box = outbox(tmp_path, first=5)
    add(box, "five", "six")
    add(box, "seven")
    box.next_batch(not_before=0)
    box.acknowledge(7)
    batch = box.next_batch(not_before=0)
    assert batch is not None
    assert (batch.first, texts(batch)) == (7, ["seven"])


def test_when_all_is_full_the_oldest_are_kept_and_the_gap_is_marked(tmp_path: Path) -> None:
    box = outbox(tmp_path, spool_max_bytes=2000)
    for number in range(100):
        add(box, f"line {number}")
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2000
    kept = drain(box)
    *lines, gap = kept
    assert lines == [f"line {number}" for number in range(len(lines))]
    missing = 100 - len(lines)
    size = sum(len(f"line {number}\n") for number in range(len(lines), 100))
    assert 0 < missing < 100
    assert gap == (
        f"{missing} lines ({size} bytes) are missing here: "
        "the server did not take them in time and there was no more room to keep them."
    )


def test_lines_after_a_gap_stand_after_its_mark(tmp_path: Path) -> None:
    box = outbox(tmp_path, spool_max_bytes=0)
    for number in range(20):
        add(box, f"line {number}")
    first = box.next_batch(not_before=0)
    assert first is not None
    box.acknowledge(first.first + len(texts(first)))
    add(box, "later")
    gap, later = drain(box)
    assert "are missing here" in gap
    assert later == "later"


def test_a_disk_that_cannot_be_written_counts_as_full(tmp_path: Path) -> None:
    box = outbox(tmp_path / "not there")
    for number in range(100):
        add(box, f"line {number}")
    assert "are missing here" in drain(box)[-1]


def test_lines_that_vanish_from_the_disk_are_marked(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    for number in range(100):
        add(box, f"line {number}")
    files = sorted(tmp_path.iterdir())
    files[0].unlink()
    kept = drain(box)
    assert "are missing here" in kept[0]
    assert kept[-1] == "line 99"


def test_a_closed_and_empty_outbox_has_no_more_batches(tmp_path: Path) -> None:
    box = outbox(tmp_path)
    box.close()
    assert box.next_batch(not_before=0) is None
