"""What is said to a question before sending, decided anew each time.

The sender confirms, and nobody else; another person who may send here approves. A button answers
the state of the question that it was drawn for: another click finds it in a later one.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from commands.archived import check_open
from commands.asking import Put, asked, move, put_on
from commands.characters import plainer
from commands.errors import NotAllowed, Refusal, UsageError
from commands.model import Action, Actor, AuditEntry, Turn
from commands.outcome import Answered
from commands.permission import permit
from commands.policy import rule_of
from commands.preview import shorter
from commands.question import OPEN, AlreadySent, Question, Stage, Word
from commands.segments import measure
from commands.send import Draft, draft
from commands.services import Case


async def answer(turn: Turn, word: Word, case: Case) -> Put:
    """Say something to a question; one that has had its answer only tells what came of it.

    Args:
        turn: the state that was answered.
        word: what was said.
        case: who says it.

    Raises:
        CommandError: there is no such question, they may not answer it, or the policy speaks
            against the send by now.
    """
    question = await case.services.questions.question(turn.question)
    if question is None:
        raise UsageError("This question is gone. Nothing was sent.", "Send the message anew.")
    if question.stage not in OPEN:
        return Answered(question)
    if case.services.clock.now() >= question.expires:
        return await _close(question, Stage.EXPIRED, case)
    said = _WORDS[question.stage].get(word)
    if question.turn != turn or said is None:
        return await _as_it_stands(question, case)
    return await said(question, case)


async def _as_it_stands(question: Question, case: Case) -> Put:
    """Ask the sender what is asked by now, where the button belongs to an earlier turn."""
    theirs = question.new.actor.user == case.request.actor.user
    if question.stage is Stage.CONFIRM and theirs:
        return await asked(question, await _already(question, case), case)
    return Answered(question)


async def expire(number: int, case: Case) -> Question | None:
    """Close a question whose time is over; give how it stands, None if there is none."""
    question = await case.services.questions.question(number)
    if question and question.stage in OPEN and case.services.clock.now() >= question.expires:
        return (await _close(question, Stage.EXPIRED, case)).question
    return question


async def withdraw(question: Question, case: Case) -> Question:
    """Close a question that nobody can be asked; give how it stands."""
    return (await _close(question, Stage.CANCELED, case)).question


# -- the sender ---------------------------------------------------------------------------


async def _send(question: Question, case: Case) -> Put:
    _sender_only(question, case)
    return await put_on(await _decided(question, case), case, question)


async def _missing(question: Question, case: Case) -> Put:
    return await _send(await _trimmed(question, case), case)


async def _trim(question: Question, case: Case) -> Put:
    return await _revise(await _trimmed(question, case), case)


async def _plain(question: Question, case: Case) -> Put:
    _sender_only(question, case)
    body = question.new.body
    if shorter(body, measure(body)) is None:
        raise Refusal("Plain characters would make it no shorter.", "Send it as it is, or cancel.")
    return await _revise(replace(question, new=replace(question.new, body=plainer(body))), case)


async def _cancel(question: Question, case: Case) -> Put:
    _sender_only(question, case)
    return await _close(question, Stage.CANCELED, case)


async def _trimmed(question: Question, case: Case) -> Question:
    """Leave out who has the same text by now."""
    _sender_only(question, case)
    new, already = question.new, await _already(question, case)
    missing = already.missing(new.recipients) if already else new.recipients
    if not missing:
        raise Refusal("All of them have it by now.", "Send it to all of them again, or cancel.")
    return replace(question, new=replace(new, recipients=missing))


async def _revise(question: Question, case: Case) -> Put:
    already = await _already(question, case)
    aware = question.new.aware | (already.sends if already else frozenset())
    moved = await move(replace(question, new=replace(question.new, aware=aware)), case)
    if moved.stage is not Stage.CONFIRM:
        return Answered(moved)
    return await asked(moved, already, case)


async def _already(question: Question, case: Case) -> AlreadySent | None:
    """Tell who has the same text by now, also what the sender has been told of."""
    new = replace(question.new, guard=case.services.same_intent)
    return await case.services.ledger.already(new, told=True)


def _sender_only(question: Question, case: Case) -> None:
    if question.new.actor.user != case.request.actor.user:
        raise NotAllowed(
            "Somebody else is asked this.",
            "Only who wrote the message can answer.",
            rule="a send is confirmed by its sender",
        )


# -- a second person ----------------------------------------------------------------------


async def _approve(question: Question, case: Case) -> Put:
    approver = await _second(question, case)
    try:
        decided = await _decided(question, case)
    except Refusal as no:  # its words are for who asked, and may hold whole numbers
        raise NotAllowed(
            "Who asked for it may not send it any more. Nothing was sent.",
            "They learn why with /sms why send, in this channel.",
            rule=no.rule or "decided anew",
        ) from no
    decided = replace(decided, new=replace(decided.new, approver=approver.user))
    return await put_on(decided, case, question)


async def _decline(question: Question, case: Case) -> Put:
    if question.new.actor.user == case.request.actor.user:
        return await _close(question, Stage.CANCELED, case)
    await _second(question, case)
    return await _close(question, Stage.DECLINED, case)


async def _second(question: Question, case: Case) -> Actor:
    if question.new.actor.channel != case.request.actor.channel:
        raise NotAllowed(
            "This is asked in another channel.",
            "Answer where the question stands.",
            rule="a send is approved in its own channel",
        )
    actor = await permit(case, Action(question.new.kind))
    if question.new.actor.user == actor.user:
        rules = case.services.policy.channels[actor.channel]
        raise NotAllowed(
            "A second person has to agree.",
            "Ask somebody else who may send here.",
            rule=rule_of(rules, "approve_above"),
        )
    return actor


# -- both ---------------------------------------------------------------------------------

_WORDS: Mapping[Stage, Mapping[Word, Callable[[Question, Case], Awaitable[Put]]]] = (
    MappingProxyType(
        {
            Stage.CONFIRM: {
                Word.SEND: _send,
                Word.MISSING: _missing,
                Word.TRIM: _trim,
                Word.PLAIN: _plain,
                Word.CANCEL: _cancel,
            },
            Stage.APPROVE: {
                Word.APPROVE: _approve,
                Word.DECLINE: _decline,
                Word.CANCEL: _cancel,
            },
        }
    )
)
"""Who answers what."""


async def _decided(question: Question, case: Case) -> Draft:
    """Decide anew on what its sender wants: what was allowed then may not be by now."""
    new = question.new
    request = replace(
        case.request, actor=new.actor, request_key=new.request_key, answer_url=new.answer_url
    )
    theirs = replace(case, request=request)
    await check_open(theirs)
    actor = await permit(theirs, Action(new.kind))
    drafted = await draft(
        theirs,
        actor,
        new.body,
        new.recipients,
        new.retry_of,
        sender=new.sender,
        ladder=new.ladder,
    )
    kept = replace(
        drafted.new,
        aware=new.aware,
        approver=new.approver,
        answers=question.turn,
    )
    return replace(drafted, new=kept, folded=question.folded)


async def _close(question: Question, stage: Stage, case: Case) -> Answered:
    actor = case.request.actor
    entry = AuditEntry(
        replace(actor, channel=question.new.actor.channel),
        str(stage),
        allowed=True,
        rule="questions before sending",
        detail=f"question {question.turn.question}",
        at=case.services.clock.now(),
    )
    by = "" if stage is Stage.EXPIRED else actor.user
    return Answered(await move(replace(question, stage=stage, decided_by=by), case, entry))
