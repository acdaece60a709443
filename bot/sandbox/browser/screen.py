"""What a person has on the screen, as JSON: channels, messages, modals, their home, the rest."""

from bot.sandbox.browser.phones import phones, switchboard
from bot.sandbox.browser.room import Room
from bot.sandbox.browser.tour import tour
from bot.sandbox.demo_cast import PEOPLE
from bot.sandbox.model import Channel, Json, Message, Place, View
from bot.sandbox.states import state_of
from bot.sandbox.workspace import BOT_USER
from bot.slack.surface import COMMAND, COMPOSE, FORWARD
from commands.forms import FORMS


def screen(room: Room, user: str) -> Json:
    """Give everything that the page draws for one person."""
    workspace = room.slack.workspace
    home = workspace.homes.get(user)
    return {
        "me": user,
        "people": [{"id": ident, "name": name} for name, ident in PEOPLE.items()],
        "names": {each.id: each.name for each in workspace.users.values()},
        "channels": _channels(room, user),
        "views": [_view(view) for view in room.slack.views(user)],
        "home": _view(home) if home else None,
        "phones": phones(room),
        "twilio": switchboard(room),
        "tour": tour(room),
        "command": COMMAND,
        "forms": dict(FORMS),
        "shortcut": {"id": COMPOSE, "label": "Send an SMS"},
        "forward": {"id": FORWARD, "label": "Send as SMS"},
    }


def _channels(room: Room, user: str) -> list[Json]:
    """Give those of which the person is a member, the direct one with the bot last."""
    workspace = room.slack.workspace
    direct = workspace.channel(user)
    inside = [c for c in workspace.channels.values() if user in c.members]
    named = [c for c in inside if c.place is not Place.DIRECT]
    return [_channel(room, user, each) for each in [*named, direct]]


def _channel(room: Room, user: str, channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "direct": channel.place is Place.DIRECT,
        "bot": BOT_USER in channel.members,
        "members": len(channel.members),
        "messages": [
            _message(each) | {"answers": [_message(a) for a in room.slack.workspace.answers(each)]}
            for each in room.slack.seen_by(user, channel.id)
        ],
    }


def _message(message: Message) -> Json:
    return {
        "ts": message.ts,
        "author": message.author,
        "bot": message.author == BOT_USER,
        "private": message.ephemeral,
        "edits": len(message.versions) - 1,
        "text": message.text,
        "blocks": message.blocks,
    }


def _view(view: View) -> Json:
    told = ("type", "callback_id", "title", "submit", "close", "blocks")
    return {name: view.body.get(name) for name in told} | {
        "id": view.id,
        "hash": view.hash,
        "errors": view.errors,
        "state": state_of(view.body["blocks"], view.state),
    }
