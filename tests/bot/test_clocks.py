"""Twilio's clock is behind the database's: what Twilio has is found and followed all the same."""

from datetime import timedelta

import pytest

from bot.track import HANDFUL
from commands.model import Kind
from commands.reply import CLOCKS, SURE
from tests.bot.drain.kit import NUMBERS
from tests.bot.engine import Engine
from twilio_core.testing import ServerError

MOMENT = timedelta(seconds=3)


async def doubted(engine: Engine, key: str = "cmd:1", *, accepted: bool = False) -> int:
    """Post a page of which nobody knows whether Twilio has it."""
    engine.twilio.script(NUMBERS[0], ServerError(500, accepted=accepted))
    return await engine.posted(1, key, kind=Kind.PAGE)


def dated_back(engine: Engine, by: timedelta) -> None:
    """Let Twilio's clock have been behind when it made its messages."""
    for message in engine.twilio.messages.values():
        message.date_created -= by


async def sids(engine: Engine) -> list[str | None]:
    """The SID of each recipient, those of the first send first."""
    return [sid for (sid,) in await engine.rows("SELECT sid FROM delivery ORDER BY id")]


@pytest.mark.parametrize("by", [MOMENT, SURE - timedelta(seconds=1)])
async def test_a_page_that_twilio_has_is_not_sent_again(engine: Engine, by: timedelta) -> None:
    send_id = await doubted(engine, accepted=True)
    dated_back(engine, by)
    await engine.change("UPDATE delivery SET doubted = now() - interval '1 hour'")
    assert await engine.reconcile().run(send_id) is None
    assert await engine.states_of(send_id) == ["accepted"]
    assert await sids(engine) == list(engine.twilio.messages)


async def test_the_same_text_of_moments_before_that_the_ledger_knows_is_not_it(
    engine: Engine,
) -> None:
    await engine.posted(1, "first", kind=Kind.PAGE)
    send_id = await doubted(engine, "second")
    dated_back(engine, MOMENT)
    assert await engine.reconcile().run(send_id) is not None
    assert await engine.states_of(send_id) == ["in_doubt"]


async def test_a_message_from_well_before_the_attempt_is_somebody_elses(engine: Engine) -> None:
    send_id = await doubted(engine)
    [(attempted,)] = await engine.rows("SELECT attempted FROM delivery")
    engine.at_twilio(NUMBERS[0], date_created=attempted - 2 * SURE)
    await engine.reconcile().run(send_id)
    assert await engine.states_of(send_id) == ["in_doubt"]


async def test_of_two_messages_that_fit_the_one_nearest_to_the_attempt_is_taken(
    engine: Engine,
) -> None:
    send_id = await doubted(engine)
    [(attempted,)] = await engine.rows("SELECT attempted FROM delivery")
    engine.at_twilio(NUMBERS[0], date_created=attempted - timedelta(seconds=4))
    nearest = engine.at_twilio(NUMBERS[0], date_created=attempted - timedelta(seconds=2))
    await engine.reconcile().run(send_id)
    assert await sids(engine) == [nearest.sid]


@pytest.mark.parametrize("turned", [False, True])
async def test_of_two_doubts_within_moments_each_finds_its_own_message(
    engine: Engine, *, turned: bool
) -> None:
    sends = [await doubted(engine, "first", accepted=True)]
    dated_back(engine, timedelta(seconds=10))
    await engine.change("UPDATE delivery SET attempted = attempted - interval '10 s'")
    sends.append(await doubted(engine, "second", accepted=True))
    dated_back(engine, MOMENT)
    for send_id in sends[::-1] if turned else sends:
        await engine.reconcile().run(send_id)
    assert await sids(engine) == list(engine.twilio.messages)


@pytest.mark.parametrize("by", [MOMENT, CLOCKS - timedelta(seconds=1)])
async def test_many_messages_on_their_way_are_still_asked_for_by_one_list(
    engine: Engine, by: timedelta
) -> None:
    send_id = await engine.posted(HANDFUL + 3)
    dated_back(engine, by)
    for message in engine.twilio.messages.values():
        message.move("delivered")
    assert await engine.track().run(send_id) is None
    assert await engine.states() == {"delivered": HANDFUL + 3}
    assert len(engine.gets) == len(engine.lists) == 1
