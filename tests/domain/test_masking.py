"""Secret values do not show in lines, however they are printed, and no line is added or lost by it."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from macropod_runner.line_cutter import LINE_MAX_BYTES, LineCutter
from macropod_runner.masking import Masks, masking
from macropod_server.domain.errors import Invalid
from macropod_server.domain.lines import Stream, segments
from macropod_server.domain.masking import Masker, forms

from tests.batches import batch

PASSWORD = 'p"ss/wörd & more?'
KEY = "-----BEGIN KEY-----\nMIIEow/IBAAK\nCAQEA7bq+\n-----END KEY-----\n"


def masked(text: str, *values: str) -> str:
    return Masker(values).text(text)


@pytest.mark.parametrize(
    "printed",
    [
        PASSWORD,
        json.dumps(PASSWORD)[1:-1],
        json.dumps(PASSWORD, ensure_ascii=False)[1:-1],
        json.dumps(PASSWORD)[1:-1].replace("/", "\\/"),
        repr(PASSWORD)[1:-1],
        quote(PASSWORD),
        quote(PASSWORD, safe=""),
        quote_plus(PASSWORD),
        quote(PASSWORD, safe="").replace("%C3%B6", "%c3%b6").replace("%2F", "%2f").replace("%3F", "%3f"),
    ],
)
def test_a_value_is_hidden_in_every_form_programs_print(printed: str) -> None:
    assert masked(f"before {printed} after", PASSWORD) == "before *** after"


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "u", "us", "use", "user:"])
@pytest.mark.parametrize("after", ["", "x", "xy", "xyz"])
def test_no_letters_of_a_value_within_a_base64_text_are_left(encode, before: str, after: str) -> None:
    value = "s3cr3t~~??>>value"
    text = encode(f"{before}{value}{after}".encode()).decode()
    rest = masked(text, value)
    assert "***" in rest
    assert len(rest) - 3 <= len(text) - (len(value) * 4 // 3 - 2)


def test_longer_values_go_before_those_they_contain_and_overlaps_go_as_a_whole() -> None:
    assert masked("secret-value secret", "secret", "secret-value") == "*** ***"
    assert masked("abcdefgh", "abcdef", "cdefgh") == "***"


@pytest.mark.parametrize("value", ["", "1", "abc", "ä"])
def test_values_too_short_to_be_told_from_other_text_are_left(value: str) -> None:
    assert masked("1 abc ä", value) == "1 abc ä"


def test_a_value_of_several_lines_is_hidden_line_by_line_over_segments_and_batches() -> None:
    masker, texts = Masker([KEY]), []
    for each in KEY.splitlines():
        both = masker.batch(batch(f"> {each}") + batch("between", stream=Stream.STDERR))
        texts += [text for segment in segments(both) for text in segment.texts()]
    assert texts == ["> ***", "between"] * 4
    assert masked(json.dumps({"key": KEY}), KEY) == '{"key": "***"}'


@pytest.mark.parametrize("kept", range(1, 16))
def test_a_value_that_is_cut_at_the_end_of_an_over_long_line_is_hidden_too(kept: int) -> None:
    value = "a-secret-of-many"
    cutter = LineCutter()
    line = "x" * (LINE_MAX_BYTES - kept) + value + "y" * 100
    cut = b"".join([*(cutter.feed(line.encode()[at : at + 4096]) for at in range(0, len(line), 4096)), cutter.finish()])
    assert Masker([value]).lines(cut).startswith(b"x" * (LINE_MAX_BYTES - kept) + b"*** [cut here: the line has ")


def test_a_batch_keeps_its_times_streams_and_number_of_lines() -> None:
    before = batch("one", "token hunter22", "three", stream=Stream.STDERR) + batch("four")
    after = list(segments(Masker(["hunter22"]).batch(before)))
    assert [text for segment in after for text in segment.texts()] == ["one", "token ***", "three", "four"]
    assert [(each.printed_at, each.stream, each.line_count) for each in after] == [
        (each.printed_at, each.stream, each.line_count) for each in segments(before)
    ]


def test_what_holds_no_value_is_handed_back_as_it_was_and_what_is_broken_is_refused() -> None:
    sound = batch("nothing to hide")
    assert Masker([]).batch(sound) is Masker(["hunter22"]).batch(sound) is sound
    with pytest.raises(Invalid):
        Masker(["hunter22"]).batch(b"rubbish")


@given(st.lists(st.text(max_size=12), max_size=4), st.text(), st.integers(0, 3))
def test_the_runner_hides_the_same_as_the_server_and_lines_stay_as_many(values, text, place) -> None:
    text = text.encode(errors="replace").decode() + "\n" + (values[place] if place < len(values) else "")
    lines = text.encode(errors="replace")
    kept: list[bytes] = []
    masking(lambda _stream, each: kept.append(each), Masks(forms(values)))(b"o", lines)
    assert kept == [Masker(values).lines(lines)]
    assert kept[0].count(b"\n") == lines.count(b"\n")
    for value in values:
        if len(value.encode(errors="replace")) >= 4 and "\n" not in value and "*" not in value:
            assert value.encode(errors="replace") not in kept[0]
