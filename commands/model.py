"""The words that every other module speaks: who asks, whom they reach, and what became of it.

All values are frozen. Times are timezone-aware UTC; addresses are E.164 (``+16175551212``) or a
Twilio channel address (``whatsapp:+16175551212``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from commands.oncall import Ladder


class Action(StrEnum):
    """What a channel may be allowed to do (`allow` in sms.toml)."""

    SEND = "send"
    RECIPIENTS = "recipients"
    PAGE = "page"


class Kind(StrEnum):
    """What a send is for: a page is urgent and may be repeated, a plain send never is."""

    SEND = "send"
    PAGE = "page"


@dataclass(frozen=True)
class Actor:
    """Who asks, and from where.

    Attributes:
        user: Slack user id (``U…`` or ``W…``).
        channel: Slack channel id (``C…``, ``G…`` or ``D…``).
        groups: ids of the user groups (``S…``) that the user belongs to, as far as the policy
            of the channel mentions them.
        team: id of the Slack workspace (``T…``) that the user acts from, empty if unknown.
        guest: whether the user is of another organization (Slack Connect), as far as the policy
            of the channel would otherwise let them in.
    """

    user: str
    channel: str
    groups: frozenset[str] = frozenset()
    team: str = ""
    guest: bool = False


@dataclass(frozen=True)
class Recipient:
    """One address to reach, and how people call it.

    Attributes:
        address: E.164 number or channel address.
        name: contact, Slack or friendly name; empty when only the number is known.
    """

    address: str
    name: str = ""

    def __repr__(self) -> str:
        """Show the name and the last four digits only: a `repr` may end in a log."""
        return f"Recipient({mask(self.address)!r}, name={self.name!r})"


def mask(address: str) -> str:
    """Hide all but the last four characters of an address, keeping its channel prefix."""
    prefix, colon, rest = address.rpartition(":")
    hidden = "•" * max(len(rest) - 4, 0)
    return f"{prefix}{colon}{hidden}{rest[-4:]}"


class DeliveryState(StrEnum):
    """Where one recipient's message is. Declared in order: states only move forward."""

    QUEUED = "queued"
    SENDING = "sending"
    IN_DOUBT = "in_doubt"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    CANCELED = "canceled"
    SUPPRESSED = "suppressed"


_S = DeliveryState

TRANSITIONS: Mapping[DeliveryState, frozenset[DeliveryState]] = MappingProxyType(
    {
        # with Twilio although queued: the doubt that was to be sent again has turned out well
        _S.QUEUED: frozenset(
            {
                _S.SENDING,
                _S.ACCEPTED,
                _S.SENT,
                _S.DELIVERED,
                _S.CANCELED,
                _S.SUPPRESSED,
                _S.FAILED,
            }
        ),
        # back to queued only where Twilio cannot have the message: refused connection, 429
        _S.SENDING: frozenset(
            {
                _S.QUEUED,
                _S.IN_DOUBT,
                _S.ACCEPTED,
                _S.SENT,
                _S.DELIVERED,
                _S.UNDELIVERED,
                _S.FAILED,
                _S.CANCELED,
            }
        ),
        # queued again: only on a person's word, or a page after its grace period
        _S.IN_DOUBT: frozenset(
            {
                _S.QUEUED,
                _S.ACCEPTED,
                _S.SENT,
                _S.DELIVERED,
                _S.UNDELIVERED,
                _S.FAILED,
                _S.CANCELED,
            }
        ),
        _S.ACCEPTED: frozenset({_S.SENT, _S.DELIVERED, _S.UNDELIVERED, _S.FAILED, _S.CANCELED}),
        _S.SENT: frozenset({_S.DELIVERED, _S.UNDELIVERED, _S.FAILED}),
        _S.DELIVERED: frozenset(),
        _S.UNDELIVERED: frozenset(),
        _S.FAILED: frozenset(),
        _S.CANCELED: frozenset(),
        _S.SUPPRESSED: frozenset(),
    }
)
"""The one table of legal moves; the ledger's SQL and the documentation are drawn from it."""

FINAL: frozenset[DeliveryState] = frozenset(s for s, to in TRANSITIONS.items() if not to)
"""States that nothing changes any more."""

WITH_TWILIO: frozenset[DeliveryState] = frozenset({_S.ACCEPTED, _S.SENT, _S.DELIVERED})
"""States in which Twilio has given a SID: only these may be called "sent"."""

NOT_ACCEPTED: frozenset[DeliveryState] = frozenset(
    {_S.FAILED, _S.UNDELIVERED, _S.CANCELED, _S.SUPPRESSED}
)
"""States that put a number on `failedNumbers`."""


