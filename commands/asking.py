"""Asks before sending where the channel wants it: the sender, a second person, or both.

    draft -> [the sender looks] -> [a second person agrees] -> commit

A large send is looked at (`confirm_above`), a larger one agreed to (`approve_above`). Whatever says
the same to the same people as a send of the last minutes is looked at too; the ledger sees to it
inside the commit, so that two who send the same at the same moment do not both get through.
"""

from dataclasses import replace

from commands.model import AuditEntry, NewSend
from commands.outcome import Answered, Asked, Awaiting, Paging, Sending
from commands.policy import rule_of
from commands.preview import preview
from commands.question import OPEN, AlreadySent, Question, Stage
from commands.rules import ChannelRules
from commands.send import Draft, commit
from commands.services import Case

Put = Sending | Paging | Asked | Awaiting | Answered
"""What becomes of a draft."""


async def put(drafted: Draft, case: Case, *, look: bool = False) -> Put:
    """Commit a send, or ask before.

    Args:
        drafted: the send.
        case: who asks, where.
        look: whether the sender is to look at it in any case.

    Raises:
        OverLimit: the channel's last 24 hours leave no room.
    """
    if look or _exceeded(rules_of(drafted, case).confirm_above, drafted):
        already = await case.services.ledger.already(drafted.new)
        return await _ask_sender(drafted, already, case, anew=look)
    return await put_on(drafted, case)


async def put_on(drafted: Draft, case: Case, question: Question | None = None) -> Put:
    """Go on with a send that its sender has looked at, or need not.

    Args:
        drafted: the send.
        case: who asks, where.
        question: that it answers; None if nobody was asked yet.

    Raises:
        OverLimit: the channel's last 24 hours leave no room.
    """
    rules, ledger = rules_of(drafted, case), case.services.ledger
    if _exceeded(rules.approve_above, drafted) and not drafted.new.approver:
        already = await ledger.already(drafted.new)
        if already is None:
            return await _ask_second(drafted, rules, case, question)
        return await _ask_sender(drafted, already, case, question)
    written = await commit(drafted, case)
    if isinstance(written, AlreadySent):
        return await _ask_sender(drafted, written, case, question)
    return Answered(written) if isinstance(written, Question) else written


async def asked(question: Question, already: AlreadySent | None, case: Case) -> Asked:
    """Show the sender what they are asked."""
    new = question.new
    rules = case.services.policy.channels.get(new.actor.channel)
    above = rules.confirm_above if rules else None
    exceeded = above is not None and len(new.recipients) > above
    shown = await preview(new, case.services.ledger)
    return Asked(question, shown, case.services.clock.now(), above if exceeded else None, already)


def rules_of(drafted: Draft, case: Case) -> ChannelRules:
    """Give the rules of the channel that it is sent from, which a decided send has."""
    return case.services.policy.channels[drafted.new.actor.channel]


async def _ask_sender(
    drafted: Draft,
    already: AlreadySent | None,
    case: Case,
    question: Question | None = None,
    *,
    anew: bool = False,
) -> Put:
    new = replace(drafted.new, aware=drafted.new.aware | (already.sends if already else set()))
    if question is None:
        kept = await case.services.questions.ask(new, Stage.CONFIRM, drafted.folded)
        # the button is clicked, or the composer submitted, once more
        if (anew or new.retry_of is not None) and _is_stale(kept, new, case):
            kept = replace(kept, stage=Stage.CONFIRM, folded=drafted.folded)
            kept = await move(replace(kept, new=new, decided_by=""), case)
    else:
        kept = await move(replace(question, stage=Stage.CONFIRM, new=new), case)
    if kept.stage is not Stage.CONFIRM:  # asked before, when this very request came first
        return Answered(kept)
    return await asked(kept, already, case)


async def _ask_second(
    drafted: Draft, rules: ChannelRules, case: Case, question: Question | None
) -> Put:
    new, entry = drafted.new, _waits(drafted, rules, case)
    if question is None:
        kept = await case.services.questions.ask(new, Stage.APPROVE, drafted.folded, entry)
        if new.retry_of is not None and _is_stale(kept, new, case):
            kept = await move(replace(kept, stage=Stage.APPROVE, new=new, decided_by=""), case)
    else:
        kept = await move(replace(question, stage=Stage.APPROVE, new=new), case, entry)
    if kept.stage is not Stage.APPROVE:
        return Answered(kept)
    return Awaiting(kept, rules.approve_above or 0)


def _waits(drafted: Draft, rules: ChannelRules, case: Case) -> AuditEntry:
    return AuditEntry(
        drafted.new.actor,
        "ask",
        allowed=True,
        rule=rule_of(rules, "approve_above"),
        detail=f"{len(drafted.new.recipients)} recipients wait for a second person",
        at=case.services.clock.now(),
    )


async def move(question: Question, case: Case, entry: AuditEntry | None = None) -> Question:
    """Write a question's next turn; if somebody was faster, give how it stands."""
    questions = case.services.questions
    moved = await questions.move(question, entry)
    return moved or await questions.question(question.turn.question) or question


def _is_over(question: Question, case: Case) -> bool:
    """Tell whether a question has ended without a send."""
    late = case.services.clock.now() >= question.expires
    return question.stage is not Stage.SENT and (late or question.stage not in OPEN)


def _is_stale(question: Question, new: NewSend, case: Case) -> bool:
    """Tell whether a question that is asked once more has to be asked anew."""
    return _is_over(question, case) or question.new.sender != new.sender


def _exceeded(limit: int | None, drafted: Draft) -> bool:
    return limit is not None and len(drafted.new.recipients) > limit
