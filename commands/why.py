"""The verb `why`: the same way as the command itself, short of its commit."""

from collections.abc import Iterator

from commands.acknowledge import meant
from commands.asking import rules_of
from commands.errors import Refusal
from commands.model import Action
from commands.outcome import Explained
from commands.page import prepare_page
from commands.parser import (
    Ack,
    Compose,
    Contacts,
    ContactsAdd,
    ContactsRemove,
    Explainable,
    Group,
    Page,
    Recipients,
    Resolve,
    Send,
    Status,
    Why,
)
from commands.permission import any_action, ask, permit_admin, require
from commands.policy import Decision
from commands.preview import billed, plainly
from commands.rules import ChannelRules
from commands.send import Draft, prepare
from commands.services import Case
from commands.status import status


async def why(command: Why, case: Case) -> Explained:
    """Say which rule would allow or refuse the command, and why."""
    try:
        reason, rule = await _granted(command.command, case)
    except Refusal as no:
        return Explained(
            allowed=False, command=command.text, reason=no.text, rule=no.rule, remedy=no.remedy
        )
    return Explained(allowed=True, command=command.text, reason=reason, rule=rule)


async def _granted(command: Explainable, case: Case) -> tuple[str, str]:
    match command:
        case Send() | Page():
            return await _addressed(command, case)
        case Compose() | Recipients():
            lists = isinstance(command, Recipients)
            return _action(await ask(case, Action.RECIPIENTS if lists else Action.SEND))
        case Contacts() | ContactsAdd() | ContactsRemove() | Group():
            decision = await permit_admin(case)
            return decision.reason, decision.rule
        case Status():
            await status(command, case)
            return await _anything(case, _SEE)
        case Ack() | Resolve():
            page = await meant(command, case)
            return f"You may answer page {page.page_id}. {_ANSWER}", ""
        case _:
            return "Help is given to everybody.", ""


_SEE = "Who may do anything here may see what was sent from here."
_ANSWER = (
    "Who may do anything here may answer a page of this channel, and so may everybody who was "
    "paged."
)


async def _anything(case: Case, words: str) -> tuple[str, str]:
    reason, rule = _action(await ask(case, any_action(case)))
    return f"{reason} {words}", rule


async def _addressed(command: Send | Page, case: Case) -> tuple[str, str]:
    if isinstance(command, Page):
        return await _page(await prepare_page(command, case), case)
    return await _send(await prepare(command, case), case)


async def _send(draft: Draft, case: Case) -> tuple[str, str]:
    new, limit = draft.new, draft.new.daily_limit
    count = len(new.recipients)
    said = [draft.decision.reason]
    if limit is not None:
        said.append(f"{count} would be counted towards daily_limit = {limit}.")
    rules = rules_of(draft, case)
    if others := ", ".join(each for each in rules.senders if each != new.sender):
        said.append(f"It would come from {new.sender}; the composer also offers {others}.")
    said += _questions(rules, count)
    if already := await case.services.ledger.already(new):
        said.append(
            f"You would be asked first: {len(already.reached)} of {count} have the same text by "
            f"send {already.send_id} already, or may get it."
        )
    said += filter(None, (billed(new.body, count), plainly(new.body)))
    return " ".join(said), draft.decision.rule


async def _page(draft: Draft, case: Case) -> tuple[str, str]:
    new = draft.new
    said = [draft.decision.reason]
    if new.ladder and new.ladder.escalation:
        steps, rounds = len(new.ladder.rungs), new.ladder.rounds
        said.append(
            f"The escalation {new.ladder.escalation} has {steps} step{'' if steps == 1 else 's'}, "
            f"gone through {'once' if rounds == 1 else f'{rounds} times at most'}; who is on duty "
            "is looked up when a step fires."
        )
    said += _questions(rules_of(draft, case), len(new.recipients))
    if await case.services.ledger.already(new):
        said.append("You would be asked first: a page with the same text was opened a moment ago.")
    return " ".join(said), draft.decision.rule


def _questions(rules: ChannelRules, count: int) -> Iterator[str]:
    if rules.confirm_above is not None and count > rules.confirm_above:
        yield f"You would be asked first: confirm_above = {rules.confirm_above}."
    if rules.approve_above is not None and count > rules.approve_above:
        yield f"A second person would have to agree: approve_above = {rules.approve_above}."


def _action(asked: tuple[object, Decision]) -> tuple[str, str]:
    _, decision = asked
    require(decision)
    return decision.reason, decision.rule
