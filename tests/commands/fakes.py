"""The questions before sending, the time and a send, faked."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from commands.model import (
    Actor,
    AuditEntry,
    Delivery,
    DeliveryState,
    Kind,
    NewSend,
    Recipient,
    Turn,
)
from commands.question import LIFE, OPEN, Question, Stage
from commands.snapshot import Snapshot

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass
class FakeClock:
    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment


@dataclass
class FakeQuestions:
    """Keeps every question as it stands; `faster` is somebody who answers right before each."""

    clock: FakeClock
    kept: dict[int, Question] = field(default_factory=dict)
    entries: list[AuditEntry] = field(default_factory=list)
    faster: Question | None = None

    async def ask(
        self, send: NewSend, stage: Stage, folded: int, entry: AuditEntry | None = None
    ) -> Question:
        for known in self.kept.values():
            if known.new.request_key == send.request_key:
                return known
        number = len(self.kept) + 1
        self.kept[number] = Question(
            Turn(number, 1), stage, _stored(send), self.clock.now() + LIFE, folded
        )
        self.entries += [entry] if entry else []
        return self.kept[number]

    async def question(self, number: int) -> Question | None:
        return self.kept.get(number)

    async def move(self, question: Question, entry: AuditEntry | None = None) -> Question | None:
        number, count = question.turn.question, question.turn.count
        if self.faster:
            self.kept[number] = self.faster
        if self.kept[number].turn != question.turn:
            return None
        late = self.clock.now() + LIFE if question.stage in OPEN else question.expires
        self.kept[number] = replace(
            question, turn=Turn(number, count + 1), expires=late, new=_stored(question.new)
        )
        self.entries += [entry] if entry else []
        return self.kept[number]

    def sent(self, send: NewSend, number: int) -> Question | None:
        """Close the question that a send answers; give it if it has another answer."""
        if send.answers is None:
            return None
        found = self.kept[send.answers.question]
        if self.faster or found.turn != send.answers:
            return self.faster or found
        turn = Turn(found.turn.question, found.turn.count + 1)
        by = send.approver or send.actor.user
        self.kept[turn.question] = replace(
            found, turn=turn, stage=Stage.SENT, decided_by=by, send_id=number
        )
        return None


def _stored(send: NewSend) -> NewSend:
    """Give what the database keeps of a send that waits: all but what the policy says."""
    who = Actor(send.actor.user, send.actor.channel, team=send.actor.team)
    kept = replace(send, actor=who, command="", answers=None)
    return replace(kept, daily_limit=None, guard=timedelta(0))


def sent(number: int, channel: str = "C1", actor: str = "U0ME") -> Snapshot:
    """Give a send of one recipient who is queued."""
    delivery = Delivery(Recipient("+16175551212"), DeliveryState.QUEUED)
    return Snapshot(
        send_id=number,
        kind=Kind.SEND,
        channel=channel,
        actor=actor,
        body="Water in the lab",
        recipients=1,
        created=NOW,
        retry_of=None,
        tally={(DeliveryState.QUEUED, ""): 1},
        sender="+15005550006",
        shown=(delivery,),
        failed=(),
        unknown=(),
    )
