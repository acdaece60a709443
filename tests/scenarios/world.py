"""The real bot on real sockets between a local Slack and a local Twilio."""

import asyncio
import os
import signal
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, LiteralString

import aiohttp

from bot.app import IN_FLIGHT, TIMEOUT, Bot, running
from bot.config import load
from bot.sandbox.environ import environ
from bot.sandbox.model import Delivered, Message
from bot.sandbox.server import FakeSlack
from tests.eyes import change, look
from tests.forks import Forked, Forks
from twilio_core.testing import FakeTwilio

OURS = {
    "accepted": "accepted",
    "queued": "accepted",
    "sending": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "undelivered": "undelivered",
    "failed": "failed",
}
"""Twilio's words for where a message is, in ours."""

ENDS = frozenset({"delivered", "undelivered", "failed"})
"""Twilio's words for the end of a message's way."""

ONCALL, AWAY = "C0ONCALL", "C0AWAY"
ALICE, BOB = "U0ALICE", "U0BOB"

POLICY = """
region = "US"

[[channel]]
id = "C0ONCALL"
name = "#oncall"
allow = ["send", "recipients"]
who = ["*"]
to = ["verified", "directory", "+1", "whatsapp:"]

[[channel]]
id = "C0AWAY"
allow = ["send", "recipients"]
who = ["*"]
to = ["verified", "+1"]

[[contact]]
name = "alice"
number = "+16175551212"
slack = "U0ALICE"

[[contact]]
name = "bob"
number = "+16175551213"

[[group]]
name = "oncall"
members = ["alice", "bob"]
"""


