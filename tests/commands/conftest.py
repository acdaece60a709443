"""The ports, faked: a world that is told what there is and remembers what was asked of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from commands.changes import Change, Made
from commands.dispatch import Request, Services, dispatch
from commands.errors import LookupFailed
from commands.intent import intent_of
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
from commands.outcome import Outcome
from commands.person import Person, PersonState
from commands.policy import ChannelRules, Contact, Group, Policy
from commands.question import AlreadySent, Question
from commands.snapshot import Snapshot, Standing
from tests.commands.fakes import NOW, FakeClock, FakeQuestions
from tests.commands.pages_kit import FakePages

ALICE = Contact("alice", "+16175551212", "U0ALICE")
BOB = Contact("Bob", "+16175551213")


@dataclass
class FakeDirectory:
    numbers: list[Recipient] = field(default_factory=list)
    phones: dict[str, Recipient | None] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    standings: dict[str, PersonState] = field(default_factory=dict)
    guests: set[str] = field(default_factory=set)
    unclear: set[str] = field(default_factory=set)
    placed: list[tuple[str, str]] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    down: bool = False

    def _asked(self, what: str) -> None:
        self.calls.append(what)
        if self.down:
            raise LookupFailed("Nobody answered.", "Try again.")

    async def verified(self) -> tuple[Recipient, ...]:
        self._asked("verified")
        return tuple(self.numbers)

    async def people(self, users: Collection[str]) -> dict[str, Person]:
        self._asked(f"people {' '.join(users)}")
        if self.silent & set(users):
            raise LookupFailed("Slack did not answer in time.", "Try again.")
        return {user: self._person(user) for user in users}

    def _person(self, user: str) -> Person:
        phone = self.phones.get(user) or Recipient("")
        name = phone.name or self.names.get(user, user)
        return Person(user, name, phone.address, self.standings.get(user, PersonState.ACTIVE))

    async def user_name(self, user: str) -> str:
        self._asked(f"name {user}")
        return self.names.get(user, user)

    async def group_members(self, group: str) -> tuple[str, ...]:
        self._asked(f"group {group}")
        return self.groups.get(group, ())

    async def group_exists(self, group: str) -> bool:
        self._asked(f"exists {group}")
        return group in self.groups

    async def is_guest(self, user: str, team: str) -> bool:
        self.placed.append((user, team))  # apart from `calls`: mostly there is no call
        if user in self.unclear:
            raise LookupFailed("It cannot be told whether you are a guest.", "Try again.")
        return user in self.guests

    async def archived(self, channel: str) -> bool:
        self.calls.append(f"archived {channel}")  # where Slack is down it cannot be told
        return channel in self.gone


@dataclass
class FakeLedger:
    questions: FakeQuestions
    sends: list[NewSend] = field(default_factory=list)
    unreached: set[str] = field(default_factory=set)
    delivered: set[str] = field(default_factory=set)
    old: set[int] = field(default_factory=set)
    parts: dict[int, Part] = field(default_factory=dict)
    doubtful: dict[tuple[int, int], Part] = field(default_factory=dict)
    again: list[tuple[int, int, str, str]] = field(default_factory=list)
    left: list[tuple[int, str]] = field(default_factory=list)
    out: set[tuple[str, str]] = field(default_factory=set)
    used: int = 0
    faster: bool = False

    async def commit(self, send: NewSend) -> Committed | LimitReached | AlreadySent | Question:
        for number, known in enumerate(self.sends, 1):
            if known.request_key == send.request_key:
                return Committed(number, repeated=True)
        if send.daily_limit is not None and self.used + len(send.recipients) > send.daily_limit:
            return LimitReached(self.used, send.daily_limit)
        if already := await self.already(send):
            return already
        if closed := self.questions.sent(send, len(self.sends) + 1):
            return closed
        self.sends.append(send)
        return Committed(len(self.sends))

    async def already(self, send: NewSend, *, told: bool = False) -> AlreadySent | None:
        """Find the same text; what was sent counts as sent right now, but for the `old`."""
        mine = frozenset(r.address for r in send.recipients) - self.unreached
        same = {
            number: reached
            for number, each in enumerate(self.sends, 1)
            if intent_of(each.body) == intent_of(send.body)
            and ((send.guard and number not in self.old) or (told and number in send.aware))
            and (reached := mine & {r.address for r in each.recipients}) | _same_ladder(send, each)
        }
        if not same or (send.aware.issuperset(same) and not told):
            return None
        reached = frozenset[str]().union(*same.values())
        actor = self.sends[max(same) - 1].actor.user
        count = len(reached & self.delivered)
        return AlreadySent(max(same), actor, NOW, frozenset(same), reached, count)

    async def opted_out(self, sender: str, among: Collection[str] | None = None) -> frozenset[str]:
        out = frozenset(address for theirs, address in self.out if theirs == sender)
        return out if among is None else out & frozenset(among)

    async def failed_part(self, send_id: int) -> Part | None:
        return self.parts.get(send_id)

    async def doubtful_part(self, send_id: int, attempt: int) -> Part | None:
        return self.doubtful.get((send_id, attempt))

    async def send_again(self, send_id: int, attempt: int, actor: Actor, rule: str) -> Requeued:
        self.again.append((send_id, attempt, actor.user, rule))
        whom = () if self.faster else self.doubtful[send_id, attempt].recipients
        left_out = sum(("+15005550006", each.address) in self.out for each in whom)
        return Requeued(len(whom) - left_out, left_out)

    async def leave(self, send_id: int, actor: Actor) -> None:
        self.left.append((send_id, actor.user))


def _same_ladder(one: NewSend, other: NewSend) -> frozenset[str]:
    """Give something if both page by the same escalation, whomever that reaches."""
    both = one.ladder and other.ladder and one.ladder.escalation == other.ladder.escalation
    return frozenset({one.ladder.escalation}) if one.ladder and both else frozenset()


@dataclass
class FakeHistory:
    sends: dict[int, Snapshot] = field(default_factory=dict)

    async def last(self, channel: str, count: int) -> tuple[Standing, ...]:
        here = [s for _, s in sorted(self.sends.items(), reverse=True) if s.channel == channel]
        return tuple(here[:count])

    async def snapshot(self, send_id: int) -> Snapshot | None:
        return self.sends.get(send_id)

    async def last_of(self, user: str, count: int) -> tuple[Standing, ...]:
        theirs = [s for _, s in sorted(self.sends.items(), reverse=True) if s.actor == user]
        return tuple(theirs[:count])


@dataclass
class FakeAudit:
    entries: list[AuditEntry] = field(default_factory=list)

    async def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)

    async def refusals(self, count: int) -> tuple[AuditEntry, ...]:
        return tuple(e for e in reversed(self.entries) if not e.allowed)[:count]


@dataclass
class FakeBook:
    """Keeps the changes; `faster` is somebody who always changes something in between."""

    changes: list[Made] = field(default_factory=list)
    entries: list[AuditEntry] = field(default_factory=list)
    faster: bool = False

    async def write(
        self, change: Change, edition: int, entry: AuditEntry, undoes: int | None
    ) -> int | None:
        if self.faster or edition != len(self.changes):
            return None
        if undoes is not None:
            self.changes[undoes - 1] = replace(self.changes[undoes - 1], undone=True)
        self.changes.append(Made(change, entry.actor.user, NOW))
        self.entries.append(entry)
        return len(self.changes)

    async def made(self, number: int) -> Made | None:
        return self.changes[number - 1] if 0 < number <= len(self.changes) else None

    def over(self, policy: Policy) -> Policy:
        """Give a policy with what the changes have made of the directory."""
        kept: dict[str, Contact | Group] = {}
        for made in self.changes:
            kept.pop(made.change.name.casefold(), None)
            if made.change.after:
                kept[made.change.name.casefold()] = made.change.after
        contacts = [each for each in kept.values() if isinstance(each, Contact)]
        groups = [each for each in kept.values() if isinstance(each, Group)]
        return replace(
            policy,
            contacts=(*policy.contacts, *contacts),
            groups=(*policy.groups, *groups),
            edition=len(self.changes),
        )


@dataclass
class World:
    policy: Policy
    directory: FakeDirectory = field(default_factory=FakeDirectory)
    audit: FakeAudit = field(default_factory=FakeAudit)
    book: FakeBook = field(default_factory=FakeBook)
    clock: FakeClock = field(default_factory=FakeClock)
    history: FakeHistory = field(default_factory=FakeHistory)
    actor: Actor = field(default_factory=lambda: Actor("U0ME", "C1"))
    pages: FakePages = field(default_factory=FakePages)
    same_intent: timedelta = timedelta(minutes=10)

    def __post_init__(self) -> None:
        self.questions = FakeQuestions(self.clock)
        self.ledger = FakeLedger(self.questions)

    @property
    def services(self) -> Services:
        return Services(
            self.book.over(self.policy),
            self.directory,
            self.ledger,
            self.book,
            self.audit,
            self.clock,
            "+15005550006",
            self.history,
            self.questions,
            self.pages,
            self.same_intent,
        )

    def rule(self, **keys: Any) -> None:  # noqa: ANN401 - each key has its own type
        """Change keys of the channel."""
        rules = replace(self.policy.channels["C1"], **keys)
        self.policy = replace(self.policy, channels={"C1": rules})

    async def say(self, text: str, key: str = "cmd:1") -> Outcome:
        return await dispatch(Request(text, self.actor, key, "https://answer"), self.services)


def policy_of(channels: Mapping[str, ChannelRules]) -> Policy:
    return Policy(
        region="US",
        admins=("U0ADMIN", "S0SRE"),
        channels=channels,
        contacts=(ALICE, BOB),
        groups=(
            Group("oncall", ("alice", "+16175551214")),
            Group("everyone", ("oncall", "bob", "everyone")),
        ),
    )


@pytest.fixture
def world() -> World:
    """A channel in which everything is allowed to everybody, towards the directory."""
    rules = ChannelRules(
        id="C1",
        name="#oncall",
        allow=("send", "recipients", "page"),
        who=("*",),
        to=("directory", "+1617"),
    )
    return World(policy_of({"C1": rules}))
