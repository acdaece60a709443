"""A long text of one kind is read as quickly as a long text of any other.

Each of these would keep the bot from everybody else for minutes if a regular expression tried the
same characters again and again.
"""

from contextlib import suppress

import pytest

from commands.dressing import undress
from commands.entries import to_entry
from commands.errors import UsageError
from commands.haystack import folded
from commands.masking import hide_numbers
from commands.notice import bounded
from commands.numbers import BadNumber, to_address
from commands.pagetext import page_text
from commands.parser import parse, read_recipients
from commands.reply import read_reply

LENGTH = 30_000

PIECES = (
    *(
        "<",
        "<a:",
        "<@U1|",
        "<!a^",
        "'",
        "' ",
        "“",
        '"',
        ",",
        "1,",
        "(1",
        "1 ",
        "1x",
        "+1 (",
        "1 - ",
    ),
    *("why ", "&amp;", "&", "\u202e", "z\u0301", "\u0301", " ", "\n", "#", "1.", "\u200b1", "1ext"),
)


@pytest.mark.parametrize("piece", PIECES)
def test_a_long_text_of_one_kind_is_read(piece: str) -> None:
    text = (piece * LENGTH)[:LENGTH]
    for verb in ("", "send ", "page a ", "group ", "contacts add ", "why send ", "status "):
        with suppress(UsageError):
            parse(verb + text)
    with suppress(UsageError):
        read_recipients(text)
    with suppress(BadNumber):
        to_address(text, "US")
    for read in (undress, to_entry, hide_numbers, folded, bounded, read_reply):
        read(text)
    assert len(page_text(text, "47")) <= 1_600
