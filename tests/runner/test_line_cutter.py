"""Cutting a stream of bytes into lines."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from macropod_runner.line_cutter import LINE_MAX_BYTES, LineCutter


def cut(*blocks: bytes) -> bytes:
    cutter = LineCutter()
    return b"".join([*map(cutter.feed, blocks), cutter.finish()])


@pytest.mark.parametrize(
    ("blocks", "lines"),
    [
        ([], b""),
        ([b"\n"], b"\n"),
        ([b"a\nb\n"], b"a\nb\n"),
        ([b"no newline"], b"no newline\n"),
        ([b"par", b"t", b"s\nrest"], b"parts\nrest\n"),
        ([b"progress 1\rprogress 2\r\n"], b"progress 1\rprogress 2\r\n"),
        ([b"nul \0 and \x1b[31mred\x1b[0m\n"], b"nul \0 and \x1b[31mred\x1b[0m\n"),
        (["ł".encode()[:1], "ł".encode()[1:] + b"\n"], "ł\n".encode()),
        ([b"bad \xff byte\n"], "bad \ufffd byte\n".encode()),
        ([b"cut \xc5\nnext\n"], "cut \ufffd\nnext\n".encode()),
        ([b"surrogate \xed\xa0\x80\n"], "surrogate \ufffd\ufffd\ufffd\n".encode()),
        ([b"cut at the end \xc5"], "cut at the end \ufffd\n".encode()),
    ],
)
def test_lines_are_whole_and_valid(blocks: list[bytes], lines: bytes) -> None:
    assert cut(*blocks) == lines


def test_nothing_is_handed_out_before_its_newline() -> None:
    cutter = LineCutter()
    assert cutter.feed(b"a\nbegun") == b"a\n"
    assert cutter.feed(b" and ended\nc") == b"begun and ended\n"


def test_a_line_of_the_greatest_length_stays_whole() -> None:
    line = b"x" * LINE_MAX_BYTES + b"\n"
    assert cut(line * 3) == line * 3


def test_a_line_of_one_mebibyte_is_cut_and_says_how_long_it_was() -> None:
    cut_line = b"x" * LINE_MAX_BYTES + b" [cut here: the line has 1,048,576 bytes]\n"
    line = b"x" * 1024**2 + b"\n"
    assert cut(b"before\n" + line + b"after\n") == b"before\n" + cut_line + b"after\n"
    assert cut(b"before\n", *(line[at : at + 1000] for at in range(0, len(line), 1000)), b"after\n") == (
        b"before\n" + cut_line + b"after\n"
    )


def test_a_long_line_is_not_cut_in_the_middle_of_a_character() -> None:
    line = b"x" + "€".encode() * 30_000
    kept, _, mark = cut(line).decode().partition(" [")
    assert kept == "x" + "€" * ((LINE_MAX_BYTES - 1) // 3)
    assert mark == "cut here: the line has 90,001 bytes]\n"


@given(st.binary(max_size=200) | st.text().map(str.encode), st.lists(st.integers(0, 200)))
def test_where_reads_meet_makes_no_difference(data: bytes, places: list[int]) -> None:
    edges = [0, *sorted(places), len(data)]
    blocks = [data[start:end] for start, end in itertools.pairwise(edges)]
    assert cut(*blocks) == cut(data)


@given(st.lists(st.integers(0, 3 * LINE_MAX_BYTES), max_size=8))
def test_no_line_is_lost_whatever_their_lengths(lengths: list[int]) -> None:
    lines = cut(b"".join(b"x" * length + b"\n" for length in lengths)).split(b"\n")[:-1]
    assert [len(line.partition(b" ")[0]) for line in lines] == [min(length, LINE_MAX_BYTES) for length in lengths]
