"""The guided tour: five things to try, each done when the local Slack and Twilio show it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.sandbox.browser.room import Room
from bot.sandbox.model import Json
from bot.slack.surface import PREVIEW

_PAIR: Final = 2


@dataclass(frozen=True)
class Stop:
    """One thing to try.

    Attributes:
        title: what it is, in few words.
        text: what to do, and what to look at.
        command: what is typed into the message box for the newcomer.
        done: whether it has happened, by what Slack and Twilio hold.
    """

    title: str
    text: str
    command: str
    done: Callable[[Room], bool]


def tour(room: Room) -> list[Json]:
    """Tell of every stop what the page shows of it."""
    return [
        {"title": s.title, "text": s.text, "command": s.command, "done": s.done(room)}
        for s in STOPS
    ]


def _cards(room: Room) -> Iterator[Json]:
    """Give what each card says of its send or page to programs."""
    for message in room.slack.workspace.messages:
        if message.metadata:
            yield dict(message.metadata["event_payload"])


def _sent_to_two(room: Room) -> bool:
    sends = (card for card in _cards(room) if "page" not in card)
    return any(card["statusCode"] == "200" and card["delivered"] >= _PAIR for card in sends)


def _retried(room: Room) -> bool:
    """A send that had failed numbers was followed by one that reached them."""
    partial = False
    for card in _cards(room):
        if partial and card["statusCode"] == "200" and card["delivered"]:
            return True
        partial = partial or card["statusCode"] == "201"
    return False


def _composed(room: Room) -> bool:
    """A preview was submitted: neither it nor the composer below it is open."""
    views = room.slack.workspace.views
    previews = [view for view in views.values() if view.body["callback_id"] == PREVIEW]
    return any(not (each.open or views[each.root].open) for each in previews)


def _answered_from_a_phone(room: Room) -> bool:
    replied = any(each.direction == "inbound" for each in room.twilio.messages.values())
    return replied and any(card.get("acknowledged_by") for card in _cards(room))


def _asked_why(room: Room) -> bool:
    return any(text.startswith("why ") for text in room.typed)


STOPS: Final = (
    Stop(
        "Send to two people",
        "Type the command and press Enter. One card appears in the channel and follows both "
        "messages until they are delivered; the phones show them arriving.",
        "/sms send alice,bob Water in the lab, please call",
        _sent_to_two,
    ),
    Stop(
        "One number fails",
        "Dan's country is disabled at Twilio. Send to him, too; then choose Works under his "
        "phone and press Retry failed in the private answer: it goes to Dan alone.",
        "/sms send alice,dan Water is rising",
        _retried,
    ),
    Stop(
        "Write with a preview",
        "Without recipients the command opens a window. Choose people as you type, write a "
        "message, and see what will be sent to whom before anything is.",
        "/sms send",
        _composed,
    ),
    Stop(
        "Page until somebody has it",
        "A page goes on until somebody acknowledges. When the SMS is on Bob's phone, reply "
        "ack there: the card then says who has it, and nobody else is called.",
        "/sms page bob,carol Freezer 3 is above -60 and rising",
        _answered_from_a_phone,
    ),
    Stop(
        "What is refused, and why",
        "This number is outside the channel's rules. Ask which rule decides; nothing is sent. "
        "The answer shows the line of sms.toml that would allow it.",
        "/sms why send +33199001234 Bonjour",
        _asked_why,
    ),
)
