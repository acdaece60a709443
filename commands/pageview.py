"""What a page looks like at one moment: the values between the ledger and the views."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from commands.oncall import PageStage, Way
from commands.snapshot import Snapshot


@dataclass(frozen=True)
class Done:
    """Who acknowledged or resolved a page.

    Attributes:
        by: their name.
        user: their Slack id, empty if it is not known.
        how: ``sms``, ``button``, ``command`` or ``alert``.
        at: when.
    """

    by: str
    user: str
    how: str
    at: datetime

    @property
    def successor(self) -> str:
        """The page that goes on with it, such as ``page #7``; empty if a person or alert did it."""
        return self.by if self.how == Way.ALERT and self.by.startswith("page #") else ""


@dataclass(frozen=True)
class PageView:
    """One page as it stands.

    Attributes:
        page_id: its number.
        stage: where it is.
        code: its reply code.
        source: ``slack``, ``cli`` or ``alert:NAME``.
        escalation: its name, empty where people were named.
        link: an address that belongs to it, maybe empty.
        people: everybody paged, each with their latest message.
        steps: how many there are over all rounds.
        fired: how many have fired.
        due: when the next one fires, or the ladder ends; None once nobody is waited for.
        missed: who the latest step should have paged and did not, and why.
        acked: who has it, None if nobody has.
        resolved: who resolved it, None if nobody has.
        firing: of the alerts that it is about, how many fire.
        alerts: how many alerts it is about; 0 for one that a person asked for.
    """

    page_id: int
    stage: PageStage
    code: str
    source: str
    escalation: str
    link: str = field(repr=False)
    people: Snapshot
    steps: int
    fired: int
    due: datetime | None
    missed: str = field(repr=False)
    acked: Done | None
    resolved: Done | None
    firing: int
    alerts: int

    @property
    def waited(self) -> timedelta | None:
        """How long it took until somebody had it; None if nobody has."""
        return self.acked.at - self.people.created if self.acked else None


@dataclass(frozen=True)
class Happening:
    """One line of a timeline.

    Attributes:
        at: when.
        what: ``asked``, ``step``, ``sending``, ``delivered``, ``replied``, ``acknowledged`` …
        who: whom it is about, or who did it; empty for the bot itself.
        how: by which way, or who said so: ``sms``, ``button``, ``callback``, ``poll`` …
        detail: in words.
    """

    at: datetime
    what: str
    who: str = field(default="", repr=False)
    how: str = ""
    detail: str = field(default="", repr=False)


@dataclass(frozen=True)
class Timeline:
    """Everything that happened to a page.

    Attributes:
        page: as it stands.
        entries: in the order of their times.
    """

    page: PageView
    entries: tuple[Happening, ...]
