"""The live card: who sent what to how many, and where each recipient's message is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    SectionBlock,
)
from slack_sdk.models.metadata import Metadata

from bot.slack.message import Message, message
from bot.slack.surface import AGAIN, EVENT_TYPE, LEAVE, REFRESH, RETRY
from bot.slack.views.result import FourOutputs, fields, four_outputs, status_of
from bot.slack.views.text import (
    FIELD,
    SECTION,
    clip,
    escape,
    fit,
    fitting,
    label,
    preformatted,
    quoted,
    who,
)
from commands.model import Delivery, DeliveryState
from commands.snapshot import Snapshot, Standing

LISTED = 20
"""A card lists this many recipients one by one; above it counts them."""

_FIELD_ROOM = FIELD - 200  # room for the label, and for a few escaped characters

_LISTED_NUMBERS = 12_000
"""Characters of the private list of failed numbers. Slack names no limit for rich_text; this is
its limit for the markdown of a whole message."""

_RETRIES_SHOWN = 5


@dataclass(frozen=True)
class Doubt:
    """What the buttons *Send again* and *Leave it* carry.

    Attributes:
        send_id: the send.
        attempt: the latest attempt that was in doubt when the button was drawn.
    """

    send_id: int
    attempt: int

    @property
    def packed(self) -> str:
        """A button's value."""
        return f"{self.send_id}:{self.attempt}"

    @classmethod
    def unpack(cls, value: str) -> Self:
        """Read a button's value."""
        send_id, _, attempt = value.partition(":")
        return cls(int(send_id), int(attempt))


_S = DeliveryState
STATES: dict[DeliveryState, tuple[str, str]] = {
    _S.QUEUED: (":hourglass_flowing_sand:", "queued"),
    _S.SENDING: (":hourglass_flowing_sand:", "sending"),
    _S.IN_DOUBT: (":grey_question:", "may have been sent"),
    _S.ACCEPTED: (":white_check_mark:", "sent"),
    _S.SENT: (":white_check_mark:", "sent, with the carrier"),
    _S.DELIVERED: (":white_check_mark:", "delivered"),
    _S.UNDELIVERED: (":x:", "undelivered"),
    _S.FAILED: (":x:", "failed"),
    _S.CANCELED: (":x:", "canceled"),
    _S.SUPPRESSED: (":x:", "not sent"),
}
"""How each state is shown. "Sent" is said only of states that have a Twilio SID."""


def channel_card(snap: Snapshot, *, masked: bool) -> Message:
    """Draw the card that a channel sees."""
    return _card(snap, four_outputs(snap, masked=masked, limit=_FIELD_ROOM), masked=masked)


def private_card(snap: Snapshot, look_again: str = REFRESH) -> Message:
    """Draw the card for the sender's eyes, in full; `look_again` is the action of *Refresh*."""
    outputs = four_outputs(snap, masked=False, limit=_FIELD_ROOM)
    return _card(snap, outputs, masked=False, extra=_private_part(snap, look_again))


def twin_card(snap: Snapshot) -> Message:
    """Draw what takes the place of a second card, which two processes have posted between them."""
    text = f"SMS #{snap.send_id} is shown in another message."
    blocks = [ContextBlock(elements=[MarkdownTextObject(text=text)])]
    return replace(message(text, blocks), metadata={})


def failure_notice(snap: Snapshot) -> Message:
    """Tell the sender alone whom it did not surely reach, with the numbers in full."""
    outputs = four_outputs(snap, masked=False, limit=_FIELD_ROOM)
    of = f"of {snap.recipients:,}"
    failed = f"{snap.failures:,} {of} failed" if snap.failures else ""
    unknown = f"{snap.unknowns:,} {of} unknown (may have been sent)" if snap.unknowns else ""
    text = f"SMS #{snap.send_id}: {', '.join(filter(None, (failed, unknown)))}"
    blocks = [
        HeaderBlock(text=text),
        fields(outputs),
        *_private_part(snap),
    ]
    return message(text, blocks)


def listed_failures(snap: Snapshot) -> int:
    """Count the failed numbers that a private message about a send has room for."""
    return fitting((each.recipient.address for each in snap.failed), ",", _LISTED_NUMBERS)


def more_failures(snap: Snapshot, before: int, numbers: Sequence[str]) -> tuple[Message, int]:
    """Go on with the failed numbers in another message, and count those it has room for.

    Args:
        snap: the send.
        before: how many are told already.
        numbers: those that follow, as many as there are or too many.
    """
    count = fitting(numbers, ",", _LISTED_NUMBERS)
    span = f"{before + 1:,} to {before + count:,} of {snap.failures:,}"
    text = f"SMS #{snap.send_id}, failed numbers {span}"
    blocks = [
        ContextBlock(elements=[MarkdownTextObject(text=text)]),
        preformatted(",".join(numbers[:count])),
    ]
    return message(text, blocks), count


