"""The ledger under everything that may happen to it, in any order, against a simple model.

Processes claim, post, hear late, fall silent, die and take over; Twilio calls back, repeats itself
and is looked at; people decide. After each step the ledger must agree with what the processes hold
and with what Twilio has: see `tests.bot.store.witness`.
"""

import asyncio
from collections.abc import Sequence

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test
from psycopg_pool import AsyncConnectionPool

from bot.store.doubts import Doubt
from bot.store.journeys import Itinerary
from bot.store.statuses import Report
from commands.model import (
    FINAL,
    NOT_ACCEPTED,
    WITH_TWILIO,
    Actor,
    DeliveryState,
    Kind,
    Requeued,
    may_move,
)
from commands.settle import STATUSES
from tests.bot.store.twin import Fate, Sms
from tests.bot.store.witness import Forgetful, Ground, Store
from tests.bot.store.workers import FATES, ON_ITS_WAY, PICK, Step, Workers, picked

S = DeliveryState
WORDS = st.sampled_from(
    [
        *("sent", "delivered", "queued", "a word of next year"),
        *("sent", "delivered", "undelivered", "failed", "canceled"),
    ]
)
KINDS = st.sampled_from(Kind)
OPENINGS = st.sampled_from(
    [
        "wait",
        "lose",
        "lose end-the-search doubt send-again",
        "lose end-the-search send-again",
        "lose end-the-search send-again take",
        "lose end-the-search send-again return tell-late",
        "lose end-the-search send-again doubt end-the-search",
        "lose end-the-search send-again doubt end-the-old-search",
    ]
)
OFTEN, SELDOM = st.sampled_from([True, True, False]), st.sampled_from([False, False, True])
SETTINGS = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
QUICK = {"autocommit": True, "options": "-c synchronous_commit=off"}
"""For connections that wait neither for the disk nor for a sign that they are alive."""


