"""The verbs `ack` and `resolve`, their buttons, and a page's timeline.

Whoever may do anything in a page's channel can acknowledge it, and so can everybody who was paged,
wherever they type: the person with the phone at three in the morning is the one who is asked.
"""

from commands.errors import NotAllowed, Refusal, UsageError
from commands.model import Actor
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
    page = await _meant(command.id, case, frozenset({PageStage.OPEN, PageStage.EXHAUSTED}))
    return await end(page, Way.COMMAND, case, resolves=False)


async def resolve(command: Resolve, case: Case) -> Acknowledged:
    """Say that a page is over.

    Raises:
        CommandError: there is none, or they may not.
    """
    page = await _meant(command.id, case, frozenset(PageStage) - {PageStage.RESOLVED})
    return await end(page, Way.COMMAND, case, resolves=True)


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


async def _meant(number: int | None, case: Case, stages: frozenset[PageStage]) -> Answerable:
    if number is not None:
        return await _page(number, case)
    channel = case.request.actor.channel
    found = [p for p in await case.services.pages.lately(channel) if p.stage in stages]
    waiting = [p for p in found if p.stage is PageStage.OPEN] or found
    if not waiting:
        await permit(case, any_action(case))
        raise Refusal(
            "No page waits in this channel.", "With its number, any page can be named: /sms ack 12"
        )
    if len(waiting) > 1:
        await permit(case, any_action(case))
        lines = "\n".join(f"#{p.page_id} {p.body[:_SHOWN]}" for p in waiting)
        raise Refusal(f"Several pages wait in this channel:\n{lines}", "Name one: /sms ack 12")
    return await _page(waiting[0].page_id, case)


async def _page(page_id: int, case: Case) -> Answerable:
    found = await case.services.pages.answerable(page_id)
    if found is None:
        raise _unknown(page_id)
    if not _was_paged(found, case):
        if found.channel != case.request.actor.channel:
            raise NotAllowed(
                f"Page {page_id} is none of this channel's.",
                "Answer in its own channel, or by replying to its SMS.",
                rule="a page is answered in its own channel",
            )
        await permit(case, any_action(case))
    return found


def _was_paged(page: Answerable, case: Case) -> bool:
    contact = case.services.policy.contact_of.get(case.request.actor.user)
    return contact is not None and contact.number in page.addresses


async def _name(actor: Actor, case: Case) -> str:
    """Give a name that can be read in an SMS."""
    contact = case.services.policy.contact_of.get(actor.user)
    if contact:
        return contact.name
    return await case.lookups.user_name(actor.user)


def _unknown(page_id: int) -> UsageError:
    return UsageError(f"There is no page {page_id}.", "/sms status lists what went from here.")


_SHOWN = 60
