"""The live card: who sent what to how many, and where each recipient's message is."""

from collections.abc import Iterable

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
from bot.slack.surface import EVENT_TYPE, REFRESH, RETRY
from bot.slack.views.result import FourOutputs, fields, four_outputs
from bot.slack.views.text import FIELD, SECTION, clip, escape, fit, preformatted, quoted, who
from bot.snapshot import Snapshot
from commands.model import Delivery, DeliveryState

LISTED = 20
"""A card lists this many recipients one by one; above it counts them."""

_FIELD_ROOM = FIELD - 200  # room for the label, and for a few escaped characters

_LISTED_NUMBERS = 12_000
"""Characters of the private list of failed numbers. Slack names no limit for rich_text; this is
its limit for the markdown of a whole message."""

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


def private_card(snap: Snapshot) -> Message:
    """Draw the card for the sender's eyes, in full, where the bot is no member."""
    outputs = four_outputs(snap, masked=False, limit=_FIELD_ROOM)
    return _card(snap, outputs, masked=False, extra=_private_part(snap))


def failure_notice(snap: Snapshot) -> Message:
    """Tell the sender alone whom it did not surely reach, with the numbers in full."""
    outputs = four_outputs(snap, masked=False, limit=_FIELD_ROOM)
    failed = f"{snap.failures:,} of {snap.recipients:,} failed" if snap.failures else ""
    unknown = f"{snap.unknowns:,} may have been sent" if snap.unknowns else ""
    text = f"SMS #{snap.send_id}: {', '.join(filter(None, (failed, unknown)))}"
    blocks = [
        HeaderBlock(text=text),
        fields(outputs),
        *_private_part(snap),
    ]
    return message(text, blocks)


def _card(
    snap: Snapshot, outputs: FourOutputs, *, masked: bool, extra: Iterable[Block] = ()
) -> Message:
    title = f"SMS to {_people(snap.recipients)}: {outputs.status}"
    blocks: list[Block] = [
        HeaderBlock(text=title),
        ContextBlock(elements=[MarkdownTextObject(text=_origin(snap))]),
        quoted(clip(snap.body, SECTION)),
        SectionBlock(text=MarkdownTextObject(text=_progress(snap, masked=masked), verbatim=True)),
        fields(outputs),
        *extra,
    ]
    return message(title, blocks, _metadata(snap, outputs))


def _people(count: int) -> str:
    return f"{count:,} recipient{'' if count == 1 else 's'}"


def _origin(snap: Snapshot) -> str:
    again = f" · sends again to the failed part of #{snap.retry_of}" if snap.retry_of else ""
    return f"from <@{snap.actor}> · #{snap.send_id}{again}"


def _progress(snap: Snapshot, *, masked: bool) -> str:
    if snap.recipients <= LISTED:
        return fit((_line(d, masked=masked) for d in snap.shown), "\n", SECTION)
    return "\n".join(_counts(snap))


def _line(delivery: Delivery, *, masked: bool) -> str:
    emoji, state = STATES[delivery.state]
    shown = escape(who(delivery.recipient, masked=masked))
    return f"{emoji} {shown} – {state}" + (
        f": {escape(clip(delivery.reason, 150))}" if delivery.reason else ""
    )


def _counts(snap: Snapshot) -> Iterable[str]:
    for state, (emoji, words) in STATES.items():
        if count := snap.count(state):
            yield f"{emoji} {count:,} {words}"


def _private_part(snap: Snapshot) -> Iterable[Block]:
    if snap.settled and snap.failed:
        yield _numbers(snap.failed, snap.failures)
    if snap.settled and snap.unknown:
        caption = MarkdownTextObject(text="May have been sent to these; ask before sending again:")
        yield ContextBlock(elements=[caption])
        yield _numbers(snap.unknown, snap.unknowns)
    buttons = []
    if snap.settled and snap.failures:
        label = f"Retry failed ({snap.failures:,})"
        buttons.append(_button(label, RETRY, snap.send_id, style="primary"))
    if not snap.settled:
        buttons.append(_button("Refresh", REFRESH, snap.send_id))
    if buttons:
        yield ActionsBlock(elements=buttons)


def _numbers(deliveries: Iterable[Delivery], total: int) -> Block:
    numbers = (delivery.recipient.address for delivery in deliveries)
    return preformatted(fit(numbers, ",", _LISTED_NUMBERS, total))


def _button(label: str, action: str, send_id: int, style: str | None = None) -> ButtonElement:
    return ButtonElement(text=label, action_id=action, value=str(send_id), style=style)


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
