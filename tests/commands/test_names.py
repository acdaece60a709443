"""What a contact or a group may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.entries import NameEntry, to_entry
from commands.names import fault_of


@pytest.mark.parametrize(
    "name",
    ["alice", "O-Brien", "müller", "小明", "\u0639\u200c\u0631", "\U0001f468\u200d\U0001f680"],
)
def test_a_plain_word_of_any_script_is_a_name(name: str) -> None:
    assert fault_of(name) is None


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("", "is empty"),
        ("a b", "has blanks"),
        ("a\u2028b", "has blanks"),
        ("x" * 81, "is longer"),
        ("VERIFIED", "is reserved"),
        ("911", "would be read"),
        ("whatsapp:x", "would be read"),
        ("<!channel>", "would be read"),
        ("alice\0", "cannot be seen"),
        ("ali\u200bce", "cannot be seen"),
        ("\u202eecila", "cannot be seen"),
        ("alice\x1b[2J", "cannot be seen"),
        ("\ud800", "cannot be seen"),
        ("\u200d", "cannot be seen"),
        ("\u0301", "cannot be seen"),
    ],
)
def test_what_is_no_name_is_told(name: str, what: str) -> None:
    fault = fault_of(name)
    assert fault is not None
    assert what in fault[0]


@given(st.text(st.characters(codec=None), max_size=90))
def test_a_name_that_will_do_means_itself_and_fits_the_database(name: str) -> None:
    if fault_of(name) is None:
        assert to_entry(name.replace("&", "&amp;")) == NameEntry(name)
        assert "\0" not in name
        assert name.encode().decode() == name
