"""What makes a text UCS-2, and what can be written instead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.characters import named, odd_ones, plainer
from commands.segments import measure


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("“Don\u2019t” – it\u2019s 5 \u00d7 3…", "\"Don't\" - it's 5 x 3..."),
        ("a\u00a0b\u2009c\td", "a b c d"),
        ("Zoë ç ő Łódź ﬁ ½ ①", "Zoe c o Lodz fi 1/2 1"),
        ("e\u0301 n\u0303", "é ñ"),
        ("a\u200bb\ufeff\u00adc", "abc"),
        ("A → B ≤ C", "A -> B <= C"),
        ("Ärger für Åse: 5 € [x]", "Ärger für Åse: 5 € [x]"),
        ("fire \U0001f525!", "fire \U0001f525!"),
        ("пожар", "пожар"),
    ],
)
def test_plain_characters_keep_the_sense(text: str, plain: str) -> None:
    assert plainer(text) == plain


def test_the_odd_ones_are_named_each_once_in_order() -> None:
    assert odd_ones("“a” – “b” €") == ("“", "”", "–")
    assert odd_ones("plain €") == ()


@pytest.mark.parametrize(
    ("odd", "name"),
    [
        ("\u2019", "“\u2019”"),
        ("\U0001f525", "“\U0001f525”"),
        ("\u00a0", "no-break space"),
        ("\u200b", "zero width space"),
        ("\u0301", "combining acute accent"),
        ("\ue000", "U+E000"),
    ],
)
def test_what_cannot_be_seen_is_called_by_its_name(odd: str, name: str) -> None:
    assert named(odd) == name


@given(st.text())
def test_a_text_is_gsm_7_exactly_if_nothing_in_it_is_odd(text: str) -> None:
    assert (measure(text).encoding == "GSM-7") == (odd_ones(text) == ())


@given(st.text())
def test_plain_characters_are_never_more_odd_and_stay_so(text: str) -> None:
    plain = plainer(text)
    assert plainer(plain) == plain
    assert set(odd_ones(plain)) <= set(odd_ones(text)) | set(odd_ones(plainer(plain)))


def test_an_accent_that_stands_alone_is_kept_and_a_blank_of_any_kind_is_a_blank() -> None:
    assert plainer("\u0336") == "\u0336"
    assert plainer("a\u1680b") == "a b"
