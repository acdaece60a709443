"""Hides telephone numbers inside free text that many read: in channels, in timelines. Pure."""

import re

_NUMBER = re.compile(r"\d(?:[ ()./\u00a0\u2010-\u2015-]{0,3}\d){6,}")
"""What may be a telephone number: E.164's shortest have seven digits."""

_SHOWN = 4


def hide_numbers(text: str) -> str:
    """Hide all but the last four digits of every telephone number in a text."""
    return _NUMBER.sub(_hidden, text)


def _hidden(number: re.Match[str]) -> str:
    digits = sum(c.isdigit() for c in number[0])
    seen = 0
    shown = []
    for c in number[0]:
        seen += c.isdigit()
        shown.append("•" if c.isdigit() and seen <= digits - _SHOWN else c)
    return "".join(shown)
