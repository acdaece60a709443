"""What an alert source says, in one shape whatever the source: a group of alarms, and its words.

Pure. What comes in is foreign: everything that is kept of it is bounded here.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from commands.segments import MAX_BODY, utf16_units

KEPT: Final = 1000
"""Alerts of one message that are read at the most; those that fire first."""

LABEL: Final = 120
"""UTF-16 units of an alarm's name for people."""

_LINK = re.compile(r"https?://[!-~]{1,500}")
_DOTS = "..."


class Malformed(ValueError):
    """What was sent cannot be read as alerts; its sender mends it, and the message says how."""


class Format(StrEnum):
    """How the messages of an alert route are read."""

    AUTO = "auto"
    """As they look."""
    ALERTMANAGER = "alertmanager"
    GRAFANA = "grafana"
    GENERIC = "generic"
    """By the paths that sms.toml gives."""


@dataclass(frozen=True)
class Fields:
    """Where a JSON object has what a page needs: dotted paths, list indexes as numbers.

    Attributes:
        text: what is wrong.
        key: what makes two messages one alert; empty: the text does.
        status: whether it fires; empty: it does.
        link: an address to look at, empty if there is none.
    """

    text: str
    key: str = ""
    status: str = ""
    link: str = ""


RESOLVED: Final = ("resolved", "closed", "ok")
"""What a status says once an alert is over, unless sms.toml knows better."""


@dataclass(frozen=True)
class Shape:
    """How the messages of an alert route are read.

    Attributes:
        format: whose they are.
        fields: where JSON of no known source has what; None if nobody said so.
        resolved: statuses of such JSON that mean that it is over, in any case of letters.
    """

    format: Format = Format.AUTO
    fields: Fields | None = None
    resolved: tuple[str, ...] = RESOLVED


@dataclass(frozen=True)
class Alarm:
    """One alert of a notice.

    Attributes:
        key: what it is told apart by within its group.
        firing: False once it is over.
        label: what people call it.
    """

    key: str
    firing: bool
    label: str = field(default="", repr=False)


@dataclass(frozen=True)
class Notice:
    """One message of an alert source: the alerts of one group.

    Attributes:
        key: what the group is told apart by, a digest.
        text: what is wrong, for an SMS.
        alarms: its alerts, each key once; at least one.
        link: an address to look at, maybe empty.
        whole: whether every alert of the group that its teller knows is here: one that is not is
            over.
        resolvable: whether its source tells when an alert is over.
        teller: which of several sources of a route tells it, a digest; empty if they do not say.
    """

    key: str
    text: str = field(repr=False)
    alarms: tuple[Alarm, ...]
    link: str = field(default="", repr=False)
    whole: bool = True
    teller: str = ""
    resolvable: bool = True

    @property
    def firing(self) -> bool:
        """True if any of its alerts fires."""
        return any(alarm.firing for alarm in self.alarms)


def digest(*parts: str) -> str:
    """Give a name of fixed length to what a source calls something."""
    whole = "\0".join(parts).encode(errors="surrogatepass")
    return hashlib.sha256(whole).hexdigest()[:32]


def bounded(text: str, most: int = MAX_BODY) -> str:
    """Give foreign text on one line, without what no phone shows, in at most `most` UTF-16 units.

    JSON may carry NUL and half a surrogate pair (RFC 8259, section 8.2).
    """
    kept = " ".join("".join(filter(_sayable, text[: 4 * most])).split())
    if utf16_units(kept) <= most:
        return kept
    room = 2 * (most - len(_DOTS))
    return kept.encode("utf-16-le")[:room].decode("utf-16-le", "ignore").rstrip() + _DOTS


def _sayable(c: str) -> bool:
    return c.isspace() or unicodedata.category(c) not in {"Cc", "Cs"}


def link_of(candidates: Iterable[object]) -> str:
    """Give the first of these that is an http(s) address of moderate length, or nothing."""
    texts = (c.strip() for c in candidates if isinstance(c, str))
    return next((text for text in texts if _LINK.fullmatch(text)), "")
