"""The verbs `ack` and `resolve`, their buttons, and a page's timeline.

Whoever may do anything in a page's channel can acknowledge it, and so can everybody who was paged,
wherever they type: the person with the phone at three in the morning is the one who is asked.
"""

from typing import Final

from commands.errors import LookupFailed, Refusal, UsageError
from commands.model import Actor
from commands.numbers import BadNumber, to_address
from commands.oncall import Answerable, Hand, PageStage, Way
from commands.outcome import Acknowledged, OnePage, Told
from commands.parser import Ack, Resolve
from commands.permission import any_action, permit
from commands.services import Case


async def ack(command: Ack, case: Case) -> Acknowledged:
    """Say that the asker has a page.

    Raises:
        CommandError: there is none that waits, or they may not.
    """
    return await end(await meant(command, case), Way.COMMAND, case, resolves=False)


async def resolve(command: Resolve, case: Case) -> Acknowledged:
    """Say that a page is over.

    Raises:
        CommandError: there is none, or they may not.
    """
    return await end(await meant(command, case), Way.COMMAND, case, resolves=True)


async def clicked(page_id: int, case: Case, *, resolves: bool) -> Acknowledged:
    """Carry out a button under a page's card: the first click counts, whosever it is."""
    return await end(await _page(page_id, case), Way.BUTTON, case, resolves=resolves)


async def end(page: Answerable, way: Way, case: Case, *, resolves: bool) -> Acknowledged:
    """Acknowledge or resolve a page, on the word of who asks."""
    hand = Hand(await _name(case.request.actor, case), way, case.request.actor.user)
    pages = case.services.pages
    done = pages.resolve if resolves else pages.acknowledge
    ended = await done(page.page_id, hand)
    if ended is None:  # removed in this moment, long after its end
        raise _unknown(page.page_id)
    return Acknowledged(ended, resolves)


async def timeline(page_id: int, case: Case) -> Told:
    """Give everything that happened to a page."""
    await _page(page_id, case)
    found = await case.services.pages.timeline(page_id)
    if found is None:
        raise _unknown(page_id)
    return Told(found)


async def one_page(page_id: int, case: Case) -> OnePage | None:
    """Show a page of this channel; None if it has none of this number."""
    found = await case.services.pages.view(page_id)
    channel = case.request.actor.channel
    if found is None or found.people.channel != channel:
        return None
    rules = case.services.policy.channels.get(channel)
    return OnePage(found, masked=rules is None or not rules.show_numbers)


async def meant(command: Ack | Resolve, case: Case) -> Answerable:
    """Find the page that is meant: by its number, or the only one that waits here or for them.

    Raises:
        CommandError: there is none, or there are several, or they may not.
    """
    if command.id is not None:
        return await _page(command.id, case)
    stages = _CLOSABLE if isinstance(command, Resolve) else _ANSWERABLE
    actor, pages = case.request.actor, case.services.pages
    here = [p for p in await pages.lately(actor.channel, LATELY) if p.stage in stages]
    theirs = await pages.paged(await _addresses(case))
    known = {p.page_id: p for p in (*here, *theirs)}
    waiting = [p for p in known.values() if p.stage is PageStage.OPEN] or list(known.values())
    if not theirs:
        await permit(case, any_action(case))
    if not waiting:
        raise Refusal("No page waits here, nor for you.", "Name one by its number: /sms ack 12")
    if len(waiting) > 1:
        lines = "\n".join(f"#{p.page_id} {p.body[:_SHOWN]}" for p in waiting)
        raise Refusal(f"Several pages wait:\n{lines}", "Name one by its number: /sms ack 12")
    return waiting[0]


async def _page(page_id: int, case: Case) -> Answerable:
    """Find a page that the asker may answer.

    Raises:
        CommandError: there is none, or they may not: one sentence for both, as nobody learns what
            is paged from other channels.
    """
    found, actor = await case.services.pages.answerable(page_id), case.request.actor
    if found and (actor.user == found.actor or await _was_paged(found, case)):
        return found
    await permit(case, any_action(case))
    if found is None or found.channel != actor.channel:
        raise _unknown(page_id)
    return found


async def _was_paged(page: Answerable, case: Case) -> bool:
    return not page.addresses.isdisjoint(await _addresses(case))


async def _addresses(case: Case) -> frozenset[str]:
    """Give the numbers by which the asker can have been paged."""
    policy, user = case.services.policy, case.request.actor.user
    numbers = {contact.number for contact in policy.contacts if contact.slack == user}
    try:
        phone = (await case.lookups.people((user,)))[user].phone
        numbers |= {to_address(phone, policy.region)} if phone else set()
    except (LookupFailed, BadNumber):  # they are known by their contact, or not at all
        pass
    return frozenset(numbers)


async def _name(actor: Actor, case: Case) -> str:
    """Give a name that can be read in an SMS."""
    contact = case.services.policy.contact_of.get(actor.user)
    if contact:
        return contact.name
    return await case.lookups.user_name(actor.user)


def _unknown(page_id: int) -> UsageError:
    return UsageError(
        f"This channel has no page {page_id}.", "/sms status lists the last ones that it has."
    )


_ANSWERABLE = frozenset({PageStage.OPEN, PageStage.EXHAUSTED})
_CLOSABLE = frozenset(PageStage) - {PageStage.RESOLVED}
_SHOWN = 60

LATELY: Final = 20
"""How many pages of a channel are looked through for the one that is meant."""
