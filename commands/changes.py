"""A change of the directory as a value."""

from dataclasses import dataclass
from datetime import datetime

from commands.rules import Contact, Group


@dataclass(frozen=True)
class Change:
    """One entry of the directory, before and after; None where there is none."""

    before: Contact | Group | None
    after: Contact | Group | None

    @property
    def name(self) -> str:
        """How the entry is called."""
        entry = self.after or self.before
        return entry.name if entry else ""

    @property
    def reverse(self) -> "Change":
        """What undoes it."""
        return Change(self.after, self.before)


@dataclass(frozen=True)
class Made:
    """A change that was made.

    Attributes:
        change: what it was.
        actor: Slack id of who made it.
        at: when.
        undone: whether it was undone since.
    """

    change: Change
    actor: str
    at: datetime
    undone: bool = False
