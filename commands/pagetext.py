"""The text of a page's SMS: one GSM-7 segment where it can be, the reply code never cut. Pure.

Somebody reads it at night on a lock screen: what is wrong comes first, how to answer last.
"""

import unicodedata
from typing import Final

from commands.characters import plainer
from commands.segments import in_gsm7, measure, utf16_units

LEAST: Final = 40
"""Characters of the text that are worth a further segment, where a link leaves no room for them."""


def page_text(body: str, code: str, link: str = "") -> str:
    """Give the SMS of a page.

    Args:
        body: what is wrong; cut at a word, if it has to be.
        code: what a reply names the page by.
        link: an address that is kept whole, as long as Twilio takes the message at all.
    """
    return _fitted("", body, link, f"Reply {code} to ack", stop="." if not link else "")


def told_text(said: str, body: str, code: str) -> str:
    """Give the SMS that tells those paged what became of it; `said` is kept whole."""
    return _fitted(said, body, "", f"({code})")


def _fitted(said: str, body: str, link: str, end: str, stop: str = "") -> str:
    """Put together what is kept whole, and as many words as are worth their segments."""
    words = _sayable(body.replace(link, " ") if link else body)
    words += stop if words[-1:].isalnum() else ""
    said, link = _sayable(said), link.strip()
    if utf16_units(link) > _LONGEST_LINK:
        link = ""
    least = measure(_joined(said, _cut(words, min(len(words), LEAST)), link, end)).segments
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(_joined(said, _cut(words, middle), link, end)).segments <= least:
            low = middle
        else:
            high = middle - 1
    return _joined(said, _cut(words, low), link, end)


_LONGEST_LINK = 1_400


def _sayable(text: str) -> str:
    """Write a text on one line, and without what is not worth it: an emoji halves the room."""
    kept = (c for c in plainer(text) if in_gsm7(c) or unicodedata.category(c)[0] in "LMNPZ")
    return " ".join("".join(kept).split())


def _cut(words: str, length: int) -> str:
    """Cut after a word, or within one that is as long as all; dots tell that there was more."""
    whole = words[:length]
    if length >= len(words) or not whole:
        return whole
    head = whole if words[length] == " " else whole.rpartition(" ")[0] or whole
    return f"{head.rstrip(' ,;:-')}..."


def _joined(*parts: str) -> str:
    return " ".join(filter(None, parts))
