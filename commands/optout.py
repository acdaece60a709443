"""Opting out: the words by which people do, and how it is told to who wants to reach them. Pure."""

from enum import StrEnum

REFUSED = 21610
"""Twilio's code for a message to somebody who has opted out of its sender."""


class Word(StrEnum):
    """What a reply can say about further messages."""

    STOP = "STOP"
    START = "START"


# https://help.twilio.com/articles/223134027; each alone in its message, in any case
_WORDS = dict.fromkeys(
    ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"), Word.STOP
) | dict.fromkeys(("START", "YES", "UNSTOP"), Word.START)


_ANSWER = "YES"
"""Of who has not opted out it is the answer to a question."""


def word_of(body: str, *, out: bool) -> Word | None:
    """Give what a reply says about further messages; None if it is about something else.

    Args:
        body: what was written.
        out: whether its writer is known to have opted out.
    """
    text = body.strip().upper()
    return _WORDS.get(text) if out or text != _ANSWER else None


def by_stop(sender: str) -> str:
    """Say why somebody who texted STOP is left out of a send."""
    return f"opted out by STOP; {_way_back(sender)}"


def by_refusal(sender: str) -> str:
    """Say why somebody is left out whom Twilio has refused before."""
    return f"opted out, as Twilio said ({REFUSED}); {_way_back(sender)}"


def _way_back(sender: str) -> str:
    """Name the sender only where a person could text to it as it stands."""
    to = f" to {sender}" if sender.removeprefix("+").isdigit() else ""
    return f"only their START{to} opens this again"
