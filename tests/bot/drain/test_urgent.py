"""A page waits for no ordinary send."""

import asyncio

from bot.slots import Slots
from commands.model import Kind, Recipient
from tests.bot.drain.kit import NUMBERS, World
from tests.bot.kit import Eventually
from twilio_core.testing import Silence


async def test_a_page_is_posted_while_an_ordinary_send_holds_every_slot(
    world: World, eventually: Eventually
) -> None:
    world.slots = Slots(2)
    for number in NUMBERS[:2]:
        world.twilio.script(number, Silence())
    drain, owner = world.drain(), await world.worker()
    ordinary = await world.sent(8)
    page = await world.sent(1, "page:1", kind=Kind.PAGE, recipients=(Recipient(NUMBERS[9]),))
    stuck = asyncio.create_task(drain.run(ordinary, owner))
    await eventually(lambda: len(world.twilio.posts) == 2)
    assert await asyncio.wait_for(drain.urgent(page, owner), 20) is None
    assert world.asked()[NUMBERS[9]] == 1
    assert len(world.twilio.posts) == 3
    stuck.cancel()
    await asyncio.gather(stuck, return_exceptions=True)
