"""What the verbs need of the world, as protocols that `bot` fulfils and tests fake."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from commands.changes import Change, Made
from commands.model import (
    Actor,
    AuditEntry,
    Committed,
    LimitReached,
    NewSend,
    Part,
    Recipient,
    Requeued,
)
from commands.oncall import Answerable, Ended, Hand
from commands.pageview import PageView, Timeline
from commands.person import Person
from commands.question import AlreadySent, Question, Stage
from commands.site import Health, Reading
from commands.snapshot import Snapshot, Standing


class Directory(Protocol):
    """Whom Twilio and Slack know. Each call may wait on the network, but not for long."""

    async def verified(self) -> tuple[Recipient, ...]:
        """Give the account's verified numbers with their friendly names.

        Raises:
            LookupFailed: Twilio did not answer in time, or refused.
        """

    async def people(self, users: Collection[str]) -> Mapping[str, Person]:
        """Give each of these Slack users by id, all at once; also who is not known there.

        Raises:
            LookupFailed: Slack did not answer in time, or refused.
        """

    async def user_name(self, user: str) -> str:
        """Give a Slack user's readable name; the id itself if it cannot be had."""

    async def group_members(self, group: str) -> tuple[str, ...]:
        """Give the user ids of a Slack user group; none of one that Slack does not know.

        Raises:
            LookupFailed: Slack did not answer in time.
        """

    async def group_exists(self, group: str) -> bool:
        """Tell whether a Slack user group is there and not disabled.

        Raises:
            LookupFailed: Slack did not answer in time.
        """

    async def is_guest(self, user: str, team: str) -> bool:
        """Tell whether who acts from the workspace `team` is of another organization than we.

        Raises:
            LookupFailed: Slack did not answer in time, so that it cannot be told.
        """

    async def archived(self, channel: str) -> bool:
        """Tell whether a channel is archived in Slack; False where it cannot be told."""


class Ledger(Protocol):
    """The one truth about every recipient."""

    async def commit(self, send: NewSend) -> Committed | LimitReached | AlreadySent | Question:
        """Write the send, its deliveries, its audit entry and its job in one transaction.

        It closes the question that the send answers. Nothing is written if that has had another
        answer (it is given as it stands), if the daily limit leaves no room, or if some of the
        recipients have the same text already and the sender is not aware of it.
        """

    async def already(self, send: NewSend, *, told: bool = False) -> AlreadySent | None:
        """Tell who of its recipients has the same text already, if its sender is not aware.

        With `told` also by the sends that the sender is aware of, however long ago they were.
        """

    async def opted_out(self, sender: str, among: Collection[str] | None = None) -> frozenset[str]:
        """Give the addresses that have opted out of a sender: no send of its reaches them.

        With `among` only those of these addresses.
        """

    async def failed_part(self, send_id: int) -> Part | None:
        """Give those who failed and were not sent to again; None if there is no such send.

        Without those who have opted out of its sender by now: they are counted only.
        """

    async def doubtful_part(self, send_id: int, attempt: int) -> Part | None:
        """Give those in doubt whom nobody looks for any more; None if there is no such send.

        Only doubts of attempts up to `attempt` count: a later one is another question.
        """

    async def send_again(self, send_id: int, attempt: int, actor: Actor, rule: str) -> Requeued:
        """Queue those of `doubtful_part` anew, without those who have opted out of the sender."""

    async def leave(self, send_id: int, actor: Actor) -> None:
        """Keep that those in doubt are left as they are."""


class Book(Protocol):
    """The directory that admins keep in Slack; `Policy` holds it as it was read."""

    async def write(
        self, change: Change, edition: int, entry: AuditEntry, undoes: int | None
    ) -> int | None:
        """Write a change and its audit entry in one transaction, and give its number.

        None, and nothing is written, if the directory is not at `edition` any more.
        """

    async def made(self, number: int) -> Made | None:
        """Give a change that was made; None if there is none of this number."""


class Questions(Protocol):
    """What is asked before sending."""

    async def ask(
        self, send: NewSend, stage: Stage, folded: int, entry: AuditEntry | None = None
    ) -> Question:
        """Keep a question; of one `request_key` the first is given, however it stands."""

    async def question(self, number: int) -> Question | None:
        """Give a question as it stands; None if there is none of this number."""

    async def move(self, question: Question, entry: AuditEntry | None = None) -> Question | None:
        """Write what has become of a question, and begin its next turn.

        None, and nothing is written, if `question.turn` is not its turn any more. Where it waits
        for somebody, it can be answered for `LIFE` from now.
        """


class Pages(Protocol):
    """Pages, and who has them."""

    async def answerable(self, page_id: int) -> Answerable | None:
        """Give a page as far as it takes to answer it; None if there is none of this number."""

    async def lately(self, channel: str, count: int) -> tuple[Answerable, ...]:
        """Give the pages of a channel that wait, and its last `count`, newest first."""

    async def paged(self, addresses: Collection[str]) -> tuple[Answerable, ...]:
        """Give the pages that wait and have come to one of these addresses, newest first."""

    async def acknowledge(self, page_id: int, hand: Hand) -> Ended | None:
        """Note who has a page, and tell everybody paged; None if there is no such page.

        The first one wins: whoever comes later is told who has it.
        """

    async def resolve(self, page_id: int, hand: Hand) -> Ended | None:
        """Close a page, and tell everybody paged; None if there is no such page."""

    async def view(self, page_id: int) -> PageView | None:
        """Give a page as it stands; None if there is none of this number."""

    async def timeline(self, page_id: int) -> Timeline | None:
        """Give everything that happened to a page; None if there is none of this number."""


class History(Protocol):
    """What was sent, to be looked at."""

    async def last(self, channel: str, count: int) -> tuple[Standing, ...]:
        """Give the last `count` sends of a channel, newest first."""

    async def snapshot(self, send_id: int) -> Snapshot | None:
        """Give one send as it stands; None if there is no such send."""

    async def last_of(self, user: str, count: int) -> tuple[Standing, ...]:
        """Give the last `count` sends of a person, newest first, from whatever channel."""


class AuditLog(Protocol):
    """Decisions, append-only."""

    async def record(self, entry: AuditEntry) -> None:
        """Append one entry that belongs to no send, such as a refusal."""

    async def refusals(self, count: int) -> tuple[AuditEntry, ...]:
        """Give the last `count` refusals, newest first, each with its moment."""


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Give the present, timezone-aware, UTC."""


class Site(Protocol):
    """What this process knows of itself, for admins."""

    def reading(self) -> Reading:
        """Tell how sms.toml was read last."""

    async def health(self) -> tuple[Health, ...]:
        """Tell how Slack, Twilio and the database are; soon, and whatever happens."""
