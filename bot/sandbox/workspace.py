"""The state of the local Slack, and what may be done to it: no HTTP, no event loop.

Time is `clock`, seconds since 1970, so that a test can let half an hour pass; only the times of
message versions are monotonic and real.
"""

import copy
import itertools
import time
from collections.abc import Callable, Iterable, Sequence

from bot.sandbox.dressing import dress
from bot.sandbox.model import (
    Channel,
    Json,
    Message,
    Origin,
    Place,
    Refused,
    ResponseUrl,
    Trigger,
    User,
    UserGroup,
    Version,
    View,
)

TEAM = "T0SANDBOX"
TEAM_DOMAIN = "sandbox"
APP = "A0SANDBOX"
BOT_USER = "U0SMSBOT"
BOT = "B0SMSBOT"

TRIGGER_LIFE = 3.0
URL_LIFE = 1800.0
URL_USES = 5
STACK = 3


class Workspace:
    """Everything that Slack would remember.

    Attributes:
        enterprise: id of the organization that the workspace belongs to, empty without one.
        sparse: whether phones are in users.profile.get only: of a user object Slack says that
            parts of its profile may not be present at all.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.enterprise = ""
        self.sparse = False
        self.users: dict[str, User] = {BOT_USER: User(BOT_USER, "sms-bot", is_bot=True)}
        self.groups: dict[str, UserGroup] = {}
        self.channels: dict[str, Channel] = {}
        self.messages: list[Message] = []
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.urls: dict[str, ResponseUrl] = {}
        self._numbers = itertools.count(1)

    def next_id(self, prefix: str) -> str:
        """Give an id that was never given before."""
        return f"{prefix}{next(self._numbers):08d}"

    # -- places ---------------------------------------------------------------------------

    def channel(self, wanted: str) -> Channel:
        """Find a conversation by id or name; a user's id opens the bot's direct one with them.

        Raises:
            Refused: channel_not_found.
        """
        if wanted in self.channels:
            return self.channels[wanted]
        if wanted in self.users and wanted != BOT_USER:
            return self.direct({wanted, BOT_USER})
        for channel in self.channels.values():
            if channel.place is Place.PUBLIC and channel.name == wanted.removeprefix("#"):
                return channel
        raise Refused("channel_not_found")

    def direct(self, members: set[str], channel_id: str = "") -> Channel:
        """Find or open the direct conversation of exactly these people."""
        for channel in self.channels.values():
            if channel.place is Place.DIRECT and channel.members == members:
                return channel
        channel = Channel(channel_id or self.next_id("D"), "", members, Place.DIRECT)
        self.channels[channel.id] = channel
        return channel

    def for_bot(self, wanted: str) -> Channel:
        """Find a conversation that the bot may write to.

        Raises:
            Refused: channel_not_found (also for private places without the bot), not_in_channel,
                is_archived.
        """
        channel = self.channel(wanted)
        if BOT_USER not in channel.members:
            public = channel.place is Place.PUBLIC
            raise Refused("not_in_channel" if public else "channel_not_found")
        if channel.archived:
            raise Refused("is_archived")
        return channel

    def escape(self, text: str) -> str:
        """Dress a typed text as Slack does with `should_escape`."""
        live = (g for g in self.groups.values() if not g.disabled)
        people = {g.name: f"<!subteam^{g.id}|@{g.name}>" for g in live}
        people |= {u.name: f"<@{u.id}|{u.name}>" for u in self.users.values()}
        named = [c for c in self.channels.values() if c.place is not Place.DIRECT]
        labels = {c.name: c.name if c.place is Place.PUBLIC else "" for c in named}
        return dress(text, people, {c.name: f"<#{c.id}|{labels[c.name]}>" for c in named})

    # -- messages -------------------------------------------------------------------------

    def post(
        self,
        channel: str,
        author: str,
        origin: Origin,
        text: str,
        blocks: Sequence[Json] = (),
        *,
        visible_to: str = "",
        metadata: Json | None = None,
    ) -> Message:
        """Put a message into a channel, for everybody or for one person."""
        ts = f"{int(self.clock())}.{next(self._numbers):06d}"
        message = Message(ts, channel, author, origin, visible_to)
        self.edit(message, text, blocks, metadata)
        self.messages.append(message)
        return message

    def edit(
        self, message: Message, text: str, blocks: Iterable[Json], metadata: Json | None
    ) -> None:
        """Give a message a new version."""
        filled = self.filled(blocks)
        message.versions.append(Version(text, filled, metadata, time.monotonic()))

    def filled(self, blocks: Iterable[Json]) -> list[Json]:
        """Copy blocks, giving those without ids the ids that Slack would make up."""
        copies = copy.deepcopy(list(blocks))
        for block in copies:
            block.setdefault("block_id", self.next_id("b"))
            for element in elements_of(block):
                if element.get("type") != "image":
                    element.setdefault("action_id", self.next_id("a"))
        return copies

    def visible(self, user: str, channel: str) -> list[Message]:
        """What a person has on the screen in a channel, oldest first."""
        return [
            m
            for m in self.messages
            if m.channel == channel and not (m.deleted or m.thread) and m.visible_to in ("", user)
        ]

    def answers(self, message: Message) -> list[Message]:
        """What stands in a message's thread, oldest first."""
        return [m for m in self.messages if (m.channel, m.thread) == (message.channel, message.ts)]

    def parent(self, channel: str, ts: str) -> str:
        """Find the message that an answer belongs under; an answer's own thread is its parent's.

        Raises:
            Refused: thread_not_found.
        """
        for message in self.messages:
            if (message.channel, message.ts) == (channel, ts) and not message.ephemeral:
                return message.thread or message.ts
        raise Refused("thread_not_found")

    def own_message(self, channel: str, ts: str) -> Message:
        """Find a message that chat.update may change.

        Raises:
            Refused: message_not_found (also for ephemerals), cant_update_message.
        """
        for message in self.messages:
            if (message.channel, message.ts) == (channel, ts) and not message.deleted:
                if message.ephemeral:
                    break
                if message.origin is not Origin.POST:
                    raise Refused("cant_update_message")
                return message
        raise Refused("message_not_found")

    # -- triggers, response URLs, views ---------------------------------------------------

    def new_trigger(self, user: str) -> str:
        """Make a trigger_id for what a person just did."""
        number = self.next_id("")
        trigger = f"{number}.{int(self.clock())}.sandbox"
        self.triggers[trigger] = Trigger(user, self.clock())
        return trigger

    def redeem(self, trigger_id: str) -> Trigger:
        """Use a trigger_id up.

        Raises:
            Refused: invalid_trigger_id, exchanged_trigger_id (used), expired_trigger_id (3 s).
        """
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self.clock() - trigger.created > TRIGGER_LIFE:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_url(self, user: str, channel: str, source: Message | None = None) -> str:
        """Make the path of a response_url."""
        kind = "commands" if source is None else "actions"
        path = f"/{kind}/{TEAM}/{self.next_id('')}"
        self.urls[path] = ResponseUrl(user, channel, self.clock(), source)
        return path

    def redeem_url(self, path: str) -> ResponseUrl:
        """Count one use of a response_url.

        Raises:
            Refused: invalid_url, expired_url (30 min), used_url (after 5 uses).
        """
        url = self.urls.get(path)
        if url is None:
            raise Refused("invalid_url")
        if self.clock() - url.created > URL_LIFE:
            raise Refused("expired_url")
        if url.uses >= URL_USES:
            raise Refused("used_url")
        url.uses += 1
        return url

    def stack(self, user: str) -> list[View]:
        """The modals a person has open, the top one last."""
        return [v for v in self.views.values() if v.user == user and v.open]

    def show(self, user: str, body: Json, *, on: View | None = None) -> View:
        """Open a view, or push it onto another.

        Raises:
            Refused: push_limit_reached (3 views).
        """
        if on is None:
            self.clear(user)
        elif len(self.stack(user)) >= STACK:
            raise Refused("push_limit_reached")
        number = self.next_id("V")
        view = View(number, user, {}, "", on.root if on else number, on.id if on else "")
        self.replace(view, body)
        self.views[number] = view
        return view

    def replace(self, view: View, body: Json) -> None:
        """Give a view a new content; entries of inputs that stay are kept."""
        view.body = {**body, "blocks": self.filled(body.get("blocks", []))}
        view.hash = self.next_id("h")
        view.errors = {}
        here = {b["block_id"] for b in view.body["blocks"]}
        view.state = {k: v for k, v in view.state.items() if k in here}

    def publish(self, user: str, body: Json, expected: str) -> View:
        """Show a person a home, in the place of the one before.

        Args:
            user: whose home it is.
            body: the view.
            expected: hash of the view that it replaces; empty: of whatever there is.

        Raises:
            Refused: user_not_found, hash_conflict.
        """
        if user not in self.users or user == BOT_USER:
            raise Refused("user_not_found")
        view = self.homes.get(user)
        if expected and (view is None or view.hash != expected):
            raise Refused("hash_conflict")
        if view is None:
            number = self.next_id("V")
            view = self.homes[user] = View(number, user, {}, "", number)
        self.replace(view, body)
        return view

    def clear(self, user: str) -> None:
        """Close all of a person's modals."""
        for view in self.stack(user):
            view.open = False


def elements_of(block: Json) -> list[Json]:
    """The interactive elements of a block, in order; images and texts in a context are none."""
    if block.get("type") == "actions":
        return list(block.get("elements", []))
    single = block.get("accessory") or block.get("element")
    return [single] if isinstance(single, dict) else []