def _card(
    snap: Snapshot, outputs: FourOutputs, *, masked: bool, extra: Iterable[Block] = ()
) -> Message:
    title = f"SMS to {people(snap.recipients)}: {_headline(snap, outputs)}"
    blocks: list[Block] = [
        HeaderBlock(text=title),
        ContextBlock(elements=[MarkdownTextObject(text=_origin(snap))]),
        quoted(clip(snap.body, SECTION)),
        SectionBlock(text=MarkdownTextObject(text=_progress(snap, masked=masked), verbatim=True)),
        fields(outputs),
        *_footnotes(snap),
        *extra,
    ]
    return message(title, blocks, _metadata(snap, outputs))


def people(count: int) -> str:
    """Count recipients in words."""
    return f"{count:,} recipient{'' if count == 1 else 's'}"


def _headline(snap: Snapshot, outputs: FourOutputs) -> str:
    """Give the status, and keep its "Failed" from being taken for "nobody has the message"."""
    if snap.settled and 0 < snap.unknowns < snap.recipients:
        return f"{outputs.status}, {snap.unknowns:,} unknown"
    return verdict(snap)


def verdict(snap: Standing) -> str:
    """Give the status, or "Unknown" if that is all that is known of everybody."""
    nobody_knows = snap.settled and snap.unknowns == snap.recipients
    return "Unknown" if nobody_knows else status_of(snap)[1]


def _origin(snap: Snapshot) -> str:
    again = f" · sends again to the failed part of #{snap.retry_of}" if snap.retry_of else ""
    agreed = f" · <@{snap.approved_by}> agreed" if snap.approved_by else ""
    return f"from <@{snap.actor}> · #{snap.send_id}{agreed}{again}"


def _progress(snap: Snapshot, *, masked: bool) -> str:
    if snap.recipients <= LISTED:
        return fit((_line(d, masked=masked) for d in snap.shown), "\n", SECTION)
    return "\n".join(_counts(snap))


def _line(delivery: Delivery, *, masked: bool) -> str:
    emoji, state = STATES[delivery.state]
    shown = escape(who(delivery.recipient, masked=masked))
    reason = escape(clip(label(delivery.reason, masked=masked), 150))
    return f"{emoji} {shown} – {state}" + (f": {reason}" if reason else "")


def _counts(snap: Snapshot) -> Iterable[str]:
    for state, (emoji, words) in STATES.items():
        if count := snap.count(state):
            yield f"{emoji} {count:,} {words}"


def _footnotes(snap: Snapshot) -> Iterable[Block]:
    """Say what is being done, or was, about those who were not surely reached."""
    notes = []
    if snap.looking:
        notes.append(
            f"Looking at Twilio for {_messages(snap.looking)} that got no answer. Nothing is sent "
            "again meanwhile."
        )
    if snap.left_by and snap.unknowns:
        notes.append(
            f"<@{snap.left_by}> left those that may have been sent as they are: nothing is sent "
            "again."
        )
    notes += [
        f"<@{retry.actor}> sends again to {people(retry.recipients)} that failed, as "
        f"#{retry.send_id}."
        for retry in snap.retries[-_RETRIES_SHOWN:]
    ]
    if notes:
        yield ContextBlock(elements=[MarkdownTextObject(text=note) for note in notes])


def _messages(count: int) -> str:
    return f"{count:,} message{'' if count == 1 else 's'}"


def _private_part(snap: Snapshot, look_again: str = REFRESH) -> Iterable[Block]:
    if snap.settled and snap.failed:
        yield _numbers(snap.failed, snap.failures)
    if snap.settled and snap.unknown:
        text = f"{_messages(snap.unknowns)} may have been sent: nobody knows. Ask these people"
        text += ":" if snap.left_by else ". If you send again, they may get it twice:"
        yield ContextBlock(elements=[MarkdownTextObject(text=text)])
        yield _numbers(snap.unknown, snap.unknowns)
    if buttons := list(_buttons(snap, look_again)):
        yield ActionsBlock(elements=buttons)


def _buttons(snap: Snapshot, look_again: str) -> Iterable[ButtonElement]:
    if snap.settled and snap.retriable:
        label = f"Retry failed ({snap.retriable:,})"
        yield _button(label, RETRY, str(snap.send_id), style="primary")
    if snap.settled and snap.unknowns and not snap.left_by:
        value = Doubt(snap.send_id, snap.doubt).packed
        yield _button(f"Send again ({snap.unknowns:,})", AGAIN, value)
        yield _button("Leave it", LEAVE, value)
    if not snap.complete:
        yield _button("Refresh", look_again, str(snap.send_id))


def _numbers(deliveries: Iterable[Delivery], total: int) -> Block:
    numbers = (delivery.recipient.address for delivery in deliveries)
    return preformatted(fit(numbers, ",", _LISTED_NUMBERS, total))


def _button(label: str, action: str, value: str, style: str | None = None) -> ButtonElement:
    return ButtonElement(text=label, action_id=action, value=value, style=style)


def _metadata(snap: Snapshot, outputs: FourOutputs) -> Metadata:
    return Metadata(
        EVENT_TYPE,
        {
            "id": snap.send_id,
            "statusCode": outputs.status_code,
            "status": outputs.status,
            "accepted": snap.accepted,
            "failed": snap.failures,
            "unknown": snap.unknowns,
            "delivered": snap.delivered,
        },
    )