class Machine(Workers):
    """Adds Twilio's news, doubts, and people.

    Attributes:
        looks: what was found to be in doubt, now or some time ago.
        buttons: *Send again* of cards drawn now or some time ago, as send and attempt.
    """

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.looks: list[tuple[int, Sequence[Doubt]]] = []
        self.buttons: list[tuple[int, int]] = []

    @initialize()
    def begin(self) -> None:
        self.start()
        self.start()

    @precondition(lambda self: len(self.open) < 2)
    @rule(kind=KINDS, recipients=st.integers(1, 3), opening=OPENINGS, fates=FATES)
    def type_a_command(
        self, kind: Kind, recipients: int, opening: str, fates: list[Fate | None]
    ) -> None:
        """Begin a send where it would take many steps to come to."""
        send = self.commit(kind, recipients)
        for step in opening.split():
            match step:
                case "lose":
                    self.lose(send, fates)
                case "end-the-search":
                    self.looks.append((send, self.do(self.store.doubts.due(send))))
                    self.give_up(*self.looks[-1])
                case "end-the-old-search":
                    self.give_up(*self.looks[-1])
                case "send-again" if kind is Kind.SEND:
                    self.buttons.append((send, self.show_the_card(send)))
                    self.decide(*self.buttons[-1])
                case "take" | "doubt":
                    fate = Fate.TAKEN if step == "take" else Fate.TAKEN_WITHOUT_ANSWER
                    self.claim_as(self.beating[0], send, [fate] * recipients, Step.RECORDED)
                case "return":
                    self.revive(self.processes[-1])
                    self.claim_as(self.processes[-1], send, fates, Step.POSTED)
                case "tell-late":
                    late = self.processes[-1]
                    self.write(late, late.unrecorded[:1], singly=False)
            self.everybody_has_one_fate()

    # -- Twilio's news --------------------------------------------------------------------

    @precondition(lambda self: self.twilio.messages)
    @rule(n=PICK, word=WORDS, forged=SELDOM, times=st.integers(1, 2))
    def call_back(self, n: int, word: str, forged: bool, times: int) -> None:  # noqa: FBT001
        sms = picked(self.undecided() or self.twilio.messages[::-1], n)
        [(token,)] = self.sql("SELECT token FROM send WHERE id = %s", self.rows[sms.delivery].send)
        token = "a guess" if forged else token
        report = Report(sms.delivery, sms.sid, word, "callback", token=token, attempt=sms.attempt)
        assert self.do(self.store.statuses.apply([report] * times)) == (not forged,) * times
        if forged:
            assert self.look() == self.rows
        else:
            self.was_heard(sms, word)

    def undecided(self) -> list[Sms]:
        """The messages of whose recipients more can be heard, the latest first."""
        return [s for s in self.twilio.messages[::-1] if self.rows[s.delivery].state not in FINAL]

    @precondition(lambda self: self.travelling())
    @rule(n=PICK, word=WORDS)
    def poll(self, n: int, word: str) -> None:
        send = picked(self.travelling(), n)
        journeys = self.do(Itinerary(self.store.pool).journeys(send, 1e9))
        there = {row.sid: row.id for row in self.of(send) if row.state in {S.ACCEPTED, S.SENT}}
        assert journeys
        assert journeys.open == there
        found = [sms for sms in self.twilio.messages if sms.sid in there]
        reports = [Report(sms.delivery, sms.sid, word, "poll") for sms in found]
        self.do(self.store.statuses.apply(reports))
        for sms in found:
            self.was_heard(sms, word)

    def travelling(self) -> list[int]:
        """The sends of whom a message is on its way, the latest first."""
        rows = self.rows.values()
        return sorted({row.send for row in rows if row.state in {S.ACCEPTED, S.SENT}})[::-1]

    def was_heard(self, sms: Sms, word: str) -> None:
        """Hold what news may change.

        News of a message that the row bears are never lost, nor are good news to a row that bears
        none. No others change anything: what an earlier attempt left behind and failed says
        nothing of the present one.
        """
        sms.said.add(word)
        old, new, means = self.rows[sms.delivery], self.look()[sms.delivery], STATUSES.get(word)
        foreign = old.sid and old.sid != sms.sid
        past = not old.sid and old.attempt != sms.attempt and means in NOT_ACCEPTED
        if foreign or past:
            assert new == old
        elif means and may_move(old.state, means) and (old.sid or means in WITH_TWILIO):
            assert (new.state, new.sid) == (means, sms.sid)

    # -- doubts ---------------------------------------------------------------------------

    @precondition(lambda self: self.looks or self.doubted())
    @rule(n=PICK, old=st.booleans(), listed=SELDOM, word=WORDS, over=OFTEN)
    def resolve(self, n: int, old: bool, listed: bool, word: str, over: bool) -> None:  # noqa: FBT001
        """Do what `bot.reconcile` does, with a look that may be old by now, or another's."""
        if self.doubted() and not (old and self.looks):
            send = picked(self.doubted(), n)
            self.looks = [*self.looks, (send, self.do(self.store.doubts.due(send)))][-4:]
        send, due = picked(self.looks, n) if old else self.looks[-1]
        missing = self.adopt(due, word) if listed else due
        if over:
            self.give_up(send, missing)
        else:
            self.do(self.store.doubts.later([(d.delivery_id, 3600.0) for d in missing]))
            self.paused = True

    def give_up(self, send: int, missing: Sequence[Doubt]) -> None:
        """Send a page once more, and look for others no longer."""
        urgent = self.sends[send] is Kind.PAGE
        if again := [d.delivery_id for d in missing if urgent and not d.resent]:
            self.do(self.store.doubts.resend(send, again, 5.0))
        if left := [d.delivery_id for d in missing if not urgent or d.resent]:
            self.do(self.store.doubts.give_up(left))

    def doubted(self) -> list[int]:
        """The sends of whom somebody is looked for."""
        rows = self.rows.values()
        return sorted({row.send for row in rows if row.state is S.IN_DOUBT and row.timed})

    def adopt(self, due: Sequence[Doubt], word: str) -> Sequence[Doubt]:
        """Write down who is found at Twilio, and give who is not."""
        known = self.do(self.store.doubts.known([sms.sid for sms in self.twilio.messages]))
        reports: list[Report] = []
        for doubt in due:
            for sms in self.twilio.of(doubt.delivery_id):
                if sms.attempt >= doubt.attempt and sms.sid not in known:
                    of = doubt.attempt
                    reports.append(Report(sms.delivery, sms.sid, word, "found", attempt=of))
                    break
        if reports:
            self.do(self.store.statuses.apply(reports))
        found = {report.sid: report.delivery_id for report in reports}
        for sms in self.twilio.messages:
            if sms.sid in found:
                self.was_heard(sms, word)
        return [doubt for doubt in due if doubt.delivery_id not in found.values()]

    @precondition(lambda self: any(row.undecided for row in self.rows.values()))
    @rule(n=PICK, old=st.booleans())
    def click_send_again(self, n: int, old: bool) -> None:  # noqa: FBT001
        """Decide as a person does, with a button that may be old by now."""
        if not (old and self.buttons):
            send = picked([row.send for row in self.rows.values() if row.undecided], n)
            self.buttons = [*self.buttons, (send, self.show_the_card(send))][-4:]
        self.decide(*(picked(self.buttons, n) if old else self.buttons[-1]))

    def decide(self, send: int, attempt: int) -> None:
        """Click *Send again*."""
        meant = {row.id for row in self.of(send) if row.undecided and row.attempt <= attempt}
        again = self.store.ledger.send_again(send, attempt, Actor("U0ALICE", "C0ONCALL"), "rule")
        assert self.do(again) == Requeued(len(meant))
        self.asked.update(meant)
        now = self.look()
        for row in self.rows.values():
            assert now[row.id].state is (S.QUEUED if row.id in meant else row.state)
        assert not meant or not self.settled(send)

    def show_the_card(self, send: int) -> int:
        """Give the attempt that its buttons carry."""
        snap = self.do(self.store.cards.snapshot(send))
        assert snap
        assert snap.looking == sum(r.state is S.IN_DOUBT and r.timed for r in self.of(send))
        assert snap.unknowns == sum(r.state is S.IN_DOUBT for r in self.of(send))
        return snap.doubt

    # -- the end --------------------------------------------------------------------------

    def teardown(self) -> None:
        """Let everybody die, and hold that whoever comes next brings each send to its end."""
        if not self.sound:
            return
        self.processes = []
        self.sql("DELETE FROM procrastinate_workers")
        self.start()
        self.let_time_pass()
        for send in self.sends:
            self.everybody_has_one_fate()
            self.finish(send)
        self.everybody_has_one_fate()
        for row in self.rows.values():
            assert row.state not in ON_ITS_WAY
            assert row.state is not S.IN_DOUBT or row.undecided
        assert all(self.settled(send) for send in self.sends)

    def finish(self, send: int) -> None:
        [process], outbox = self.processes, self.store.outbox
        assert self.do(outbox.begin(send, process.workers, ()))
        for _ in range(2):  # a page in doubt is sent once more
            while claims := self.do(outbox.turn(send, process.worker, (), 2)):
                answers = [self.twilio.post(claim, Fate.TAKEN) for claim in claims]
                self.do(outbox.record(send, process.worker, answers))
            self.looks = [(send, self.do(self.store.doubts.due(send)))]
            self.resolve(0, old=True, listed=True, word="sent", over=True)
        assert self.do(outbox.end(send)) is None


def grounded(ground: Ground) -> type[Machine]:
    class Grounded(Machine):
        def __init__(self) -> None:
            super().__init__(ground)

    return Grounded


def test_nobody_is_lost_or_sent_to_twice_whatever_happens_in_whatever_order(
    database_url: str,
) -> None:
    with psycopg.connect(database_url, autocommit=True) as eyes, asyncio.Runner() as runner:
        pool = AsyncConnectionPool(database_url, kwargs=QUICK, min_size=1, check=None, open=False)
        runner.run(pool.open())
        try:
            ground = Ground(runner, Store(pool, Forgetful()), eyes)
            run_state_machine_as_test(grounded(ground), settings=SETTINGS)
        finally:
            runner.run(pool.close())
