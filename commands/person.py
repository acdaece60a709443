"""Who somebody in Slack is to a send."""

from dataclasses import dataclass
from enum import StrEnum


class PersonState(StrEnum):
    """What a Slack user is to a send: only the active can be reached."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    BOT = "bot"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Person:
    """Somebody in Slack.

    Attributes:
        user: Slack user id.
        name: display name; the id if Slack does not tell it.
        phone: the phone of the profile as typed there, empty without one.
        standing: whether they can be reached at all.
        team: id of their workspace, empty if unknown.
        enterprise: id of their organization, empty outside Enterprise Grid.
    """

    user: str
    name: str
    phone: str = ""
    standing: PersonState = PersonState.ACTIVE
    team: str = ""
    enterprise: str = ""

    @property
    def reachable(self) -> bool:
        """Whether there is a phone to try."""
        return self.standing is PersonState.ACTIVE and bool(self.phone.strip())

    def __repr__(self) -> str:
        """Leave out the phone: a `repr` may end in a log."""
        return f"Person({self.user!r}, {self.name!r}, {self.standing})"
