"""What every reply goes through, however it came: who wrote it, what it asks for, how many."""

from collections.abc import Awaitable, Callable

import structlog

from bot.metrics import Metrics
from bot.store.replies import Outcome, Replies, Reply
from commands.rules import Policy

log = structlog.get_logger(__name__)


class Hearing:
    """One a process."""

    def __init__(
        self, replies: Replies, policy: Callable[[], Awaitable[Policy]], metrics: Metrics
    ) -> None:
        """Bind the parts.

        Args:
            replies: hears each once.
            policy: gives the directory in force, sms.toml's and Slack's.
            metrics: counts what is heard.
        """
        self._replies = replies
        self._policy = policy
        self._metrics = metrics

    async def new(self, sids: list[str]) -> set[str]:
        """Give those of these messages that were not heard yet."""
        return await self._replies.new(sids)

    async def hear(self, reply: Reply) -> Outcome | None:
        """Do what a reply asks for; None if it was heard before."""
        contacts = (await self._policy()).contacts
        numbers = {reply.from_, reply.from_.rpartition(":")[2]}  # also by WhatsApp
        contact = next((each for each in contacts if each.number in numbers), None)
        outcome = await self._replies.hear(reply, contact)
        if outcome:
            self._metrics.replies.labels(outcome).inc()
            log.info("reply.heard", outcome=str(outcome), sid=reply.sid)
        return outcome
