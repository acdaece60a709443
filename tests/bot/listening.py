"""A process that asks Twilio for replies."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.hearing import Hearing
from bot.listen import MOST, Listen
from bot.metrics import Metrics
from bot.store.looks import Looks
from bot.store.replies import Replies
from commands.rules import Policy
from tests.bot.engine import Engine
from tests.bot.store.reply_kit import FROM
from twilio_core.testing import Stored


class Process:
    """One process that asks for replies."""

    def __init__(self, engine: Engine, *, called_back: bool = False, most: int = MOST) -> None:
        self.engine = engine
        self.metrics = Metrics()
        self.policy = Policy()
        self.fault: Exception | None = None
        replies = Replies(engine.pool, engine.jobs)
        hearing = Hearing(replies, self._directory, self.metrics)
        looks = Looks(engine.pool, called_back=called_back)
        self._listen = Listen(looks, hearing, engine.client, most=most)

    async def _directory(self) -> Policy:
        if self.fault:
            raise self.fault
        return self.policy

    async def look(self, after: float = 3600) -> float:
        """Look, so many seconds after the last time; give the seconds until it wants to again."""
        await self.engine.change(
            "UPDATE inbound_look SET looked = least(looked, now() - make_interval(secs => %s))",
            after,
        )
        return await self._listen.look()

    async def look_later(self) -> None:
        """Look a minute after the last time."""
        minute, listen = timedelta(minutes=1), self._listen
        listen._good = {
            each: replace(read, at=read.at - minute, whole=read.whole - minute)
            for each, read in listen._good.items()
        }
        await self.look()

    def heard(self) -> dict[str, float]:
        """How many replies came to which end."""
        found = {}
        for line in self.metrics.text().decode().splitlines():
            if line.startswith("sms_replies_total{"):
                found[line.split('"')[1]] = float(line.split()[-1])
        return found


def asked(engine: Engine) -> list[tuple[str, str]]:
    """To and From of the lists that were asked for."""
    return [(r.query.get("To", [""])[0], r.query.get("From", [""])[0]) for r in engine.lists]


def written(engine: Engine, from_: str, body: str, ago: float, to: str = FROM) -> Stored:
    """Let somebody have written, so many seconds ago."""
    at = datetime.now(UTC) - timedelta(seconds=ago)
    message = Stored(engine.twilio.account_sid, to, from_, body, "received", direction="inbound")
    message.date_created = message.date_sent = at
    engine.twilio.messages[message.sid] = message
    return message
