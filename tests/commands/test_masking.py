"""Numbers inside free text, hidden but for their last four digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.masking import hide_numbers


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("+16175551212: off", "+•••••••1212: off"),
        ("call (617) 555-1212.", "call (•••) •••-1212."),
        ("whatsapp:+442071838750", "whatsapp:+••••••••8750"),
        ("two: 6175551212, 6175551213", "two: ••••••1212, ••••••1213"),
        (
            "\u202a+1\u00a0617\u202c\u200b555\u200e1212",
            "\u202a+•\u00a0•••\u202c\u200b•••\u200e1212",
        ),
        ("١٦١٧٥٥٥١٢١٢", "•••••••١٢١٢"),
    ],
)
def test_a_number_shows_its_last_four_digits_alone(text: str, hidden: str) -> None:
    assert hide_numbers(text) == hidden


@pytest.mark.parametrize("text", ["", "step 1 of 3", "30003 the phone is off", "2026-01", "10:04"])
def test_what_is_no_number_is_left_as_it_is(text: str) -> None:
    assert hide_numbers(text) == text


@given(st.text("0123456789 +-()a,", max_size=40))
def test_hiding_changes_neither_length_nor_anything_but_digits(text: str) -> None:
    hidden = hide_numbers(text)
    assert [h for h, c in zip(hidden, text, strict=True) if h != c] == ["•"] * hidden.count("•")
