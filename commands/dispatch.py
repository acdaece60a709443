"""The table of verbs and the one flow: parse -> resolve -> decide -> commit -> outcome.

Slash command, composer and button all enter here. Every expected ending comes back as a value.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from commands import acknowledge, answering, book, choices
from commands.archived import check_open
from commands.asking import put
from commands.choices import Chosen
from commands.contacts import add, contacts, remove
from commands.dressing import Text
from commands.errors import CommandError, UsageError
from commands.group import group
from commands.help import help_
from commands.lookups import Lookups
from commands.model import Actor, AuditEntry, Turn
from commands.outcome import Outcome, Refused
from commands.page import prepare_page
from commands.parser import (
    Ack,
    Command,
    Compose,
    Contacts,
    ContactsAdd,
    ContactsRemove,
    Group,
    Help,
    Page,
    Recipients,
    Resolve,
    Send,
    Status,
    Why,
    parse,
    read_recipients,
)
from commands.question import Question, Word
from commands.recipients import recipients
from commands.retry import leave, retry, send_again
from commands.send import compose, prepare
from commands.services import Case, Request, Services
from commands.status import status
from commands.why import why

__all__ = [
    "VERBS",
    "Request",
    "Services",
    "answer",
    "answer_page",
    "decide_doubt",
    "dispatch",
    "expire",
    "look_at",
    "retry_failed",
    "timeline",
    "undo",
    "withdraw",
]


async def _send(command: Send, case: Case) -> Outcome:
    return await put(await prepare(command, case), case)


async def _page(command: Page, case: Case) -> Outcome:
    return await put(await prepare_page(command, case), case)


VERBS: Mapping[type[Command], Callable[..., Awaitable[Outcome]]] = MappingProxyType(
    {
        Send: _send,
        Compose: compose,
        Recipients: recipients,
        Why: why,
        Help: help_,
        Page: _page,
        Ack: acknowledge.ack,
        Resolve: acknowledge.resolve,
        Status: status,
        Contacts: contacts,
        ContactsAdd: add,
        ContactsRemove: remove,
        Group: group,
    }
)
"""Who carries out which command; the handler's first argument is of the key's type."""


async def dispatch(request: Request, services: Services) -> Outcome:
    """Carry out what was typed after ``/sms``."""

    async def work(case: Case) -> Outcome:
        command = parse(request.text)
        return await VERBS[type(command)](command, case)

    return await _answer(request, services, work)


async def look_at(
    actor: Actor,
    recipients_text: str,
    message: str,
    request_key: str,
    services: Services,
    answer_url: str = "",
    chosen: Chosen = Chosen(),  # noqa: B008 - a frozen value
) -> Outcome:
    """Carry out what the composer submits: its sender is shown what would be sent.

    Args:
        actor: who asks, where.
        recipients_text: the recipient list, read as in the command; blank if all are chosen.
        message: the text, sent as it is: Slack does not dress what is typed into a modal.
        request_key: what makes two submissions the same.
        services: the world.
        answer_url: Slack's response_url, empty if there is none.
        chosen: what was chosen instead of typed; these recipients come first.
    """
    listed = ", ".join(filter(None, (*chosen.recipients, recipients_text.strip())))
    request = Request(f"send {listed} {message}", actor, request_key, answer_url)

    async def work(case: Case) -> Outcome:
        await check_open(case)
        picked = choices.read(chosen.recipients, services.policy)
        typed = read_recipients(recipients_text) if recipients_text.strip() or not picked else ()
        command = Send((*picked, *typed), Text((message,)), chosen.sender)
        return await put(await prepare(command, case), case, look=True)

    return await _answer(request, services, work)


async def answer(actor: Actor, turn: Turn, word: Word, services: Services) -> Outcome:
    """Carry out a button under a question before sending, once however often it is clicked.

    Args:
        actor: who answers, in the channel that the question belongs to.
        turn: the state of the question that the button was drawn for.
        word: what it says.
        services: the world.
    """
    question = await services.questions.question(turn.question)
    if question and not actor.channel and question.new.actor.user == actor.user:
        actor = replace(actor, channel=question.new.actor.channel)  # a modal stands in none
    request = Request(f"{word} question {turn.question}", actor, f"answer:{turn.question}")

    async def work(case: Case) -> Outcome:
        return await answering.answer(turn, word, case)

    return await _answer(request, services, work)


async def expire(number: int, services: Services) -> Question | None:
    """Close a question before sending whose time is over, on nobody's word.

    Gives the question as it stands; None if there is none of this number.
    """
    request = Request("expire", Actor("", ""), f"expire:{number}")
    return await answering.expire(number, Case(request, services, Lookups(services.directory)))


async def withdraw(question: Question, services: Services) -> Question:
    """Close a question before sending that nobody can be asked; give how it stands."""
    request = Request("withdraw", Actor("", ""), f"withdraw:{question.turn.question}")
    return await answering.withdraw(question, Case(request, services, Lookups(services.directory)))


async def retry_failed(
    actor: Actor, send_id: int, services: Services, answer_url: str = ""
) -> Outcome:
    """Carry out *Retry failed*: the failed part of `send_id`, once however often it is clicked."""
    request = Request(f"retry {send_id}", actor, f"retry:{send_id}", answer_url)

    async def work(case: Case) -> Outcome:
        await check_open(case)
        return await retry(send_id, case)

    return await _answer(request, services, work)


async def decide_doubt(
    actor: Actor, send_id: int, attempt: int, services: Services, *, again: bool
) -> Outcome:
    """Carry out *Send again* (`again`) or *Leave it* for those in doubt of `send_id`.

    Args:
        actor: who asks, where.
        send_id: the send.
        attempt: the last attempt that the button knew of; a later doubt is another question.
        services: the world.
        again: whether to send to them again.
    """
    verb = "again" if again else "leave"
    request = Request(f"{verb} {send_id}", actor, f"{verb}:{send_id}:{attempt}")

    async def work(case: Case) -> Outcome:
        if not again:
            return await leave(send_id, attempt, case)
        await check_open(case)
        return await send_again(send_id, attempt, case)

    return await _answer(request, services, work)


async def answer_page(actor: Actor, page_id: int, services: Services, *, resolves: bool) -> Outcome:
    """Carry out *Acknowledge* (or `resolves`: *Resolve*) under a page's card."""
    verb = "resolve" if resolves else "ack"
    request = Request(f"{verb} {page_id}", actor, f"{verb}:{page_id}")

    async def work(case: Case) -> Outcome:
        return await acknowledge.clicked(page_id, case, resolves=resolves)

    return await _answer(request, services, work)


