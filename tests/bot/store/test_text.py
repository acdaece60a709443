from hypothesis import given
from hypothesis import strategies as st

from bot.store.text import storable


@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_one_that_utf8_carries_and_postgresql_takes(text: str) -> None:
    assert "\0" not in storable(text)
    assert storable(text).encode().decode() == storable(text)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_sound_text_stays_as_it_is(text: str) -> None:
    assert storable(text) == text


def test_two_halves_of_a_pair_are_joined() -> None:
    assert storable("\ud83c\udf0a") == "🌊"
