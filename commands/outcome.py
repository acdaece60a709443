"""What `dispatch` answers: frozen values that `bot` renders and nobody raises."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from commands.oncall import Answerable, Ended
from commands.pageview import PageView, Timeline
from commands.question import AlreadySent, Preview, Question
from commands.snapshot import Snapshot, Standing


@dataclass(frozen=True)
class Refused:
    """Nothing was done.

    Attributes:
        text: what is wrong, for the person who asked; shown to that person only, for it may
            hold whole numbers.
        remedy: what to do next; may be several lines.
        kind: name of the class in `commands.errors`, e.g. ``UsageError``.
    """

    text: str
    remedy: str
    kind: str


@dataclass(frozen=True)
class Sending:
    """The send is committed; Twilio has not been asked yet.

    Attributes:
        send_id: its number, for ``/sms status``.
        recipients: how many it goes to.
        repeated: True if this very request had been committed before.
        segments: how many messages each recipient is billed as.
    """

    send_id: int
    recipients: int
    repeated: bool
    segments: int


@dataclass(frozen=True)
class Paging:
    """The page is committed; its first step fires at once.

    Attributes:
        page_id: its number, for ``/sms ack`` and ``/sms status``.
        escalation: its name, empty where people were named.
        repeated: True if this very request had been committed before.
    """

    page_id: int
    escalation: str
    repeated: bool


@dataclass(frozen=True)
class Acknowledged:
    """Somebody has a page, or it is resolved: by this request, or before it.

    Attributes:
        ended: what came of it.
        resolves: whether it was to be resolved.
    """

    ended: Ended
    resolves: bool


@dataclass(frozen=True)
class OnePage:
    """One page as it stands.

    Attributes:
        page: as it stands.
        masked: whether the asker is shown no whole numbers.
    """

    page: PageView
    masked: bool


@dataclass(frozen=True)
class Told:
    """What happened to a page, for its timeline.

    Attributes:
        timeline: everything, in its order.
    """

    timeline: Timeline


@dataclass(frozen=True)
class SendingAgain:
    """Those in doubt of a send are queued anew.

    Attributes:
        send_id: the send, which stays the same.
        recipients: how many; none if somebody was faster.
        left_out: how many are not sent to again, for they have opted out.
    """

    send_id: int
    recipients: int
    left_out: int = 0


@dataclass(frozen=True)
class LeftAlone:
    """Those in doubt of a send stay as they are, on the sender's word.

    Attributes:
        send_id: the send.
        recipients: how many.
    """

    send_id: int
    recipients: int


@dataclass(frozen=True)
class Asked:
    """The sender is asked before anything is sent.

    Attributes:
        question: what they answer.
        preview: what would be sent.
        above: the channel's `confirm_above` that this send exceeds; None if it does not.
        already: who has the same text already; None if nobody has.
        now: when this is asked.
    """

    question: Question
    preview: Preview
    now: datetime
    above: int | None = None
    already: AlreadySent | None = None


@dataclass(frozen=True)
class Awaiting:
    """A second person is asked, in the channel, before anything is sent.

    Attributes:
        question: what they answer.
        above: the channel's `approve_above`.
    """

    question: Question
    above: int


@dataclass(frozen=True)
class Answered:
    """What came of a question: by this answer, or by an earlier one.

    Attributes:
        question: as it stands.
    """

    question: Question


@dataclass(frozen=True)
class ComposerAsked:
    """The composer is to be opened."""


class Source(StrEnum):
    """Where a row of a listing comes from."""

    VERIFIED = "verified"
    CONTACT = "contact"
    GROUP = "group"


class Kept(StrEnum):
    """Where an entry of the directory is kept."""

    FILE = "sms.toml"
    SLACK = "Slack"


@dataclass(frozen=True)
class Row:
    """One who can be reached.

    Attributes:
        name: contact, friendly or group name; may be empty for a verified number.
        address: E.164 or channel address; empty for a group.
        source: where the row comes from.
        members: of a group, the members by name or number.
        kept: where the entry is kept; None for a number of Twilio's.
        opted_out: whether the address, or everybody of the group, has opted out of the channel's
            sender.
        people: of a group, how many numbers it comes to; 0 where that was not asked.
        out: how many of those have opted out.
    """

    name: str
    address: str
    source: Source
    members: tuple[str, ...] = ()
    kept: Kept | None = None
    opted_out: bool = False
    people: int = 0
    out: int = 0


@dataclass(frozen=True)
class Listing:
    """Who can be reached from a channel, or the whole directory.

    Attributes:
        rows: in the order to show; may be empty.
        filter: what was asked for; empty for all.
        channel: Slack channel id.
        show_numbers: whether the channel's policy shows whole numbers in the channel.
        verb: ``recipients``, or ``contacts`` for the directory.
    """

    rows: tuple[Row, ...]
    filter: str
    channel: str
    show_numbers: bool
    verb: str = "recipients"


@dataclass(frozen=True)
class Changed:
    """The directory was changed.

    Attributes:
        number: of the change, for undoing it.
        text: what was done; may hold whole numbers.
        undoable: whether a button can undo it.
    """

    number: int
    text: str = field(repr=False)
    undoable: bool


@dataclass(frozen=True)
class LastSends:
    """The last sends of a channel.

    Attributes:
        sends: newest first; may be empty.
        pages: those that wait, and the last ones, newest first; may be empty.
    """

    sends: tuple[Standing, ...]
    pages: tuple[Answerable, ...] = ()


@dataclass(frozen=True)
class OneSend:
    """One send in detail.

    Attributes:
        snapshot: how it stands.
        own: whether it is the asker's own, who may decide what becomes of the rest.
        masked: whether the asker is shown no whole numbers.
    """

    snapshot: Snapshot
    own: bool
    masked: bool


@dataclass(frozen=True)
class Explained:
    """What would happen to a command; nothing was done.

    Attributes:
        allowed: whether it would be done.
        command: the command as typed, Slack's dressing undone.
        reason: why, in words.
        rule: the rule of sms.toml that decides; empty where none is asked.
        remedy: what would allow it; empty if allowed.
    """

    allowed: bool
    command: str
    reason: str
    rule: str
    remedy: str = ""


@dataclass(frozen=True)
class Helped:
    """What can be typed here.

    Attributes:
        lines: one a verb that works here, then what is missing and how to mend it.
    """

    lines: tuple[str, ...]


Outcome = (
    Refused
    | Sending
    | Paging
    | Acknowledged
    | OnePage
    | Told
    | SendingAgain
    | Asked
    | Awaiting
    | Answered
    | LeftAlone
    | ComposerAsked
    | Listing
    | Changed
    | LastSends
    | OneSend
    | Explained
    | Helped
)
