"""The text of a page's SMS: one GSM-7 segment where it can be, the reply code never cut. Pure.

Somebody reads it at night on a lock screen: what is wrong comes first, how to answer last.
"""

import unicodedata
from typing import Final

from commands.characters import plainer
from commands.segments import in_gsm7, measure

LEAST: Final = 40
"""Characters of the text that are worth a further segment, where a link leaves no room for them."""

_MOST = 4  # segments; a link that needs more is no link for a phone


def page_text(body: str, code: str, link: str = "") -> str:
    """Give the SMS of a page.

    Args:
        body: what is wrong; cut at a word, if it has to be.
        code: what a reply names the page by.
        link: an address that is kept whole.
    """
    return _fitted(body, link, f"Reply {code} to ack")


def told_text(said: str, body: str, code: str) -> str:
    """Give the SMS that tells those paged what became of it; `said` is kept whole."""
    return _fitted(f"{said} {body}", "", f"({code})")


def _fitted(body: str, link: str, end: str) -> str:
    words = " ".join("".join(filter(_sayable, plainer(body))).split())
    for segments in range(1, _MOST + 1):
        kept = _longest(words, link, end, segments)
        if kept is not None and (kept == words or len(kept) >= LEAST):
            return _joined(kept, link, end)
    return _joined(_longest(words, "", end, 1) or "", "", end)


def _sayable(c: str) -> bool:
    """Tell whether a character is worth it: one emoji would halve the room for words."""
    return in_gsm7(c) or unicodedata.category(c)[0] in "LMNPZ"


def _longest(words: str, link: str, end: str, segments: int) -> str | None:
    """Give as many of the words as fit; None if not even none does."""
    if measure(_joined(words, link, end)).segments <= segments:
        return words
    low, high = 0, len(words)  # cutting off only ever makes it shorter
    while low < high:
        middle = (low + high + 1) // 2
        if measure(_joined(_cut(words, middle), link, end)).segments <= segments:
            low = middle
        else:
            high = middle - 1
    cut = _cut(words, low)
    return cut if measure(_joined(cut, link, end)).segments <= segments else None


def _cut(words: str, length: int) -> str:
    """Cut at a word, or within one that is as long as all; dots tell that there was more."""
    whole = words[:length]
    head, blank, _ = whole.rpartition(" ")
    return f"{head.rstrip(' ,;:-') if blank else whole}..." if length else ""


def _joined(text: str, link: str, end: str) -> str:
    # a link that stands in the text whole need not stand there twice
    return " ".join(filter(None, (text, "" if link in text else link, end)))
