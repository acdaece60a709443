"""The verb `why`: the same way as the command itself, short of its commit."""

from commands.characters import named, odd_ones, plainer
from commands.errors import Refusal
from commands.later import later
from commands.model import Action
from commands.outcome import Explained
from commands.parser import (
    Compose,
    Contacts,
    ContactsAdd,
    ContactsRemove,
    Explainable,
    Group,
    Help,
    Recipients,
    Send,
    Status,
    Why,
)
from commands.permission import any_action, ask, permit_admin, require
from commands.policy import Decision
from commands.segments import measure
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
        case Send():
            draft = await prepare(command, case)
            return _send(draft, case.services.policy.channels[draft.new.actor.channel].senders)
        case Compose() | Recipients():
            lists = isinstance(command, Recipients)
            return _action(await ask(case, Action.RECIPIENTS if lists else Action.SEND))
        case Contacts() | ContactsAdd() | ContactsRemove() | Group():
            decision = await permit_admin(case)
            return decision.reason, decision.rule
        case Status():
            await status(command, case)
            reason, rule = _action(await ask(case, any_action(case)))
            return f"{reason} Who may do anything here may see what was sent from here.", rule
        case Help():
            return "Help is given to everybody.", ""
        case _:
            return await later(command, case)


def _send(draft: Draft, senders: tuple[str, ...]) -> tuple[str, str]:
    reason, limit = draft.decision.reason, draft.new.daily_limit
    count = len(draft.new.recipients)
    if limit is not None:
        reason += f" {count} would be counted towards daily_limit = {limit}."
    if others := ", ".join(each for each in senders if each != draft.new.sender):
        reason += f" It would come from {draft.new.sender}; the composer also offers {others}."
    return f"{reason} {_size(draft.new.body, count)}", draft.decision.rule


def _size(body: str, count: int) -> str:
    """Say what is billed, and which characters make it more than it need be."""
    size, odd = measure(body), odd_ones(body)
    told = f"{size.segments * count:,} SMS in all: {_segments(size.segments)} each"
    if not odd:
        return f"{told}."
    why = ", ".join(named(c) for c in odd[:_NAMED])
    told += f", with 70 characters a segment instead of 160 because of {why}"
    told += f" and {len(odd) - _NAMED} more" if len(odd) > _NAMED else ""
    plain = measure(plainer(body)).segments
    return f"{told}. " + (
        f"Plain characters would make it {_segments(plain)} each: {plainer(body)}"
        if plain < size.segments
        else "Plain characters would make it no shorter."
    )


def _segments(count: int) -> str:
    return f"{count} segment{'' if count == 1 else 's'}"


_NAMED = 5


def _action(asked: tuple[object, Decision]) -> tuple[str, str]:
    _, decision = asked
    require(decision)
    return decision.reason, decision.rule