async def timeline(actor: Actor, page_id: int, services: Services) -> Outcome:
    """Carry out *Timeline* under a page's card."""
    request = Request(f"timeline {page_id}", actor, f"timeline:{page_id}")

    async def work(case: Case) -> Outcome:
        return await acknowledge.timeline(page_id, case)

    return await _answer(request, services, work)


async def undo(actor: Actor, number: int, services: Services) -> Outcome:
    """Carry out *Undo* of a change of the directory."""
    request = Request(f"undo {number}", actor, f"undo:{number}")

    async def work(case: Case) -> Outcome:
        return await book.undo(number, case)

    return await _answer(request, services, work)


async def _answer(
    request: Request, services: Services, work: Callable[[Case], Awaitable[Outcome]]
) -> Outcome:
    """Do `work`; turn what ends it into a value, and keep the policy's refusals."""
    try:
        _check_storable(request.text)
        return await work(Case(request, services, Lookups(services.directory)))
    except CommandError as error:
        kind = type(error).__name__
        if error.rule:
            await services.audit.record(_refusal(request, error.rule, kind, services))
        return Refused(error.text, error.remedy, kind)


def _check_storable(text: str) -> None:
    """Keep out what neither PostgreSQL nor UTF-8 can hold: NUL and lone surrogates."""
    if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text):
        raise UsageError(
            "The text holds a character that cannot be sent (NUL or half a surrogate pair).",
            "Type it anew instead of pasting it.",
        )


def _refusal(request: Request, rule: str, kind: str, services: Services) -> AuditEntry:
    return AuditEntry(
        actor=request.actor,
        action=request.text.split(None, 1)[0].casefold(),
        allowed=False,
        rule=rule,
        detail=kind,
        at=services.clock.now(),
    )
