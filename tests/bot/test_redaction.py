"""Whatever a text holds, what is shown of it tells no secret and obeys nobody."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redaction import Redactor

SECRET = "p4ss/w0rd+x"

pieces = st.sampled_from(
    [SECRET, "p4ss%2Fw0rd%2Bx", "+16175551212", "(617)\u00a0555\u200e-1212", "\x1b[2J", "\r", "\n"]
)
texts = st.lists(st.text(st.characters(codec=None), max_size=6) | pieces, max_size=8).map(" ".join)


@given(texts)
def test_no_secret_no_number_and_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    shown = Redactor([SECRET]).text(text)
    assert SECRET not in shown
    assert "p4ss%2Fw0rd%2Bx" not in shown
    assert not re.search(r"617\D{0,4}555\D{0,4}1212", shown)
    kinds = {c: unicodedata.category(c) for c in shown if c not in "\n\t"}
    assert {"Cc", "Cs", "Zl", "Zp"}.isdisjoint(kinds.values())
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+1\u00a0617\u202f555\u00a01212", "•••••••1212"),
        ("\u202a+1617\u200b555\u200e1212\u202c", "\\u202a•••••••1212\\u202c"),
        ("a\x1b[31mb\rc\x85d\u2028e", "a\\x1b[31mb\\rc\\x85d\\u2028e"),
        ("half \ud800", "half \\ud800"),
        ("Zoë 小明 \U0001f468\u200d\U0001f680\tx\ny", "Zoë 小明 \U0001f468\u200d\U0001f680\tx\ny"),
    ],
)
def test_what_would_do_something_is_written_as_what_it_is(text: str, shown: str) -> None:
    assert Redactor().text(text) == shown


@pytest.mark.parametrize(
    "piece",
    ["1", "1 ", "(1", "(12) ", "+1", "+1 (", "1.", "%2B1", "\u200e1", "\u00a01", "xoxb-", "xoxb-a",
     "xoxe.xoxb-", "://", "://a:", "hooks.slack.com/", "Bearer ", "?ticket=", "Basic a"],
)  # fmt: skip
def test_a_long_text_of_one_kind_is_redacted(piece: str) -> None:
    assert Redactor([SECRET]).text((piece * 30_000)[:30_000])
