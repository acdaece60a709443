"""Hides telephone numbers inside free text that many read: in channels, in timelines. Pure."""

import re

_BETWEEN = r" ()./\u00a0\u00ad\u2000-\u2015\u202a-\u202f\u205f-\u2069\u3000\ufeff-"
"""What people, and the telephones that they copy from, put between digits, seen or not."""

_NUMBER = re.compile(rf"\d(?:[{_BETWEEN}]{{0,3}}\d){{6,}}")
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
