"""A page: a ladder of steps that is climbed until a person acknowledges.

    OPEN ──> ACKNOWLEDGED ──> RESOLVED
     │  └──────────────────────^  ^
     └──> EXHAUSTED ──────────────┘     also from EXHAUSTED to ACKNOWLEDGED: late is not too late

Each step that fires makes a send; timers, steps and words are rows, so that a restart loses none.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class PageStage(StrEnum):
    """Where a page is."""

    OPEN = "open"
    """Somebody is waited for."""
    ACKNOWLEDGED = "acknowledged"
    """A person has it."""
    RESOLVED = "resolved"
    """It is over."""
    EXHAUSTED = "exhausted"
    """All steps are gone through, and nobody has it."""


_S = PageStage

PAGE_MOVES: Final[Mapping[PageStage, frozenset[PageStage]]] = MappingProxyType(
    {
        _S.OPEN: frozenset({_S.ACKNOWLEDGED, _S.RESOLVED, _S.EXHAUSTED}),
        _S.ACKNOWLEDGED: frozenset({_S.RESOLVED}),
        _S.EXHAUSTED: frozenset({_S.ACKNOWLEDGED, _S.RESOLVED}),
        _S.RESOLVED: frozenset(),
    }
)
"""The one table of legal moves."""


class Way(StrEnum):
    """How somebody acknowledged or resolved."""

    SMS = "sms"
    BUTTON = "button"
    COMMAND = "command"
    ALERT = "alert"


@dataclass(frozen=True)
class Hand:
    """Who ends the waiting, and how.

    Attributes:
        name: for people: a contact's or Slack name, a masked number, or the name of an alert route.
        way: how.
        user: Slack user id, empty if it is not known.
        address: the number that it came from, empty if by none.
    """

    name: str
    way: Way
    user: str = ""
    address: str = field(default="", repr=False)


@dataclass(frozen=True)
class Rung:
    """One step of a ladder.

    Attributes:
        to: entries of a recipient list as they can be typed: names, numbers, ``<@U…>``,
            ``<!subteam^S…>``. They are resolved when the step fires.
        wait: for an acknowledgement, before the next step.
    """

    to: tuple[str, ...] = field(repr=False)
    wait: timedelta


@dataclass(frozen=True)
class Ladder:
    """Whom to page one after the other.

    Attributes:
        rungs: at least one, in order.
        rounds: how often all are gone through, at least 1.
        escalation: its name in sms.toml, empty for a list that was typed.
        link: an address that is never cut from the text, maybe empty.
        source: ``slack``, ``cli`` or ``alert:NAME``.
        storm: whether the page counts the alerts of a storm.
    """

    rungs: tuple[Rung, ...]
    rounds: int = 1
    escalation: str = ""
    link: str = ""
    source: str = "slack"
    storm: bool = False


@dataclass(frozen=True)
class Ended:
    """What came of an acknowledgement, or of a resolution.

    Attributes:
        page_id: the page.
        first: False if it had been done before: nothing was changed.
        stage: where the page is.
        by: who has it, or resolved it, for people.
        user: their Slack id, empty if it is not known.
        code: the page's reply code.
        at: when they did.
    """

    page_id: int
    first: bool
    stage: PageStage
    by: str
    user: str
    code: str
    at: datetime


@dataclass(frozen=True)
class Answerable:
    """One page as far as it takes to acknowledge it.

    Attributes:
        page_id: its number.
        channel: where it is shown.
        actor: Slack id of who asked for it; empty for an alert or a script.
        stage: where it is.
        code: its reply code.
        body: its text.
        created: when it was opened.
        addresses: everybody who was paged.
    """

    page_id: int
    channel: str
    actor: str
    stage: PageStage
    code: str
    body: str = field(repr=False)
    created: datetime
    addresses: frozenset[str] = field(repr=False)
