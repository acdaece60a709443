"""What a person in the demo has on the screen: each answer once, when it says its last word."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.text import Text

from bot.sandbox.demo_cast import NAMES
from bot.sandbox.model import Json, Message, Version
from bot.sandbox.mrkdwn import safe
from bot.sandbox.render import Bar, body, draw
from bot.sandbox.stage import Stage
from bot.sandbox.workspace import elements_of

QUIET: Final = 0.4
"""Seconds without a change after which nothing more is expected."""

FIRST: Final = 6.0
"""Seconds that the first answer may take."""

LONGEST: Final = 25.0
"""Seconds that an answer may take to say its last word; an unanswered request takes 15."""

ARROW: Final = "❯"  # noqa: RUF001 - it is that sign
"""Stands where something can be typed."""

_LOOK: Final = 0.03
_WIDEST: Final = 100


@dataclass(frozen=True)
class Seat:
    """Who looks at which channel: the ids of both."""

    user: str
    channel: str


@dataclass(frozen=True)
class Button:
    """Something to press.

    Attributes:
        label: what it says.
        message: the message that it stands in.
        action: its action_id.
        value: what it carries, None for nothing.
        block: the block_id of where it stands.
    """

    label: str
    message: Message
    action: str
    value: str | None
    block: str


def said(message: Message) -> Json:
    """Give what a card says of its send; empty for what is no card."""
    return dict(message.metadata["event_payload"]) if message.metadata else {}


def is_busy(message: Message) -> bool:
    """Tell whether this is a card whose send is still under way."""
    return "statusCode" in said(message) and not said(message)["statusCode"]


@dataclass
class Screen:
    """Draws on a console what somebody sees in the local Slack.

    Attributes:
        slack: where the messages are.
        console: where they are drawn.
        live: whether a card is shown while it changes; else only its last word.
        patience: seconds that an answer may take to say its last word.
        buttons: those of the last answers, in the order of their numbers from 1.
    """

    slack: Stage
    console: Console
    live: bool
    patience: float = LONGEST
    buttons: list[Button] = field(default_factory=list)
    _drawn: dict[Message, int] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Columns in use: long lines are hard to read on a wide terminal."""
        return min(self.console.width, _WIDEST)

    def show(self, *parts: RenderableType) -> None:
        """Print, not wider than is good to read."""
        self.console.print(*parts, width=self.width, highlight=False)

    def fresh(self, seat: Seat) -> list[Message]:
        """Give the messages that changed since they were last drawn here."""
        direct = self.slack.seen_by(seat.user, seat.user)  # with the bot, whatever the channel
        seen = [*self.slack.seen_by(seat.user, seat.channel), *direct]
        return [m for m in seen if self._drawn.get(m, 0) < len(m.versions)]

    async def follow(self, seat: Seat) -> None:
        """Wait until the bot has said its last word, then draw it."""
        with self._watching() as live:
            await self._settle(seat, live)
        fresh = self.fresh(seat)
        self.catch_up(seat)
        if any(map(is_busy, fresh)) or not (fresh or self.slack.views(seat.user)):
            self.remark("The last word is still to come: Enter looks again.")

    def catch_up(self, seat: Seat) -> bool:
        """Draw what is new; tell whether there was anything."""
        fresh = self.fresh(seat)
        if fresh:
            self.buttons.clear()
        for message in fresh:
            self.show(self._news(message))
            self._drawn[message] = len(message.versions)
        return bool(fresh)

    @contextmanager
    def _watching(self) -> Iterator[Live | None]:
        if not self.live:
            yield None
            return
        waiting = Padding(Spinner("dots", style="dim"), (0, 0, 0, 2))
        with Live(waiting, console=self.console, transient=True, refresh_per_second=12) as live:
            yield live

    async def _settle(self, seat: Seat, live: Live | None) -> None:
        now = asyncio.get_running_loop().time
        start = changed = now()
        last: object = None
        while now() - start < self.patience:
            fresh = self.fresh(seat)
            state = [(m, len(m.versions)) for m in fresh], len(self.slack.views(seat.user))
            if state != last:
                last, changed = state, now()
                self._picture(live, fresh)
            answered = bool(fresh) or bool(state[1])
            over = not any(map(is_busy, fresh)) and now() - changed > QUIET
            if over and (answered or now() - start > FIRST):
                return
            await asyncio.sleep(_LOOK)

    def _picture(self, live: Live | None, fresh: list[Message]) -> None:
        if live and fresh:
            pictures = [self._bubble(m, m.blocks) for m in fresh]
            live.update(
                Padding(Group(*pictures), (0, max(self.console.width - self.width, 0), 0, 0))
            )

    def _news(self, message: Message) -> RenderableType:
        drawn = self._drawn.get(message, 0)
        before = message.versions[drawn - 1] if drawn else None
        if before and before.metadata and before.metadata["event_payload"].get("statusCode"):
            return self._changes(message, before)
        return self._bubble(message, self._numbered(message))

    def _changes(self, message: Message, before: Version) -> RenderableType:
        """Show of a card that was drawn before only the lines that it did not have then."""
        old = Message(message.ts, message.channel, message.author, message.origin, "", [before])
        known = set(draw(old, self.width, names=NAMES).splitlines())
        lines = draw(message, self.width, names=NAMES).splitlines()
        new = [line for line in lines if line not in known] or lines[:1]
        head = Text(f"the card #{said(message).get('id', '')} has changed", "dim")
        return Group(Bar(Group(head, *map(Text, new)), "cyan"), Text())

    def _bubble(self, message: Message, blocks: list[Json]) -> RenderableType:
        head = Text(NAMES.get(message.author, "Slack"), "bold")
        if message.channel not in NAMES:
            head.append("  in your direct messages", "not bold italic yellow")
        elif message.ephemeral:
            head.append("  Only visible to you", "not bold italic yellow")
        else:
            head.append(f"  in #{NAMES[message.channel]}", "not bold dim")
        private = message.ephemeral or message.channel not in NAMES
        style = "yellow" if private else "cyan"
        return Group(Bar(Group(head, body(message.text, blocks, NAMES)), style), Text())

    def _numbered(self, message: Message) -> list[Json]:
        """Number the buttons, so that they can be pressed."""
        return [self._numbered_block(message, block) for block in message.blocks]

    def _numbered_block(self, message: Message, block: Json) -> Json:
        if not any(e["type"] == "button" for e in elements_of(block)):
            return block
        named = [self._numbered_element(message, block, e) for e in elements_of(block)]
        if block["type"] == "actions":
            return {**block, "elements": named}
        return {**block, "accessory": named[0]}

    def _numbered_element(self, message: Message, block: Json, element: Json) -> Json:
        if element["type"] != "button":
            return element
        label = str(element["text"]["text"])
        action, value = str(element["action_id"]), element.get("value")
        self.buttons.append(Button(label, message, action, value, block["block_id"]))
        text = {**element["text"], "text": f"{len(self.buttons)} ▸ {label}"}
        return {**element, "text": text}

    def typed(self, seat: Seat, text: str, *, end: str = "\n") -> None:
        """Show what somebody types, as Slack's input line would."""
        self.console.print(self.prompt(seat).append(safe(text)), end=end, soft_wrap=True)

    def echo(self, line: str | None) -> None:
        """Show what was read where no terminal does so while it is typed."""
        if not self.live or line is None:
            self.console.print(Text(safe(line or "")), soft_wrap=True)

    def prompt(self, seat: Seat) -> Text:
        """Give the beginning of the input line."""
        return Text.assemble(
            (NAMES[seat.user], "bold"),
            " in ",
            (f"#{NAMES[seat.channel]}", "blue"),
            (f" {ARROW} ", "green"),
        )

    def remark(self, text: str | Text, style: str = "dim") -> None:
        """Say something that neither Slack nor the bot says."""
        self.show(Text(safe(text), style) if isinstance(text, str) else text)
