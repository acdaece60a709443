"""What the phones at the side show: the SMS that came, what became of them, what was replied."""

from collections.abc import Iterator

from bot.sandbox.browser.room import OWNERS, Room
from bot.sandbox.browser.switches import SERVICES, TRICKS
from bot.sandbox.model import Json
from twilio_core.codes import explain
from twilio_core.testing import Stored


def phones(room: Room) -> list[Json]:
    """Tell of every phone whose it is, what stands on it, and how its number behaves."""
    return [
        {
            "name": name,
            "number": number,
            "trick": room.switches.trick(number),
            "messages": list(_messages(room, number)),
        }
        for name, number in OWNERS.items()
    ]


def switchboard(room: Room) -> Json:
    """Tell what can be chosen, and how all of Twilio stands."""
    return {
        "service": room.switches.service,
        "services": [{"value": name, "label": label} for name, (label, _) in SERVICES.items()],
        "tricks": [{"value": name, "label": trick.label} for name, trick in TRICKS.items()],
    }


def _messages(room: Room, number: str) -> Iterator[Json]:
    for each in room.twilio.messages.values():
        if number in (each.to, each.from_):
            yield _message(each)


def _message(stored: Stored) -> Json:
    code = stored.error_code
    return {
        "sid": stored.sid,
        "mine": stored.direction == "inbound",
        "body": stored.body,
        "status": stored.status,
        "why": "" if code is None else f"{explain(code).meaning} ({code})",
        "at": stored.date_created.timestamp(),
    }
