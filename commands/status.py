"""The verb `status`: the last sends of this channel, or one of them in detail."""

from typing import Final

from commands.acknowledge import one_page
from commands.errors import UsageError
from commands.model import Actor
from commands.outcome import LastSends, OnePage, OneSend
from commands.parser import Status
from commands.permission import any_action, permit
from commands.services import Case

LAST: Final = 10
"""How many sends are listed."""

PAGES: Final = 5
"""How many pages are listed, beside those that wait."""


async def status(command: Status, case: Case) -> LastSends | OneSend | OnePage:
    """Show what was sent from here to whoever may do anything here.

    Raises:
        CommandError: the policy denies everything, or this channel has no such send.
    """
    actor = await permit(case, any_action(case))
    if command.id is None:
        sends = await case.services.history.last(actor.channel, LAST)
        return LastSends(sends, await case.services.pages.lately(actor.channel, PAGES))
    return await one_page(command.id, case) or await _one(command.id, actor, case)


async def _one(send_id: int, actor: Actor, case: Case) -> OneSend | OnePage:
    found = await case.services.history.snapshot(send_id)
    # one sentence for both: nobody learns what is sent from other channels
    if found is None or found.channel != actor.channel:
        raise UsageError(
            f"This channel has no send {send_id}.", "/sms status lists the last ones that it has."
        )
    if found.page_id is not None and (page := await one_page(found.page_id, case)):
        return page
    own = found.actor == actor.user
    rules = case.services.policy.channels[actor.channel]
    return OneSend(found, own=own, masked=not (own or rules.show_numbers))
