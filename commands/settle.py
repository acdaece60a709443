"""What an answer of Twilio means for a delivery, and what a late status may change. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from commands.model import NOT_ACCEPTED, WITH_TWILIO, DeliveryState, may_move


@dataclass(frozen=True)
class Accepted:
    """Twilio has the message.

    Attributes:
        sid: its message SID.
        status: its first status, e.g. ``queued``.
        error_code: Twilio's error code, if it has given the message up already.
        reason: the same in words.
    """

    sid: str
    status: str = "queued"
    error_code: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class RefusedByTwilio:
    """Twilio does not take the message, and will not.

    Attributes:
        code: the contract's status code: the HTTP status, or ``1001`` for any other.
        error_code: Twilio's error code, None if it gave none.
        reason: its plain meaning.
        account_wide: whether every other message of the account would be refused as well;
            the caller stops then.
    """

    code: str
    error_code: int | None
    reason: str
    account_wide: bool = False


@dataclass(frozen=True)
class NotSent:
    """Twilio cannot have the message: no connection, or too many requests. To be tried again.

    Attributes:
        reason: what happened.
        retry_after: seconds that Twilio asked to wait, None if it did not.
        throttled: whether Twilio answered, and found the request one too many.
    """

    reason: str
    retry_after: float | None = None
    throttled: bool = False


@dataclass(frozen=True)
class Unknown:
    """Twilio may have the message: no answer, or a 5xx, after the request had left.

    Attributes:
        code: the contract's status code: the HTTP status, or ``1001``.
        reason: what happened.
    """

    code: str
    reason: str


Answer = Accepted | RefusedByTwilio | NotSent | Unknown


@dataclass(frozen=True)
class Settled:
    """What to write down about a delivery.

    Attributes:
        state: where the message is now.
        code: the contract's status code, empty while undecided.
        sid: Twilio's message SID, empty without one.
        error_code: Twilio's error code, None if there is none.
        reason: failure or doubt in words, else empty.
    """

    state: DeliveryState
    code: str = ""
    sid: str = ""
    error_code: int | None = None
    reason: str = ""


_S = DeliveryState

STATUSES: Mapping[str, DeliveryState] = MappingProxyType(
    {
        "accepted": _S.ACCEPTED,
        "scheduled": _S.ACCEPTED,
        "queued": _S.ACCEPTED,
        "sending": _S.ACCEPTED,
        "sent": _S.SENT,
        "delivered": _S.DELIVERED,
        "read": _S.DELIVERED,
        "undelivered": _S.UNDELIVERED,
        "failed": _S.FAILED,
        "canceled": _S.CANCELED,
    }
)
"""Twilio's words for where a message is, in ours."""


@dataclass(frozen=True)
class Heard:
    """What Twilio says of a message some time after its request.

    Attributes:
        ours: whether the row bears this message's SID already; None if it bears none.
        latest: whether the message belongs to the row's latest attempt.
        status: Twilio's word for where it is.
    """

    ours: bool | None
    latest: bool
    status: str


def hear(state: DeliveryState, heard: Heard) -> DeliveryState | None:
    """Give the state that late news leads to; None if it changes nothing.

    News may repeat, come in any order, and overtake the answer to the request itself: then it is
    the first to bring the SID. Of a message that an earlier attempt left behind only good news
    counts: it was taken after all. Bad news about it says nothing of the attempt that followed.
    """
    if heard.ours is False:
        return None  # the row has its message; this is another that an attempt in doubt left
    new = STATUSES.get(heard.status.lower())
    if heard.ours:
        return new if new and may_move(state, new) else None
    new = new or _S.ACCEPTED  # a word that is new to us, but Twilio has it
    pending = heard.latest and state in {_S.SENDING, _S.IN_DOUBT}
    return new if (pending or new in WITH_TWILIO) and may_move(state, new) else None


def advance(state: DeliveryState, twilio_status: str) -> DeliveryState:
    """Give the state after a status of Twilio; the old one if it is late, repeated or unknown."""
    new = STATUSES.get(twilio_status.lower(), state)
    return new if may_move(state, new) else state


def settle(state: DeliveryState, answer: Answer) -> Settled | None:
    """Give what an answer makes of a delivery; None if it comes too late to say anything.

    A callback may overtake the answer to the request that caused it: the SID is then news, the
    state is not.
    """
    match answer:
        case Accepted(sid, status, error_code, why):
            new = advance(advance(state, "accepted"), status)
            if new in NOT_ACCEPTED and new is not state:
                given_up = f"Twilio took the message and gave it up at once ({status})"
                return Settled(new, "1001", sid, error_code, why or given_up)
            return Settled(new, code="200", sid=sid)
        case RefusedByTwilio(code, error_code, reason):
            settled = Settled(_S.FAILED, code=code, error_code=error_code, reason=reason)
        case NotSent(reason):
            settled = Settled(_S.QUEUED, reason=reason)
        case _:
            settled = Settled(_S.IN_DOUBT, code=answer.code, reason=answer.reason)
    return settled if may_move(state, settled.state) else None