@dataclass
class World:
    """A workspace, an account, a bot between them, and what people in it do and see."""

    slack: FakeSlack
    twilio: FakeTwilio
    database_url: str
    folder: Path
    mode: str
    wait: Callable[..., Awaitable[None]]
    forks: Forks
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _spawned: list[Forked] = field(default_factory=list)
    bot: Bot | None = None
    told: dict[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        """What the bot is told."""
        http = self.mode == "http"
        told = environ(self.slack, self.twilio, http=http, DATABASE_URL=self.database_url)
        return told | self.told

    def write_policy(self, text: str) -> None:
        """Write sms.toml."""
        (self.folder / "sms.toml").write_text(text, encoding="utf-8")

    def add_policy(self, text: str) -> None:
        """Write more into sms.toml."""
        self.write_policy((self.folder / "sms.toml").read_text(encoding="utf-8") + text)

    def expect_callbacks(self) -> None:
        """Let Twilio call the bot, which is to be told so before it starts."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.told |= {"PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}"}

    async def start(self, in_flight: int = IN_FLIGHT, timeout: float = TIMEOUT) -> Bot:  # noqa: ASYNC109 - the bot's
        """Start the bot and wait until Slack can reach it."""
        config = load(self.environ, self.folder)
        self.bot = await self._stack.enter_async_context(
            running(config, in_flight=in_flight, timeout=timeout)
        )
        if self.mode == "http":
            self.slack.events_url = f"{self.bot.address}/slack/events"
        else:
            await self.slack.connected(10)
        return self.bot

    async def stop(self) -> None:
        """Stop the bot as SIGTERM does."""
        await self._stack.aclose()
        self._stack, self.bot = AsyncExitStack(), None

    async def spawn(self) -> Forked:
        """Start `sms-bot run` as a process of its own, and wait until Slack can reach it."""
        alive = sum(each.returncode is None for each in self._spawned) + (self.bot is not None)
        await self.wait(lambda: self.slack.connections <= alive)  # who was killed is gone
        before = self.slack.connections
        environ = {**os.environ, **self.environ, "LOG_LEVEL": "WARNING"}
        process = await self.forks.start(["run"], self.folder, environ)
        self._spawned.append(process)
        self._stack.push_async_callback(_end, process)
        await self.slack.connected(20, count=before + 1)
        return process

    async def say(self, text: str, channel: str = ONCALL, user: str = ALICE) -> Delivered:
        """Type `/sms …`."""
        return await self.slack.command(user, channel, text)

    async def compose(self, user: str = ALICE, /, **values: object) -> None:
        """Fill the composer that is open, and submit the preview that follows."""
        composer = self.slack.top_view(user)
        await self.slack.submit(user, composer, values)
        preview = self.slack.top_view(user)
        assert preview is not composer, composer.errors
        await self.slack.submit(user, preview, {})

    def cards(self, channel: str = ONCALL) -> list[Message]:
        """What the bot has posted in a channel."""
        return [m for m in self.slack.channel_messages(channel) if m.metadata]

    async def card(self, channel: str = ONCALL, number: int = 1) -> Message:
        """Wait for the last word of the `number`th card of a channel."""

        def told() -> bool:
            cards = self.cards(channel)
            return len(cards) >= number and bool(payload(cards[number - 1])["statusCode"])

        await self.wait(told)
        return self.cards(channel)[number - 1]

    def private(self, user: str = ALICE, channel: str = ONCALL) -> list[Message]:
        """What one person alone sees."""
        return [m for m in self.slack.seen_by(user, channel) if m.ephemeral]

    async def whisper(self, words: str, user: str = ALICE, channel: str = ONCALL) -> Message:
        """Wait for a private message that holds these words."""
        found: list[Message] = []

        def heard() -> bool:
            found[:] = [m for m in self.private(user, channel) if words in shown(m)]
            return bool(found)

        await self.wait(heard)
        return found[-1]

    async def wait_for_page(self, path: str, words: str) -> None:
        """Wait until a page of the bot's own listener holds these words."""
        assert self.bot is not None
        url = f"{self.bot.address}{path}"
        async with aiohttp.ClientSession() as session, asyncio.timeout(20):
            while True:
                async with session.get(url) as answer:
                    if words in await answer.text():
                        return
                await asyncio.sleep(0.05)

    def rows(self, sql: LiteralString, *params: object) -> Sequence[tuple[Any, ...]]:
        """Ask the ledger."""
        return look(self.database_url, sql, params)

    async def change(self, sql: LiteralString, *params: object) -> None:
        """Change the ledger behind the bot's back."""
        await change(self.database_url, sql, params)

    async def pass_time(self, seconds: float) -> None:
        """Let what pages and jobs wait for be so much nearer, as if the time had passed."""
        await self.change(
            "WITH pages AS (UPDATE page SET due = due - %s, created = created - %s)"
            " UPDATE procrastinate_jobs SET scheduled_at = scheduled_at - %s"
            " WHERE status = 'todo'",
            *[timedelta(seconds=seconds)] * 3,
        )

    def sent(self) -> list[tuple[str, str]]:
        """To and body of every message that Twilio was asked to send, refused ones as well."""
        return [(p.form["To"][0], p.form["Body"][0]) for p in self.twilio.posts]

    def held(self) -> Counter[str]:
        """How many messages Twilio has for each number."""
        return Counter(m.to for m in self.twilio.messages.values() if m.direction != "inbound")

    async def agreed(self, number: int = 1, *, sent: int, failed: int = 0) -> Message:
        """Wait for the last word of a card; it, the ledger and Twilio then tell the same.

        Args:
            number: which send; its card is the last one that is posted for it.
            sent: recipients who have got one message each.
            failed: recipients who have got none, and are said to have failed.
        """
        await self.wait(lambda: self._says(number, sent, failed), 60)
        card = self._shown(number)[-1]
        rows = self.rows("SELECT address, state, sid FROM delivery WHERE send_id = %s", number)
        theirs = {m.sid: m for m in self.twilio.messages.values()}
        for address, state, sid in rows:
            if sid is None:
                assert state == "failed"
                assert self.held()[address] == 0
            else:
                assert theirs[sid].to == address
                assert OURS[theirs[sid].status] == state
                assert self.held()[address] == 1
        assert len(rows) == sent + failed
        return card

    def _shown(self, number: int) -> list[Message]:
        """The cards of a send: two, where a process died between a post and its answer."""
        return [card for card in self.cards() if payload(card)["id"] == number]

    def _says(self, number: int, sent: int, failed: int) -> bool:
        cards = self._shown(number)
        if not cards:
            return False
        told = payload(cards[-1])
        if not told["statusCode"] or told["unknown"]:
            return False
        sids = self.rows("SELECT sid FROM delivery WHERE send_id = %s AND sid <> ''", number)
        theirs = [self.twilio.messages[sid].status for (sid,) in sids]
        if self.twilio.step is not None and not ENDS.issuperset(theirs):
            return False
        counts = (told["accepted"], told["failed"], told["delivered"])
        return counts == (sent, failed, theirs.count("delivered"))

    def states(self) -> dict[str, str]:
        """Each recipient's state in the ledger, by their latest message."""
        return dict(self.rows("SELECT address, state FROM delivery ORDER BY id"))


async def _end(process: Forked) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    await process.wait()


def payload(message: Message) -> dict[str, Any]:
    """The metadata's payload of a card."""
    assert message.metadata is not None
    found: dict[str, Any] = message.metadata["event_payload"]
    return found


def shown(message: Message) -> str:
    """Every text in a message."""
    return texts([message.text, *message.blocks])


def texts(node: object) -> str:
    """Every text in a part of a message or view."""
    return "\n".join(_texts(node))


def _texts(node: object) -> list[str]:
    if isinstance(node, str):
        return [node]
    if isinstance(node, dict):
        inner = [v for k, v in node.items() if k not in {"type", "block_id", "action_id", "value"}]
        return [text for value in inner for text in _texts(value)]
    if isinstance(node, list):
        return [text for value in node for text in _texts(value)]
    return []
