"""The four outputs of a send, as labelled fields: status, status code, message, failed numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

from slack_sdk.models.blocks import MarkdownTextObject, SectionBlock

from bot.slack.views.text import FIELD, address, clip, escaped, fit, label
from commands.model import NOT_ACCEPTED, Delivery, DeliveryState
from commands.snapshot import Snapshot, Standing
from twilio_core.activity import Fate, conclude

SENDING = "Sending"
"""The status while somebody is still queued or on the way to Twilio."""

_REASON = 200
"""Characters of one reason: a longer one would leave no room for the others."""

_VALUE = FIELD - 50
"""Characters of a field beside its label."""

_FATES = {DeliveryState.IN_DOUBT: Fate.UNKNOWN} | dict.fromkeys(NOT_ACCEPTED, Fate.FAILED)


@dataclass(frozen=True)
class FourOutputs:
    """Contract section 4, cut to what one field of a card can hold.

    Attributes:
        status_code: the contract's code, empty while the send is under way.
        status: Success, Partial-Success, Failed or Sending.
        message: the list of who got it, or one `NUMBER: reason` a line.
        failed_numbers: comma-separated.
    """

    status_code: str
    status: str
    message: str
    failed_numbers: str


def four_outputs(snap: Snapshot, *, masked: bool, limit: int = FIELD) -> FourOutputs:
    """Sum up a send; numbers are masked for a channel."""
    code, status = status_of(snap)
    failed = fit(
        (address(d.recipient, masked=masked) for d in snap.failed), ",", limit, snap.failures
    )
    return FourOutputs(code, status, _message(snap, masked=masked, limit=limit), failed)


def status_of(snap: Standing) -> tuple[str, str]:
    """Give status code and status; the code is empty while the send is under way."""
    if not snap.settled:
        return "", SENDING
    return conclude((_FATES.get(state, Fate.ACCEPTED), code) for state, code in snap.tally)


def _message(snap: Snapshot, *, masked: bool, limit: int) -> str:
    bad = snap.failures + snap.unknowns
    if not bad:
        shown = fit(
            (address(d.recipient, masked=masked) for d in snap.shown), ",", limit, snap.accepted
        )
        return f"SMS sent successfully to: {shown}" if snap.settled else "On the way to Twilio"
    return fit(_lines((*snap.failed, *snap.unknown), masked=masked), "\n", limit, bad)


def _lines(deliveries: Iterable[Delivery], *, masked: bool) -> Iterable[str]:
    """Give one `NUMBER: reason` for each."""
    return (
        f"{address(d.recipient, masked=masked)}: {clip(label(d.reason, masked=masked), _REASON)}"
        for d in deliveries
    )


def fields(outputs: FourOutputs) -> SectionBlock:
    """Show the four outputs under their names."""
    pairs = (
        ("Status", outputs.status),
        ("Status code", outputs.status_code or "–"),
        ("Message", outputs.message),
        ("Failed numbers", outputs.failed_numbers or "none"),
    )
    return SectionBlock(
        fields=[
            MarkdownTextObject(text=f"*{name}*\n{escaped(value, _VALUE)}", verbatim=True)
            for name, value in pairs
        ]
    )
