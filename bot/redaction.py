"""What may never be read in a log or a report, and how it is made unreadable."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

HIDDEN = "[redacted]"
_SHORTEST_SECRET = 4
"""Characters; replacing anything shorter would tear holes into ordinary words."""
_DEEPEST = 6
_SHORT, _KEPT = 32, 1_024
"""Texts of so many characters are looked at once, and so many of them are remembered."""
_FEWEST_DIGITS = 7
_LEAST_NUMBER = 10 ** (_FEWEST_DIGITS - 1)

_TOKENS = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w.-]+|xapp-[\w-]+"  # Slack's tokens
    r"|(?<=hooks\.slack\.com/)[^\s\"'<>]+"  # a response_url lets anybody answer
    r"|(?<=hooks\.slack-gov\.com/)[^\s\"'<>]+"
    r"|(?<=[?&]ticket=)[^\s\"'<>&]+"  # the ticket of a Socket Mode connection
    r"|(?<=Bearer )[\w.~+/=-]{8,}|(?<=Basic )[\w+/=]{12,}"
)
_USERINFO = re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]*(?=@)")
_PHONES = re.compile(
    r"(?<![0-9A-Za-z.])(?:\d{10}\.\d{6}(?!\d))"  # a Slack timestamp is none: group 1 stays unset
    r"|(\+\d[\d ().\-\u2010-\u2015]{5,}\d"  # +1 (617) 555-1212
    r"|\(\d{2,5}\)[ .-]?\d{2,4}[ .-]?\d{2,6}"  # (617) 555-1212
    r"|(?<![0-9A-Za-z.-])\d{3}[ .-]\d{3}[ .-]\d{4}(?![0-9A-Za-z])"  # 617-555-1212
    r"|(?:(?<=%2[Bb])|(?<![0-9A-Za-z])(?<!\d\.))\d{7,}(?![0-9A-Za-z]))"  # not inside a SID
)
_MARKS = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_PARTED = re.compile(rf"(?<=\d)[{_MARKS}]+(?=[ ().-]*\d)|(?<=[ ().-])[{_MARKS}]+(?=\d)")
"""Marks that nobody sees between the digits of a number, as telephones copy it."""

_WIDE = re.compile("(?<=[\\d)])[\u00a0\u2000-\u200a\u202f\u3000]+(?=[(\\d])")
"""Blanks of other kinds, in the same place."""

_UNSAID = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What a terminal obeys, what ends a line or turns it around, and what no file can hold."""


class Redactor:
    """Hides tokens, the secrets it is told, and all but the last four digits of numbers.

    Characters that would do something where they are shown are written as what they are.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {form for secret in secrets for form in _forms(secret)}
        # the longest first: one secret may be a part of another
        spelled = sorted((re.escape(s) for s in known if len(s) >= _SHORTEST_SECRET), key=len)
        self._known = re.compile("|".join(reversed(spelled)) or r"(?!)")

        # event names, loggers, keys: half of a log line's cost (140 us) without
        self._short = lru_cache(_KEPT)(self._hidden)

    def text(self, text: str) -> str:
        """Give `text` as it may be shown."""
        return self._short(text) if len(text) <= _SHORT else self._hidden(text)

    def _hidden(self, text: str) -> str:
        for pattern in (self._known, _TOKENS, _USERINFO):
            text = pattern.sub(HIDDEN, text)
        text = _PHONES.sub(_masked, _WIDE.sub(" ", _PARTED.sub("", text)))
        return _UNSAID.sub(lambda match: ascii(match[0])[1:-1], text)

    def line(self, text: str) -> str:
        """Give `text` as it may be shown, on one line."""
        return self.text(text).replace("\n", "\\n")

    def value(self, value: object, depth: int = 0) -> object:
        """Give a value as it may be shown; what is no plain data becomes its `repr`."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self.text(str(value)) if abs(value) >= _LEAST_NUMBER else value
        if isinstance(value, str):
            return self.text(str(value))
        if depth < _DEEPEST and isinstance(value, Mapping):
            return {self.text(str(k)): self.value(v, depth + 1) for k, v in value.items()}
        if depth < _DEEPEST and isinstance(value, list | tuple | set | frozenset):
            return [self.value(v, depth + 1) for v in value]
        return self.text(_shown(value))


def _forms(secret: str) -> set[str]:
    """Give the spellings of a secret: as it is, quoted for a URL, and an address's password."""
    forms = {secret, quote(secret, safe="")}
    try:
        password = urlsplit(secret).password or ""
    except ValueError:
        password = ""
    return forms | {password, unquote(password)}


def _masked(match: re.Match[str]) -> str:
    digits = [c for c in match[1] or "" if c.isdigit()]
    if len(digits) < _FEWEST_DIGITS:
        return match[0]
    return "•" * (len(digits) - 4) + "".join(digits[-4:])


def _shown(value: object, form: Callable[[object], str] = repr) -> str:
    try:
        return form(value)
    except Exception:  # noqa: BLE001 - a faulty __repr__ must not cost the log line
        return f"<{type(value).__name__}>"