def may_move(old: DeliveryState, new: DeliveryState) -> bool:
    """Tell whether a delivery may go from `old` to `new`."""
    return new in TRANSITIONS[old]


@dataclass(frozen=True)
class Delivery:
    """What became of one recipient of a send.

    Attributes:
        recipient: whom it is for.
        state: where the message is.
        code: the contract's status code for this recipient, ``""`` while undecided.
        sid: Twilio's message SID once accepted, else ``""``.
        error_code: Twilio's error code, ``None`` if there is none.
        reason: the failure or the doubt in plain words, else ``""``.
    """

    recipient: Recipient
    state: DeliveryState
    code: str = ""
    sid: str = ""
    error_code: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class Turn:
    """One state of a question before sending: a button answers the state that it was drawn for.

    Attributes:
        question: its number.
        count: how often it has changed, from 1.
    """

    question: int
    count: int


@dataclass(frozen=True)
class NewSend:
    """A send that was decided but is not yet committed.

    Attributes:
        request_key: what makes a redelivered request the same send, e.g. ``cmd:<trigger_id>``.
        actor: who asked, where.
        body: the text, Slack's dressing undone.
        recipients: whom it goes to, without duplicates, in the order typed.
        sender: the From: number, short code, alphanumeric, ``MG…`` or channel address.
        rule: the rule of sms.toml that allowed it, for the audit.
        command: what was typed, for the audit; holds addresses, so it is never logged.
        kind: plain send or page.
        daily_limit: recipients that the channel may reach in 24 hours, ``None`` for no limit;
            checked inside the commit so that two commands cannot pass it together.
        retry_of: id of the send whose failed recipients this one repeats.
        answer_url: Slack's response_url for private answers, empty if there is none.
        guard: how long the same text to the same people counts as sent already.
        aware: the sends that did so and that the sender has been told of.
        approver: Slack id of the second person who agreed, empty if nobody had to.
        answers: the question that this send answers, None if nobody was asked.
        ladder: of a page that is to be opened, whom it goes to one after the other; the
            recipients are then those of its first step, as far as they are known.
    """

    request_key: str
    actor: Actor
    body: str
    recipients: tuple[Recipient, ...]
    sender: str
    rule: str
    command: str = ""
    kind: Kind = Kind.SEND
    daily_limit: int | None = None
    retry_of: int | None = None
    answer_url: str = ""
    guard: timedelta = timedelta(0)
    aware: frozenset[int] = frozenset()
    approver: str = ""
    answers: Turn | None = None
    ladder: Ladder | None = None

    def __repr__(self) -> str:
        """Leave out the body, the numbers and the answer URL: a `repr` may end in a log."""
        return f"NewSend({self.request_key!r}, {self.actor!r}, {len(self.recipients)} recipients)"


@dataclass(frozen=True)
class Committed:
    """The ledger has the send.

    Attributes:
        send_id: its number, for ``/sms status``.
        repeated: True if the same `request_key` had been committed before: nothing new was made.
    """

    send_id: int
    repeated: bool = False


@dataclass(frozen=True)
class LimitReached:
    """The channel's daily limit does not leave room; nothing was written.

    Attributes:
        used: recipients of the last 24 hours.
        limit: the channel's `daily_limit`.
    """

    used: int
    limit: int


@dataclass(frozen=True)
class Part:
    """Some recipients of an earlier send: those that failed, or those in doubt.

    Attributes:
        send_id: the earlier send.
        actor_user: Slack id of who asked for it.
        channel: where it was asked.
        body: its text.
        recipients: whom it is about, in their first order.
        retries: how many sends repeat failures of it already.
        left_by: Slack id of who left those in doubt as they are, empty if nobody did.
        left_out: of those that failed, how many are not in `recipients` for having opted out.
        sender: the From that it had.
    """

    send_id: int
    actor_user: str
    channel: str
    body: str = field(repr=False)
    recipients: tuple[Recipient, ...]
    retries: int = 0
    left_by: str = ""
    left_out: int = 0
    sender: str = ""


@dataclass(frozen=True)
class Requeued:
    """What became of those in doubt who were to be sent to again.

    Attributes:
        again: how many are queued anew.
        left_out: how many are not, for they have opted out of the sender.
    """

    again: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class AuditEntry:
    """One decision, kept for ever: who asked what, where, and which rule decided.

    Attributes:
        actor: who asked, where.
        action: the verb, e.g. ``send``.
        allowed: the decision.
        rule: the rule that decided.
        detail: counts and reasons; neither body nor full numbers.
        send_id: the send it led to, if any.
        at: when, filled in by the audit log if ``None``.
    """

    actor: Actor
    action: str
    allowed: bool
    rule: str
    detail: str = ""
    send_id: int | None = None
    at: datetime | None = None
