"""The batch form of lines: what is read, what is refused, and what of a container's own output is new."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from macropod_server.domain.errors import Invalid
from macropod_server.domain.lines import Segment, Stream, encode_segment, segments, unsent

NOON = datetime(2026, 1, 2, 12, 0, 0, 123456, tzinfo=UTC)
NOON_IN_MICROSECONDS = 1767355200123456
TEXTS = st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])), min_size=1)


def test_a_segment_says_its_time_stream_lines_and_bytes() -> None:
    batch = f"{NOON_IN_MICROSECONDS} e 2 5\nä\nb\n".encode()
    assert list(segments(batch)) == [Segment(NOON, Stream.STDERR, 2, "ä\nb\n".encode())]


@pytest.mark.parametrize(("letter", "stream"), [(b"o", Stream.STDOUT), (b"e", Stream.STDERR), (b"s", Stream.SYSTEM)])
def test_each_stream_has_its_letter(letter: bytes, stream: Stream) -> None:
    assert [segment.stream for segment in segments(b"0 " + letter + b" 1 2\na\n")] == [stream]


def test_segments_follow_each_other_in_order() -> None:
    batch = b"0 o 1 2\na\n" + b"1 e 2 4\nb\nc\n"
    assert [segment.texts() for segment in segments(batch)] == [["a"], ["b", "c"]]


def test_a_batch_without_segments_is_empty() -> None:
    assert list(segments(b"")) == []


def test_a_segment_is_split_at_newlines_and_at_nothing_else() -> None:
    assert Segment(NOON, Stream.STDOUT, 3, "\na\r\x0b\u2028b\n\n".encode()).texts() == ["", "a\r\x0b\u2028b", ""]


BROKEN = {
    "no head": b"hello",
    "a head of other words": b"hello you there now\na\n",
    "a head that never ends": b"0 o 1 " + b"9" * 100 + b"\na\n",
    "an unknown stream": b"0 x 1 2\na\n",
    "a time before 1970": b"-1 o 1 2\na\n",
    "a time beyond all calendars": b"9" * 30 + b" o 1 2\na\n",
    "digits of another script": "\u0660 o 1 2\na\n".encode(),
    "fewer bytes than announced": b"0 o 1 3\na\n",
    "more bytes than announced": b"0 o 1 2\na\nb\n",
    "more lines than announced": b"0 o 1 4\na\nb\n",
    "fewer lines than announced": b"0 o 2 2\na\n",
    "no last newline": b"0 o 1 2\na\nb",
    "no lines": b"0 o 0 0\n",
    "bytes that are not UTF-8": b"0 o 1 3\n\xc3(\n",
    "a letter cut in two": b"0 o 1 2\n\xc3\n",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_batch_that_is_not_well_formed_is_refused_at_its_segment(broken: bytes) -> None:
    reader = segments(b"0 o 1 2\na\n" + broken)
    assert next(reader).texts() == ["a"]
    with pytest.raises(Invalid, match=r"at byte (10|20)"):
        list(reader)


@given(TEXTS, st.sampled_from(Stream), st.integers(0, 4_000_000_000_000_000))
def test_what_was_encoded_reads_back(texts: list[str], stream: Stream, microseconds: int) -> None:
    printed_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    (segment,) = segments(encode_segment(printed_at, stream, texts))
    assert (segment.printed_at, segment.stream, segment.texts()) == (printed_at, stream, texts)
    assert segment.line_count == len(texts)


@given(st.text("0129 oes\n-", max_size=40).map(str.encode))
def test_anything_like_a_batch_is_read_or_refused_and_nothing_else_happens(data: bytes) -> None:
    with suppress(Invalid):
        assert sum(len(segment.body) for segment in segments(data)) <= len(data)


@pytest.mark.parametrize(
    ("output", "stored", "new"),
    [
        ([], [], []),
        (["a", "b"], [], ["a", "b"]),
        ([], ["a"], []),
        (["a", "b"], ["a", "b"], []),
        (["a", "b", "c"], ["a", "b"], ["c"]),
        (["b", "c", "d"], ["a", "b"], ["c", "d"]),
        (["x", "a", "y", "a", "z"], ["a"], ["z"]),
        (["c", "d"], ["a", "b"], ["c", "d"]),
    ],
)
def test_only_lines_after_the_last_stored_ones_are_unsent(output: list[str], stored: list[str], new: list[str]) -> None:
    assert unsent(output, stored, are_whole=False) == new


def test_what_a_container_copied_before_the_last_lines_that_were_sent_is_not_stored_again() -> None:
    stored = [str(number) for number in range(50)]
    assert unsent(stored[:40], stored, are_whole=True) == []
    assert unsent(stored[20:40], stored, are_whole=False) == []


def test_of_two_whole_texts_the_longer_one_is_known_to_the_line() -> None:
    assert unsent(["tick"] * 5, ["tick"] * 3, are_whole=True) == ["tick"] * 2


def test_a_line_that_only_the_container_has_does_not_make_all_others_unsent() -> None:
    stored = [str(number) for number in range(50)]
    assert unsent(["noise", *stored, "50"], stored, are_whole=True) == ["50"]
