"""What a search is: which patterns are taken, what they match, and that nothing that is printed misleads it."""

import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from macropod_server.domain.errors import Invalid
from macropod_server.domain.lines import Line, Stream
from macropod_server.domain.search import LONGEST_PATTERN, Match, Pattern, Query
from macropod_server.domain.sifting import Places, matches, sift

from tests.batches import NOON, batch


def found(content: bytes, pattern: Pattern, *, stream: Stream | None = None) -> list[Match]:
    """The last line first."""
    sifted = sift(content, pattern, lambda: False)
    places, query = Places(content, first=1), Query(pattern, stream=stream)
    return [match for start, end in sifted.promising for match in matches(content, places, start, end, query)]


def texts(content: bytes, pattern: Pattern) -> list[str]:
    return [match.line.text for match in found(content, pattern)]


@pytest.mark.parametrize(
    ("text", "options", "line", "spans"),
    [
        ("timeout", {}, "a timeout, a timeout", ((2, 9), (13, 20))),
        ("timeout", {}, "a Timeout", None),
        ("timeout", {"ignore_case": True}, "a TimeOut", ((2, 9),)),
        ("ÄRGER", {"ignore_case": True}, "häh ärger", ((4, 9),)),
        ("a.b", {}, "axb", None),
        ("a.b", {}, "a.b", ((0, 3),)),
        (r"took \d{4,} ms", {"is_regex": True}, "🦘 took 12345 ms", ((2, 15),)),
        ("^b", {"is_regex": True}, "ab", None),
        ("b$", {"is_regex": True}, "ab", ((1, 2),)),
        ("a|(b)", {"is_regex": True}, "ab", ((0, 1), (1, 2))),
        ("x*", {"is_regex": True}, "abc", ()),
        ("x*", {"is_regex": True}, "axb", ((1, 2),)),
    ],
)
def test_a_line_matches_in_certain_places_or_not_at_all(text, options, line, spans):
    assert Pattern(text, **options).spans(line.encode()) == spans


def test_of_a_line_that_matches_everywhere_a_hundred_places_are_told():
    assert Pattern("a").spans(b"a" * 65536) == tuple((place, place + 1) for place in range(100))


@pytest.mark.parametrize(
    ("text", "is_regex", "reason"),
    [
        ("", False, "empty"),
        ("x" * (LONGEST_PATTERN + 1), False, str(LONGEST_PATTERN)),
        ("a\nb", False, "line break"),
        ("a\ud800", False, "surrogate"),
        ("(", True, "missing )"),
        ("(?=a)", True, "(?="),
        (r"\1", True, r"\1"),
        (r"\pL{200}", True, "too large"),
        (r"(a{1000}){1000}", True, "repetition"),
        (r"\Aa", True, "use ^"),
        (r"a\z", True, "use $"),
        (r"\C", True, "use ."),
        ("(?i-m)^a", True, "flag m"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_with_the_field_and_the_reason(text, is_regex, reason):
    with pytest.raises(Invalid, match=re.escape(reason)) as refusal:
        Pattern(text, is_regex=is_regex)
    assert refusal.value.problems[0].where == "text"


def test_a_text_is_taken_for_a_pattern_only_where_that_is_said():
    assert texts(batch("(a", "b"), Pattern("(")) == ["(a"]
    assert texts(batch(r"\A", "b"), Pattern(r"\A")) == [r"\A"]
    assert texts(batch(r"\\A", "b"), Pattern(r"\\\\A", is_regex=True)) == [r"\\A"]


@pytest.mark.parametrize("pattern", [r"a\s*b", "a[^x]b", "(?s)a.*b", "a[[:space:]]b"])
def test_no_match_reaches_over_the_end_of_a_line(pattern):
    assert texts(batch("a", "b", "a b"), Pattern(pattern, is_regex=True)) == ["a b"]


def test_a_head_of_a_segment_is_never_taken_for_a_line():
    content = batch("one") + batch("two", stream=Stream.STDERR)
    assert texts(content, Pattern(" o 1 4")) == []
    assert texts(content, Pattern("^", is_regex=True)) == ["two", "one"]
    assert texts(content, Pattern("1")) == []


def test_a_match_knows_its_number_time_and_stream():
    content = batch("a", "b x") + batch("c", "d x", "e", stream=Stream.STDERR)
    assert found(content, Pattern("x")) == [
        Match(Line(4, NOON, Stream.STDERR, "d x"), ((2, 3),)),
        Match(Line(2, NOON, Stream.STDOUT, "b x"), ((2, 3),)),
    ]
    assert [each.line.number for each in found(content, Pattern("x"), stream=Stream.STDOUT)] == [2]


def test_large_batches_are_looked_through_piece_by_piece_from_their_end():
    content = b"".join(
        batch(*(f"line {row} {'x' * 90}" for row in range(start, start + 50))) for start in range(0, 5000, 50)
    )
    sifted = sift(content, Pattern("line"), lambda: True)
    assert 0 < sifted.reached < len(content)
    assert len(sifted.promising) == 1
    assert Places(content, first=1).number_from(sifted.reached) > 4000
    assert [match.line.number for match in found(content, Pattern("line"))] == list(range(5000, 0, -1))


LINES = st.lists(st.text(alphabet="ab 1o\r\x1bä🦘", max_size=6), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(LINES, min_size=1, max_size=4),
    st.sampled_from(["a", " ", "1", "o 1", "^", "$", "a*b", r"\s", "[^a]", "ä|🦘", "b$", r"\b"]),
)
def test_the_bytes_of_a_batch_are_searched_as_each_of_its_lines_would_be(segments, text):
    pattern = Pattern(text, is_regex=True)
    content, lines = b"".join(batch(*each) for each in segments), [line for each in segments for line in each]
    wanted = [
        (number, spans) for number, line in enumerate(lines, 1) if (spans := pattern.spans(line.encode())) is not None
    ]
    assert [(match.line.number, match.spans) for match in found(content, pattern)] == wanted[::-1]


@pytest.mark.parametrize(
    "text", [r"(a.{0,100}){3}zqq", r"(.*)*x", r"((a|b|x)*(y|z| )*){20}q", r"(a|aa)+$", r"a.{100}zqq"]
)
def test_a_hostile_pattern_is_slow_in_proportion_and_no_more(text):
    chance = random.Random(2)
    content = batch(*("".join(chance.choices("ab xyz", k=100)) for _ in range(600)))
    began = time.process_time()
    found(content, Pattern(text, is_regex=True))
    assert time.process_time() - began < 10
