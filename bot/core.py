"""The one flow with this process's services around it: what Slack's listeners call."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from bot.directory import LiveDirectory
from bot.store.book import Book
from bot.store.cards import Cards
from bot.store.ledger import PostgresLedger
from bot.store.pageviews import PostgresPages
from bot.store.questions import PostgresQuestions
from bot.suggester import Suggester
from commands.choices import Chosen
from commands.dispatch import (
    Request,
    Services,
    answer,
    answer_page,
    decide_doubt,
    dispatch,
    expire,
    look_at,
    retry_failed,
    timeline,
    undo,
    withdraw,
)
from commands.model import Actor, Turn
from commands.outcome import Outcome
from commands.question import Question, Word
from commands.rules import Policy
from commands.senders import choosable
from commands.suggest import Offer, may_send

PROMPT = 2.0
"""Seconds that look-ups may take before Slack must have its acknowledgement."""

PATIENT = 25.0
"""Seconds that look-ups may take when the acknowledgement is already given."""


SEARCH = 1.5
"""Seconds that look-ups may take while somebody types."""

PASSING = 0.7
"""Seconds for what is nice to know before the composer opens: Slack opens none after 3 s."""


class SystemClock:
    """`commands.ports.Clock`."""

    def now(self) -> datetime:
        """Give the present in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Core:
    """Everything that decides, built once.

    Attributes:
        policy: gives the policy of sms.toml in force.
        directory: whom Twilio and Slack know.
        ledger: where sends, refusals and decisions are kept.
        book: the directory that admins keep in Slack.
        default_sender: the From of channels that name none.
        history: what was sent.
        questions: what is asked before sending.
        pages: what is paged, and who has it.
        same_intent: gives how long the same text to the same people counts as sent already.
    """

    policy: Callable[[], Policy]
    directory: LiveDirectory
    ledger: PostgresLedger
    book: Book
    default_sender: str
    history: Cards
    questions: PostgresQuestions
    pages: PostgresPages
    same_intent: Callable[[], timedelta]

    async def services(self, patience: float = PROMPT, *, urgent: bool = False) -> Services:
        """Give a command its services; look-ups end after `patience` seconds.

        With `urgent`, user groups are told as they are now, or as they were last.
        """
        deadline = asyncio.get_running_loop().time() + patience
        return Services(
            policy=await self.book.over(self.policy()),
            directory=self.directory.before(deadline, urgent=urgent),
            ledger=self.ledger,
            book=self.book,
            audit=self.ledger,
            clock=SystemClock(),
            default_sender=self.default_sender,
            history=self.history,
            questions=self.questions,
            pages=self.pages,
            same_intent=self.same_intent(),
        )

    @cached_property
    def suggester(self) -> Suggester:
        """Who offers recipients to whoever types into the composer."""
        return Suggester(self.directory)

    async def suggestions(self, actor: Actor, typed: str) -> tuple[Offer, ...]:
        """Give whom the actor could mean by what they typed so far."""
        return await self.suggester.offer(actor, typed, await self.services(SEARCH))

    async def senders(self, actor: Actor) -> tuple[str, ...]:
        """Give the senders that the actor can choose from; none where there is no choice."""
        services = await self.services(PASSING)
        if not choosable(services.policy.channels.get(actor.channel)):
            return ()
        return choosable(await may_send(actor, services))

    async def names(self, users: Collection[str]) -> Mapping[str, str]:
        """Give users' readable names, and the ids of those whom Slack does not name soon."""
        directory = self.directory.before(asyncio.get_running_loop().time() + PASSING)
        return dict(zip(users, await asyncio.gather(*map(directory.user_name, users)), strict=True))

    def masked(self, channel: str) -> bool:
        """Tell whether numbers are masked in a channel."""
        rules = self.policy().channels.get(channel)
        return rules is None or not rules.show_numbers

    async def command(self, request: Request, patience: float = PROMPT) -> Outcome:
        """Carry out what was typed."""
        return await dispatch(request, await self.services(patience))

    async def submission(
        self,
        actor: Actor,
        recipients: str,
        message: str,
        key: str,
        answer_url: str,
        chosen: Chosen = Chosen(),  # noqa: B008 - a frozen value
    ) -> Outcome:
        """Carry out what the composer submits: a look at what would be sent."""
        services = await self.services()
        return await look_at(actor, recipients, message, key, services, answer_url, chosen)

    async def answer(self, actor: Actor, turn: Turn, word: Word) -> Outcome:
        """Carry out an answer to a question before sending."""
        return await answer(actor, turn, word, await self.services())

    async def expired(self, number: int) -> Question | None:
        """Close a question whose time is over; give how it stands, None if there is none."""
        return await expire(number, await self.services())

    async def unasked(self, question: Question) -> Question:
        """Close a question that nobody can be asked; give how it stands."""
        return await withdraw(question, await self.services())

    async def retry(self, actor: Actor, send_id: int, answer_url: str) -> Outcome:
        """Carry out *Retry failed*."""
        return await retry_failed(actor, send_id, await self.services(), answer_url)

    async def decide_doubt(
        self, actor: Actor, send_id: int, attempt: int, *, again: bool
    ) -> Outcome:
        """Carry out *Send again* or *Leave it*."""
        return await decide_doubt(actor, send_id, attempt, await self.services(), again=again)

    async def answer_page(self, actor: Actor, page_id: int, *, resolves: bool) -> Outcome:
        """Carry out *Acknowledge* or *Resolve*."""
        return await answer_page(actor, page_id, await self.services(), resolves=resolves)

    async def timeline(self, actor: Actor, page_id: int) -> Outcome:
        """Carry out *Timeline*."""
        return await timeline(actor, page_id, await self.services(PATIENT))

    async def undo(self, actor: Actor, number: int) -> Outcome:
        """Carry out *Undo* of a change of the directory."""
        return await undo(actor, number, await self.services())
