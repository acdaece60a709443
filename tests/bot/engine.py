"""A ledger, an account, and everything that keeps the one equal to the other."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import LiteralString

from bot.policyfile import Timing, parse
from bot.reconcile import Reconcile
from bot.store.doubts import Doubts
from bot.store.journeys import Itinerary
from bot.store.statuses import Report, Statuses
from bot.timetable import Timetable
from bot.track import Track
from commands.model import DeliveryState
from tests.bot.drain.kit import World
from twilio_core.testing import Seen, Stored

SENDER = "+15005550006"
BODY = "Water in the lab"


@dataclass
class Clockwork:
    """The durations in force, which a test changes as an edit of sms.toml would."""

    timing: Timing = field(default_factory=lambda: parse("").timing)
    called_back: bool = False

    def tune(self, **seconds: float) -> None:
        """Change durations."""
        chosen = {name: timedelta(seconds=value) for name, value in seconds.items()}
        self.timing = replace(self.timing, **chosen)

    @property
    def times(self) -> Timetable:
        """What they mean for each job."""
        return Timetable(lambda: self.timing, self.called_back)


@dataclass
class Engine(World):
    """`World`, and what looks at Twilio after the answer to a request."""

    clock: Clockwork = field(default_factory=Clockwork)

    @property
    def statuses(self) -> Statuses:
        """Build what writes late news down."""
        return Statuses(self.pool, self.jobs)

    def reconcile(self) -> Reconcile:
        """Build what looks for messages in doubt."""
        doubts = Doubts(self.pool, self.jobs)
        return Reconcile(self.outbox(), doubts, self.statuses, self.client, self.clock.times)

    def track(self) -> Track:
        """Build what asks for messages on their way."""
        return Track(Itinerary(self.pool), self.statuses, self.client, self.clock.times)

    async def posted(self, count: int, key: str = "cmd:1", **changes: object) -> int:
        """Commit a send, drain it once, and give its number."""
        send_id = await self.sent(count, key, **changes)
        await self.drain().run(send_id, await self.worker())
        return send_id

    async def states_of(self, send_id: int) -> list[str]:
        """Each recipient's state, in the order typed."""
        found = await self.rows(
            "SELECT state FROM delivery WHERE send_id = %s ORDER BY position", send_id
        )
        return [DeliveryState(state) for (state,) in found]

    async def waiting(self, task: str) -> list[int]:
        """The sends for which a job of this kind waits."""
        found = await self.rows(
            "SELECT (args->>'send_id')::bigint FROM procrastinate_jobs"
            " WHERE task_name = %s AND status = 'todo' ORDER BY 1",
            task,
        )
        return [send_id for (send_id,) in found]

    async def age(self, seconds: float) -> None:
        """Let the attempts and doubts of all be so much older, and due."""
        await self.change(
            "UPDATE delivery SET attempted = attempted - make_interval(secs => %s),"
            " doubted = doubted - make_interval(secs => %s),"
            " next_check = CASE WHEN state = 'in_doubt' THEN now() ELSE next_check END",
            seconds,
            seconds,
        )

    async def becomes(self, sql: LiteralString, *expected: tuple[object, ...]) -> None:
        """Wait until the database answers so."""
        async with asyncio.timeout(20):
            while list(await self.rows(sql)) != list(expected):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.02)

    @property
    def lists(self) -> list[Seen]:
        """The requests for a list of messages."""
        return [r for r in self.twilio.requests if r.method == "GET" and r.resource == ["Messages"]]

    @property
    def gets(self) -> list[Seen]:
        """The requests that only read."""
        return [r for r in self.twilio.requests if r.method == "GET"]

    def at_twilio(self, to: str, body: str = BODY, **changes: object) -> Stored:
        """Put a message into the account, as if somebody had sent it."""
        message = Stored(self.twilio.account_sid, to, SENDER, body, "queued")
        for name, value in changes.items():
            setattr(message, name, value)
        self.twilio.messages[message.sid] = message
        return message

    async def tell(self, message: Stored, status: str, attempt: int) -> None:
        """Write down a status callback about a message that some attempt has made."""
        [(number, token)] = await self.rows(
            "SELECT d.id, token FROM delivery d JOIN send s ON s.id = d.send_id WHERE address = %s",
            message.to,
        )
        report = Report(number, message.sid, status, "callback", token=token, attempt=attempt)
        assert await self.statuses.apply([report]) == (True,)
