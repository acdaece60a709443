"""The state machine's rules about sends, and about the processes that see to them."""

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from bot.gateway import unposted
from bot.store.outbox import Settled
from commands.model import Committed, DeliveryState, Kind
from tests.bot.store.kit import draft
from tests.bot.store.twin import Fate, Held, Process
from tests.bot.store.witness import Ground, Row, Witness

T = TypeVar("T")
S = DeliveryState
ON_ITS_WAY = {S.QUEUED, S.SENDING}
PICK = st.integers(0, 5)
MOST = 3
FATES = st.lists(
    st.sampled_from([Fate.TAKEN_WITHOUT_ANSWER, *Fate, None, Fate.TAKEN_WITHOUT_ANSWER]),
    min_size=1,
    max_size=3,
)


class Step(Enum):
    """How far a process comes with a claim before something else happens."""

    RECORDED = "its answers are recorded"
    POSTED = "it has posted"
    CLAIMED = "it has learned of its claim"
    LOST = "it never learns of its claim"


def picked(things: Sequence[T], number: int) -> T:
    """Give one of the things a rule may pick; a number beyond their end begins anew."""
    return things[number % len(things)]


class Workers(Witness):
    """Sends, and the processes that see to them.

    Attributes:
        refused: sends of which a process has heard that the account is refused.
        paused: whether anything waits for time to pass.
    """

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.refused: list[int] = []
        self.paused = False

    @property
    def open(self) -> list[int]:
        """The sends of which somebody's fate is not decided."""
        undecided = {*ON_ITS_WAY, S.IN_DOUBT}
        return sorted({row.send for row in self.rows.values() if row.state in undecided})

    def send(self, number: int) -> int:
        """Pick a send, one that is open if there is one."""
        return picked(self.open or list(self.sends), number)

    # -- sends and processes --------------------------------------------------------------

    def commit(self, kind: Kind, recipients: int) -> int:
        """Type a command, let Slack deliver it twice, and give its send."""
        new = draft(recipients, request_key=f"cmd:{next(self.ground.numbers)}", kind=kind)
        first = self.do(self.store.ledger.commit(new))
        assert isinstance(first, Committed)
        assert self.do(self.store.ledger.commit(new)) == Committed(first.send_id, repeated=True)
        self.sends[first.send_id] = kind
        self.addresses += [(first.send_id, each.address) for each in new.recipients]
        self.everybody_has_one_fate()
        return first.send_id

    @precondition(lambda self: len(self.beating) < 2)
    @rule()
    def start(self) -> None:
        """Start a process; where there are too many, a silent one never comes back."""
        self.processes.append(Process([self.register()]))
        if len(self.processes) > MOST:
            last = min(self.processes, key=lambda process: process.beating)
            self.stop(last)
            self.processes.remove(last)

    def stop(self, process: Process) -> None:
        """Let a process show no sign of life."""
        process.fall_silent()
        self.silence(process.worker, 60)

    def lose(self, send: int, fates: Sequence[Fate | None]) -> None:
        """Have a process post, fall silent before it records, and another take over from it."""
        if not self.beating:
            self.start()
        self.start()
        lost = self.processes[-1]
        self.claim_as(lost, send, fates, Step.POSTED)
        self.stop(lost)
        self.rows = self.look()
        self.begin_as(self.beating[0], send)

    def register(self) -> int:
        """Register a worker that is alive, however long the example takes."""
        [(worker,)] = self.sql("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        self.silence(worker, -3600)
        return int(worker)

    def silence(self, worker: int, seconds: int) -> None:
        """Let a worker's last sign of life be so long ago."""
        self.sql(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - make_interval(secs => %s)"
            " WHERE id = %s",
            seconds,
            worker,
        )

    @precondition(lambda self: any(process.busy for process in self.beating))
    @rule(n=PICK, for_good=st.booleans(), forgotten=st.booleans())
    def fall_silent(self, n: int, for_good: bool, forgotten: bool) -> None:  # noqa: FBT001
        process = picked([each for each in self.beating if each.busy], n)
        self.stop(process)
        if for_good:
            self.processes.remove(process)
        if forgotten:
            self.sql("DELETE FROM procrastinate_workers WHERE id = %s", process.worker)
            process.forgotten = True

    @precondition(lambda self: any(p.hands and not p.beating for p in self.processes))
    @rule(n=PICK)
    def come_back(self, n: int) -> None:
        """Let a silent process go on, as another worker if it was removed."""
        silent = [each for each in self.processes if each.hands and not each.beating]
        self.revive(picked(silent, n))

    def revive(self, process: Process) -> None:
        """Let a process show signs of life again."""
        self.silence(process.worker, -3600)
        process.beating = True
        if process.forgotten:
            process.workers.append(self.register())
            process.forgotten = False

    # -- posting --------------------------------------------------------------------------

    @precondition(lambda self: any(row.state is S.QUEUED for row in self.rows.values()))
    @precondition(lambda self: self.processes)
    @rule(n=PICK, s=PICK, anew=st.booleans(), fates=FATES, step=st.sampled_from(Step))
    def claim(self, n: int, s: int, anew: bool, fates: list[Fate | None], step: Step) -> None:  # noqa: FBT001
        """Claim as many as there are fates, and go on with them up to a step."""
        process, send = picked(self.processes, n), self.send(s)
        if anew and process.beating:
            self.begin_as(process, send)
        self.claim_as(process, send, fates, step)

    def claim_as(
        self, process: Process, send: int, fates: Sequence[Fate | None], step: Step
    ) -> None:
        """Claim as this process."""
        claims = self.do(self.store.outbox.turn(send, process.worker, (), len(fates)))
        assert process.beating or not claims
        assert not any(each.holds(claim.delivery_id) for claim in claims for each in self.processes)
        assert all(self.rows[claim.delivery_id].state is S.QUEUED for claim in claims)
        held = [Held(send, process.worker, claim) for claim in claims]
        (process.unheard if step is Step.LOST else process.hands).extend(held)
        if step in {Step.POSTED, Step.RECORDED}:
            self.ask(process, held, fates)
        if step is Step.RECORDED and held:
            self.rows = self.look()
            self.write(process, held, singly=False)

    def ask(self, process: Process, held: Sequence[Held], fates: Sequence[Fate | None]) -> None:
        """Ask Twilio, or give back what is not to be posted: by choice, or after a silence."""
        for each, fate in zip(held, fates, strict=False):
            if fate is None or each.lapsed or not process.beating:
                each.answer = unposted(each.claim)
            else:
                each.answer = self.twilio.post(each.claim, fate)

    @precondition(lambda self: any(process.unposted for process in self.processes))
    @rule(n=PICK, fates=FATES)
    def post(self, n: int, fates: list[Fate | None]) -> None:
        """Post what was claimed some time ago."""
        process = picked([each for each in self.processes if each.unposted], n)
        self.ask(process, process.unposted, fates)

    @precondition(lambda self: any(process.unrecorded for process in self.processes))
    @rule(n=PICK, most=st.integers(1, 3), latest_first=st.booleans(), singly=st.booleans())
    def record(self, n: int, most: int, latest_first: bool, singly: bool) -> None:  # noqa: FBT001
        """Have a process write down answers, in any order, at once or much later."""
        process = picked([each for each in self.processes if each.unrecorded], n)
        held = process.unrecorded[::-1] if latest_first else process.unrecorded
        self.write(process, held[:most], singly=singly)

    def write(self, process: Process, held: Sequence[Held], *, singly: bool) -> None:
        """Record the answers of claims, together as far as they are of one send and worker."""
        of = {(each.send, each.owner) for each in held}
        for send, owner in sorted(of):
            told = [h for h in held if (h.send, h.owner) == (send, owner)]
            answers = [each.answer for each in told if each.answer]
            if singly:
                self.do(self.store.outbox.record(send, owner, answers))
            else:
                assert self.do(self.store.outbox.turn(send, owner, answers, 0)) == []
            process.forget(told)
            self.was_recorded(owner, answers)
            self.end(send)

    def was_recorded(self, owner: int, answers: Sequence[Settled]) -> None:
        """Hold that an answer counts for its own attempt, if nothing is known of it yet."""
        counts = [answer for answer in answers if self.counts(owner, answer)]
        now = self.look()
        for answer in counts:
            row = now[answer.delivery_id]
            assert (row.state, row.sid) == (answer.state, answer.sid)
        for number in {a.delivery_id for a in answers} - {a.delivery_id for a in counts}:
            assert now[number] == self.rows[number]
        self.paused |= any(answer.pause for answer in answers)
        self.refused += [now[a.delivery_id].send for a in answers if a.code == "401"]

    def counts(self, owner: int, answer: Settled) -> bool:
        """Tell whether an answer is news about the attempt that it belongs to."""
        row = self.rows[answer.delivery_id]
        if (row.owner, row.attempt) != (owner, answer.attempt):
            return False
        doubt_ends = row.state is S.IN_DOUBT and answer.state is not S.IN_DOUBT
        return row.state is S.SENDING or doubt_ends

    @precondition(lambda self: self.beating and self.lost())
    @rule(n=PICK, s=PICK)
    def take_over(self, n: int, s: int) -> None:
        """Let a process see to what another left, or to what it did not hear of."""
        self.begin_as(picked(self.beating, n), picked(self.lost(), s))

    def lost(self) -> list[int]:
        """The sends with somebody whom no living process is sending to, though it is said so."""
        sending = [row for row in self.rows.values() if row.state is S.SENDING]
        held = [(p.worker, *each) for p in self.beating for each in p.held]
        return sorted({r.send for r in sending if (r.owner, r.id, r.attempt) not in held})

    def begin_as(self, process: Process, send: int) -> None:
        """Take over what others left, as a drain does at first."""
        assert self.do(self.store.outbox.begin(send, process.workers, process.held))
        process.unheard = [held for held in process.unheard if held.send != send]
        now = self.look()
        for old in self.rows.values():
            assert now[old.id].state is self.after_takeover(old, process, send)
        self.rows = now

    def after_takeover(self, row: Row, process: Process, send: int) -> DeliveryState:
        """Say what becomes of a row."""
        if row.send != send or row.state is not S.SENDING:
            return row.state
        if row.owner in process.workers and (row.id, row.attempt) not in process.held:
            return S.QUEUED
        alive = [each.worker for each in self.beating]
        return S.SENDING if row.owner in alive else S.IN_DOUBT

    @precondition(lambda self: self.refused)
    @rule(n=PICK)
    def halt(self, n: int) -> None:
        """Stop a send whose account is refused."""
        send = self.refused.pop(n % len(self.refused))
        self.do(self.store.outbox.halt(send, "401", 20003, "the account was refused"))
        now = self.look()
        for old in self.rows.values():
            stopped = old.send == send and old.state is S.QUEUED
            assert now[old.id].state is (S.FAILED if stopped else old.state)

    def end(self, send: int) -> None:
        """End a drain, and hold that a send is settled once nobody is on the way."""
        due = self.do(self.store.outbox.end(send))
        states = {row.state for row in self.look().values() if row.send == send}
        assert (due is not None) == (S.QUEUED in states)
        assert self.settled(send) is not bool(states & ON_ITS_WAY)

    @precondition(lambda self: self.paused)
    @rule()
    def let_time_pass(self) -> None:
        """Let every pause end."""
        self.paused = False
        self.sql(
            "UPDATE delivery SET next_check = next_check - interval '2 hours'"
            " WHERE send_id = ANY(%s)",
            list(self.sends),
        )
