"""What people do in Slack: type commands, press buttons, fill in modals; each is delivered."""

import asyncio
import uuid
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from bot.sandbox import acks, payloads
from bot.sandbox.model import (
    Answer,
    Channel,
    Delivered,
    Impossible,
    Json,
    Message,
    Offered,
    Origin,
    Retry,
    User,
    View,
)
from bot.sandbox.stage import Stage
from bot.sandbox.states import chosen, empty, state_of
from bot.sandbox.workspace import BOT_USER, Workspace, elements_of

FEWEST_TYPED = 3
"""Characters after which an external select that names no number asks the app."""


class People(Stage):
    """Everything that a person can do, and the app then hears of.

    Attributes:
        violations: Block Kit problems of everything the bot sent; should stay empty.
        event_pauses: seconds before an event without an ack is delivered again; Slack waits for
            almost none, a minute, and five.
    """

    def __init__(self, workspace: Workspace, *, should_escape: bool) -> None:
        super().__init__(workspace)
        self.violations: list[str] = []
        self.event_pauses: Sequence[float] = (0.0, 0.2, 1.0)
        self._should_escape = should_escape

    @property
    @abstractmethod
    def base_url(self) -> str:
        """Where response URLs begin: scheme, host and port."""

    @abstractmethod
    async def carry(
        self, kind: str, payload: Json, envelope_id: str, retry: Retry | None = None
    ) -> Answer:
        """Bring a payload to the app, over a socket if there is one, else by HTTP."""

    # -- commands -------------------------------------------------------------------------

    def say(self, user: str, channel: str, text: str) -> Message:
        """Write a plain message into a channel; the app hears nothing of it."""
        _, place = self._person(user, channel)
        dressed = self.workspace.escape(text)
        return self.workspace.post(place.id, user, Origin.PERSON, dressed)

    async def command(
        self,
        user: str,
        channel: str,
        text: str,
        command: str = "/sms",
        *,
        should_escape: bool | None = None,
    ) -> Delivered:
        """Type a slash command; what its ack says is then on the person's screen.

        `should_escape` overrides the setting of the same name.
        """
        person, place = self._person(user, channel)
        escapes = self._should_escape if should_escape is None else should_escape
        dressed = self.workspace.escape(text) if escapes else text
        payload = payloads.command(person, place, command, dressed)
        payload["response_url"] = self._url(user, channel)
        payload["trigger_id"] = self.workspace.new_trigger(user)
        return await self._command(payload, _envelope())

    async def _command(self, payload: Json, envelope_id: str) -> Delivered:
        done = await self._deliver("slash_commands", payload, envelope_id)
        user, channel = payload["user_id"], self.workspace.channels[payload["channel_id"]]
        if done.error:
            acks.told_by_slack(self.workspace, done, channel.id, user)
        else:
            acks.answer_command(self.workspace, done, channel, user, self.violations)
        return done

    async def redeliver(self, delivered: Delivered, *, same_envelope: bool = False) -> Delivered:
        """Let Slack deliver the same payload (so the same trigger_id) once more."""
        envelope = delivered.envelope_id if same_envelope else _envelope()
        if delivered.kind == "slash_commands":
            return await self._command(delivered.payload, envelope)
        if delivered.kind == "events_api":
            return await self._deliver(delivered.kind, delivered.payload, envelope)
        return await self._interact(delivered.payload, envelope)

    # -- clicks ---------------------------------------------------------------------------

    async def click(
        self,
        user: str,
        target: Message | View,
        action_id: str,
        value: object = None,
        block: str | None = None,
    ) -> Delivered:
        """Press a button, or choose in a menu, of a message or a modal."""
        if isinstance(target, View):
            return await self._click_view(user, target, action_id, value, block)
        person, place = self._person(user, target.channel)
        if target not in self.workspace.visible(user, target.channel):
            raise Impossible(f"{user} does not see this message")
        at, element = _find(target.blocks, action_id, value, block)
        state = _state(element, value)
        payload = payloads.message_click(person, place, target, at, element, state)
        payload["response_url"] = self._url(user, target.channel, target)
        payload["trigger_id"] = self.workspace.new_trigger(user)
        return await self._interact(payload, _envelope())

    async def _click_view(
        self, user: str, view: View, action_id: str, value: object, block: str | None
    ) -> Delivered:
        self._on_top(user, view)
        at, element = _find(view.body["blocks"], action_id, value, block)
        state = _state(element, value)
        if state:
            view.state.setdefault(at["block_id"], {})[action_id] = state
        payload = payloads.view_click(self.workspace.users[user], view, at, element, state)
        payload["trigger_id"] = self.workspace.new_trigger(user)
        return await self._interact(payload, _envelope())

    # -- modals ---------------------------------------------------------------------------

    async def submit(
        self, user: str, view: View, values: Mapping[str, object] | None = None
    ) -> Delivered:
        """Fill in a modal and submit it; `values` are by block_id.

        Each is what a person would enter: a text, an option's value or label, ids, or a list.
        """
        self._on_top(user, view)
        self._enter(view, values or {})
        urls = list(self._answer_urls(user, view))
        payload = payloads.submission(self.workspace.users[user], view, urls)
        payload["trigger_id"] = self.workspace.new_trigger(user)
        return await self._interact(payload, _envelope())

    async def suggest(self, user: str, view: View, action_id: str, query: str = "") -> Offered:
        """Type into an external select of a modal; what it then offers can be chosen."""
        self._on_top(user, view)
        at, element = _find(view.body["blocks"], action_id, None, None)
        if len(query) < element.get("min_query_length", FEWEST_TYPED):
            raise Impossible(f"Slack asks the app only when more than {query!r} is typed")
        payload = payloads.suggestion(self.workspace.users[user], view, at, element, query)
        done = await self._deliver("interactive", payload, _envelope())
        groups = {} if done.error else acks.answer_suggestion(done.body, self.violations)
        offered = Offered(done, groups)
        known = view.offered.setdefault(action_id, {})
        known.update({option["value"]: option for option in offered.options})
        return offered

    def _answer_urls(self, user: str, view: View) -> Iterator[Json]:
        """Give a response_url for each channel chosen in an input that asks for one."""
        for block in view.body["blocks"]:
            for element in elements_of(block):
                ids = {"block_id": block["block_id"], "action_id": element["action_id"]}
                state = view.state.get(ids["block_id"], {}).get(ids["action_id"], {})
                channel = state.get("selected_conversation") or state.get("selected_channel")
                if element.get("response_url_enabled") and channel:
                    url = self._url(user, channel)
                    yield {**ids, "channel_id": channel, "response_url": url}

    def _enter(self, view: View, values: Mapping[str, object]) -> None:
        inputs = {b["block_id"]: b for b in view.body["blocks"] if elements_of(b)}
        for block_id, value in values.items():
            if block_id not in inputs:
                raise Impossible(f"no input {block_id!r}; there are {sorted(inputs)}")
            element = elements_of(inputs[block_id])[0]
            offered = view.offered.get(element["action_id"])
            there = element | {"options": list(offered.values())} if offered else element
            view.state[block_id] = {element["action_id"]: chosen(there, value)}
        states = state_of(view.body["blocks"], view.state)
        for block_id, block in inputs.items():
            required = block["type"] == "input" and not block.get("optional")
            if required and all(empty(s) for s in states.get(block_id, {}).values()):
                raise Impossible(f"{block_id!r} is required: Slack does not submit without it")

    async def close(self, user: str, view: View) -> Delivered | None:
        """Close a modal; the app hears of it only with `notify_on_close`."""
        self._on_top(user, view)
        view.open = False
        if not view.body.get("notify_on_close"):
            return None
        person = self.workspace.users[user]
        payload = payloads.closed(person, view, cleared=False)
        return await self._interact(payload, _envelope())

    # -- the App Home ---------------------------------------------------------------------

    async def open_home(self, user: str, tab: str = "home") -> Delivered:
        """Look at the app's home, or at its messages; gives the last of its deliveries."""
        person, place = self.workspace.users[user], self.workspace.channel(user)
        event_id = self.workspace.next_id("Ev")
        payload = payloads.home_opened(person, place, self.workspace.homes.get(user), event_id, tab)
        done = await self._deliver("events_api", payload, _envelope())
        for number, pause in enumerate(self.event_pauses, 1):
            if not done.error:
                break
            await asyncio.sleep(pause)
            retry = Retry(number, "http_timeout" if done.timed_out else "http_error")
            done = await self._deliver("events_api", payload, _envelope(), retry)
        return done

    def home(self, user: str) -> View:
        """The home a person sees; a KeyError if the app has never shown them one."""
        return self.workspace.homes[user]

    # -- shortcuts ------------------------------------------------------------------------

    async def global_shortcut(self, user: str, callback_id: str) -> Delivered:
        """Choose a global shortcut."""
        payload = payloads.global_shortcut(self.workspace.users[user], callback_id)
        payload["trigger_id"] = self.workspace.new_trigger(user)
        return await self._interact(payload, _envelope())

    async def message_shortcut(self, user: str, message: Message, callback_id: str) -> Delivered:
        """Choose a shortcut in a message's menu."""
        person, place = self._person(user, message.channel)
        payload = payloads.message_shortcut(person, place, message, callback_id)
        own = message if message.author == BOT_USER else None  # only these can be replaced
        payload["response_url"] = self._url(user, message.channel, own)
        payload["trigger_id"] = self.workspace.new_trigger(user)
        return await self._interact(payload, _envelope())

    # -- within ---------------------------------------------------------------------------

    async def _interact(self, payload: Json, envelope_id: str) -> Delivered:
        done = await self._deliver("interactive", payload, envelope_id)
        if payload["type"] != "view_submission" or done.error:
            return done
        view = self.workspace.views[payload["view"]["id"]]
        complaint = acks.answer_submission(self.workspace, view, done.body, self.violations)
        return Delivered(done.kind, done.payload, done.envelope_id, done.answer, complaint)

    async def _deliver(
        self, kind: str, payload: Json, envelope_id: str, retry: Retry | None = None
    ) -> Delivered:
        answer = await self.carry(kind, payload, envelope_id, retry)
        return Delivered(kind, payload, envelope_id, answer, acks.trouble(answer))

    def _person(self, user: str, channel: str) -> tuple[User, Channel]:
        place = self.workspace.channel(channel)
        if user not in place.members:
            raise Impossible(f"{user} is no member of {channel}: add_channel(..., members=[...])")
        return self.workspace.users[user], place

    def _on_top(self, user: str, view: View) -> None:
        stack = self.workspace.stack(user)
        if not stack and self.workspace.homes.get(user) is view:
            return  # no modal is in front of the home
        if not stack or stack[-1] is not view:
            raise Impossible(f"{user} does not have this view on top of the screen")

    def _url(self, user: str, channel: str, source: Message | None = None) -> str:
        place = self.workspace.channel(channel)
        return self.base_url + self.workspace.new_url(user, place.id, source)


def _envelope() -> str:
    return str(uuid.uuid4())


def _state(element: Json, value: object) -> Json:
    """What choosing adds to the action; buttons and such have nothing to choose."""
    return {} if element["type"] == "button" else chosen(element, value)


def _find(
    blocks: list[Json], action_id: str, value: object, block: str | None
) -> tuple[Json, Json]:
    """Find the element with this action_id; a button's value or its block tells twins apart."""
    for at in blocks:
        if block not in (None, at["block_id"]):
            continue
        for element in elements_of(at):
            same = element["type"] != "button" or value in (None, element.get("value"))
            if element.get("action_id") == action_id and same:
                return at, element
    there = [e.get("action_id") for at in blocks for e in elements_of(at)]
    raise Impossible(f"no {action_id!r} (value {value!r}, block {block!r}); there are {there}")
