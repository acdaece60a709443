"""What a person at the page does, by name: each is one call of the local Slack or Twilio."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from bot.sandbox.browser.room import OWNERS, Room
from bot.sandbox.environ import SENDER
from bot.sandbox.model import Delivered, Impossible, Json, Message, View

Deed = Callable[[Room, str, Json], Awaitable[Json]]
"""Takes who does it and with what; gives an answer for the page, with `error` if Slack complains.

Raises `Impossible` for what nobody can do there.
"""


async def _command(room: Room, user: str, told: Json) -> Json:
    text = _text(told, "text")
    done = await room.slack.command(user, _text(told, "channel"), text)
    if not done.error:
        room.typed.append(text)
    return {}  # what went wrong stands in the channel


async def _say(room: Room, user: str, told: Json) -> Json:
    room.slack.say(user, _text(told, "channel"), _text(told, "text"))
    return {}


async def _click(room: Room, user: str, told: Json) -> Json:
    block = _text(told, "block")
    action, value = _text(told, "action"), told.get("value")
    target: Message | View
    target = _view(room, user, told) if "view" in told else _message(room, user, told)
    return _heard(await room.slack.click(user, target, action, value, block))


async def _suggest(room: Room, user: str, told: Json) -> Json:
    view = _view(room, user, told)
    offered = await room.slack.suggest(user, view, _text(told, "action"), _text(told, "query"))
    groups = [{"label": name, "options": each} for name, each in offered.groups.items()]
    return _heard(offered.done) | {"groups": groups}


async def _submit(room: Room, user: str, told: Json) -> Json:
    values = told.get("values")
    if not isinstance(values, dict):
        raise Impossible("a modal is submitted with its values")
    return _heard(await room.slack.submit(user, _view(room, user, told), values))


async def _close(room: Room, user: str, told: Json) -> Json:
    done = await room.slack.close(user, _view(room, user, told))
    return _heard(done) if done else {}


async def _home(room: Room, user: str, told: Json) -> Json:
    return _heard(await room.slack.open_home(user, _text(told, "tab")))


async def _shortcut(room: Room, user: str, told: Json) -> Json:
    return _heard(await room.slack.global_shortcut(user, _text(told, "id")))


async def _forward(room: Room, user: str, told: Json) -> Json:
    message = _message(room, user, told)
    return _heard(await room.slack.message_shortcut(user, message, _text(told, "id")))


async def _reply(room: Room, _user: str, told: Json) -> Json:
    await room.twilio.inbound(_number(told), SENDER, _text(told, "text"))
    return {}


async def _trick(room: Room, _user: str, told: Json) -> Json:
    room.switches.set_trick(_number(told), _text(told, "value"))
    return {}


async def _service(room: Room, _user: str, told: Json) -> Json:
    await room.switches.set_service(_text(told, "value"))
    return {}


DEEDS: Final[Mapping[str, Deed]] = MappingProxyType(
    {
        "command": _command,
        "say": _say,
        "click": _click,
        "suggest": _suggest,
        "submit": _submit,
        "close": _close,
        "home": _home,
        "shortcut": _shortcut,
        "forward": _forward,
        "reply": _reply,
        "trick": _trick,
        "service": _service,
    }
)


def _heard(done: Delivered) -> Json:
    """Tell what Slack would: the app failed, or nothing."""
    return {"error": f"The app failed with the error “{done.error}”."} if done.error else {}


def _text(told: Json, name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str):
        raise Impossible(f"{name} is missing")
    return value


def _number(told: Json) -> str:
    number = _text(told, "number")
    if number not in OWNERS.values():
        raise Impossible(f"there is no phone with the number {number}")
    return number


def _message(room: Room, user: str, told: Json) -> Message:
    ts = _text(told, "ts")
    for message in room.slack.seen_by(user, _text(told, "channel")):
        if message.ts == ts:
            return message
    raise Impossible("that message is no longer on the screen")


def _view(room: Room, user: str, told: Json) -> View:
    ident = _text(told, "view")
    home = room.slack.workspace.homes.get(user)
    there: list[View] = [*room.slack.views(user), *([home] if home else ())]
    for view in there:
        if view.id == ident:
            return view
    raise Impossible("that window is no longer open")
