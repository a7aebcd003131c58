"""Which names are taken, and what is made of a program's messages."""

import pytest
from macropod_server.domain.errors import Invalid
from macropod_server.domain.texts import LONGEST_MESSAGE, check_name, cleaned


@pytest.mark.parametrize("name", ["a", "house prices", "häß 🦘", "👩‍👩‍👧", "a\u00a0b", "x" * 200])
def test_a_name_that_can_be_shown_in_one_line_is_taken_as_it_is(name: str) -> None:
    assert check_name("name", name) == name


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "The name is empty; give 1 to 200 characters."),
        ("x" * 201, "The name has 201 characters; give 1 to 200."),
        ("a\0b", "The name has the character U+0000, which cannot be shown; leave it out."),
        ("a\nb", "The name has the character U+000A, which cannot be shown; leave it out."),
        ("\x1b[31m", "The name has the character U+001B, which cannot be shown; leave it out."),
        ("\ud800", "The name has the character U+D800, which cannot be shown; leave it out."),
        ("a\u2028b", "The name has the character U+2028, which cannot be shown; leave it out."),
    ],
)
def test_any_other_name_is_refused_with_the_reason(name: str, told: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_name("name", name)
    assert refusal.value.message == told


def test_a_message_is_kept_with_what_cannot_be_shown_replaced() -> None:
    assert cleaned("a\tb\nc\0d\ud800e\x1bf") == "a\tb\nc�d�e�f"


def test_a_long_message_is_cut_and_marked() -> None:
    assert cleaned("x" * LONGEST_MESSAGE) == "x" * LONGEST_MESSAGE
    assert cleaned("x" * (LONGEST_MESSAGE + 1)) == "x" * (LONGEST_MESSAGE - 1) + "…"
