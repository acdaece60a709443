"""Why a command is refused, by whose fault it is and what to do next.

    Refusal                what the asker typed or may not do; nothing was sent
    ├── UsageError         the text cannot be read: shows how to write it
    ├── BadRecipients      one or more entries cannot be reached: names every one and why
    ├── NotAllowed         the policy says no: shows the line of sms.toml that would allow it
    ├── ChannelArchived    Slack has archived the channel that it was to be sent from
    └── OverLimit          more than the channel may send in one command or in 24 hours
    LookupFailed           an outside directory (Twilio, Slack) did not answer; nothing was sent

Each is an expected ending: `dispatch` turns it into a `Refused` outcome, so a caller never sees
one of these raised.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One entry of a recipient list that cannot be reached.

    Attributes:
        entry: the entry as it was typed, Slack's dressing undone.
        why: the reason, in words for the person who typed it.
    """

    entry: str
    why: str


class CommandError(Exception):
    """The root of what can end a command without anything being sent.

    Attributes:
        text: what is wrong, one sentence, for the person who asked.
        remedy: what to do next; may be several lines.
        rule: the rule of sms.toml that decided; empty unless the policy refused, which is
            what makes a refusal worth an audit entry.
    """

    def __init__(self, text: str, remedy: str = "", *, rule: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.remedy = remedy
        self.rule = rule


class Refusal(CommandError):
    """Refused for what was asked, or for who asked it where."""


class UsageError(Refusal):
    """The text is not a command; the remedy shows how to write it."""


class BadRecipients(Refusal):
    """Some entries of the recipient list name nobody who can be reached."""

    def __init__(self, problems: Sequence[Problem], remedy: str = "") -> None:
        lines = "\n".join(f"{p.entry}: {p.why}" for p in problems)
        super().__init__(f"Nothing was sent. These recipients cannot be used:\n{lines}", remedy)
        self.problems = tuple(problems)


class NotAllowed(Refusal):
    """The channel's permissions say no; the remedy is the line of sms.toml that would allow it."""


class ChannelArchived(Refusal):
    """The channel is archived in Slack."""


class OverLimit(Refusal):
    """More recipients than one command, or 24 hours, may have in this channel."""


class LookupFailed(CommandError):
    """A directory outside (Twilio's verified numbers, Slack's users) gave no answer in time."""
