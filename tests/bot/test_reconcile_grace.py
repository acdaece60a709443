"""How long a message in doubt is looked for, and what is done when that is over."""

import pytest

from bot.drain import Unfinished
from bot.reconcile import STUBBORN
from bot.store.doubts import NOT_LISTED, UNLISTED
from bot.store.pages import open_page, tell
from commands.model import Kind
from tests.bot.drain.kit import NUMBERS
from tests.bot.engine import BODY, Engine
from tests.bot.store.kit import draft
from tests.bot.store.reply_kit import LADDER
from twilio_core.testing import ANY, Error, Html, Outcome, Raw, ServerError

GRACE = {Kind.SEND: 120.0, Kind.PAGE: 30.0}


async def doubted(engine: Engine, kind: Kind = Kind.SEND, *, accepted: bool = False) -> int:
    """Post a message of which nobody knows whether Twilio has it."""
    engine.twilio.script(NUMBERS[0], ServerError(500, accepted=accepted))
    return await engine.posted(1, kind=kind)


async def looked_for(engine: Engine) -> bool:
    [(looked_for,)] = await engine.rows(
        "SELECT state = 'in_doubt' AND next_check IS NOT NULL FROM delivery"
    )
    return bool(looked_for)


@pytest.mark.parametrize("kind", [Kind.SEND, Kind.PAGE])
async def test_before_the_grace_is_over_the_looking_goes_on(engine: Engine, kind: Kind) -> None:
    send_id = await doubted(engine, kind)
    await engine.age(GRACE[kind] - 10)
    left = await engine.reconcile().run(send_id)
    assert left is not None
    assert 0 < left.after <= 10
    assert await looked_for(engine)


async def test_a_send_that_is_not_found_is_left_to_its_sender_and_not_sent_again(
    engine: Engine,
) -> None:
    send_id = await doubted(engine)
    [(doubt,)] = await engine.rows("SELECT reason FROM delivery")
    await engine.age(GRACE[Kind.SEND])
    assert await engine.reconcile().run(send_id) is None
    [(state, reason)] = await engine.rows("SELECT state, reason FROM delivery")
    assert (state, reason) == ("in_doubt", doubt + NOT_LISTED)
    assert not await looked_for(engine)
    assert await engine.waiting("drain") == [send_id]  # the one that it was committed with
    assert len(engine.twilio.posts) == 1


async def test_the_card_is_shown_anew_once_the_sender_has_to_decide(engine: Engine) -> None:
    send_id = await doubted(engine)
    await engine.change("DELETE FROM procrastinate_jobs")
    await engine.age(GRACE[Kind.SEND])
    await engine.reconcile().run(send_id)
    assert await engine.waiting("card") == [send_id]


async def test_a_page_that_is_not_found_is_sent_again(engine: Engine) -> None:
    send_id = await doubted(engine, Kind.PAGE)
    await engine.change("DELETE FROM procrastinate_jobs")
    await engine.age(GRACE[Kind.PAGE])
    assert await engine.reconcile().run(send_id) is None
    assert await engine.waiting("urgent") == [send_id]
    assert await engine.drain().run(send_id, await engine.worker()) is None
    assert await engine.states_of(send_id) == ["accepted"]
    assert len(engine.twilio.posts) == 2


async def test_a_page_is_sent_again_once_and_then_left(engine: Engine) -> None:
    send_id = await doubted(engine, Kind.PAGE)
    for attempt in (2, 3):
        await engine.age(GRACE[Kind.PAGE])
        await engine.reconcile().run(send_id)
        engine.twilio.script(NUMBERS[0], ServerError(500))
        await engine.drain().run(send_id, await engine.worker())
        assert len(engine.twilio.posts) == 2, attempt
    assert await engine.states_of(send_id) == ["in_doubt"]
    assert not await looked_for(engine)


async def test_a_page_that_a_later_step_brings_is_left_and_not_looked_for_again(
    engine: Engine,
) -> None:
    new = draft(0, request_key="page", kind=Kind.PAGE, ladder=LADDER)
    person = [(NUMBERS[0], "alice")]
    async with engine.pool.connection() as conn, conn.transaction():
        page = (await open_page(conn, engine.jobs, new)).send_id
        steps = [
            await tell(conn, engine.jobs, page, f"step:{n}", BODY, person, step=n) for n in (0, 1)
        ]
    engine.twilio.script(NUMBERS[0], ServerError(500))
    await engine.drain().urgent(steps[0] or 0, await engine.worker())
    await engine.age(GRACE[Kind.PAGE])
    assert await engine.reconcile().run(steps[0] or 0) is None
    assert await engine.states_of(steps[0] or 0) == ["in_doubt"]
    assert len(engine.lists) == 1


async def test_a_page_that_is_found_at_the_last_look_is_not_sent_again(engine: Engine) -> None:
    send_id = await doubted(engine, Kind.PAGE, accepted=True)
    await engine.change("UPDATE delivery SET doubted = now() - interval '1 hour'")
    assert await engine.reconcile().run(send_id) is None
    assert await engine.states_of(send_id) == ["accepted"]
    assert len(engine.twilio.posts) == 1


async def test_a_page_that_turns_up_while_it_waits_to_be_sent_again_is_not_sent_again(
    engine: Engine,
) -> None:
    engine.twilio.script(NUMBERS[0], ServerError(500, accepted=True))
    engine.twilio.listing_lag = 3_600.0
    send_id = await engine.posted(1, kind=Kind.PAGE)
    [message] = engine.twilio.messages.values()
    await engine.age(GRACE[Kind.PAGE])
    await engine.reconcile().run(send_id)
    assert await engine.states_of(send_id) == ["queued"]
    await engine.tell(message, "sent", attempt=1)
    await engine.drain().run(send_id, await engine.worker())
    assert await engine.states_of(send_id) == ["sent"]
    assert len(engine.twilio.posts) == 1


# Zero seconds


async def test_zero_seconds_leave_a_send_to_its_sender_without_looking(engine: Engine) -> None:
    engine.clock.tune(in_doubt=0)
    send_id = await doubted(engine, accepted=True)
    assert await engine.reconcile().run(send_id) is None
    assert await engine.states_of(send_id) == ["in_doubt"]
    assert not await looked_for(engine)
    assert engine.gets == []


async def test_zero_seconds_send_a_page_again_without_looking(engine: Engine) -> None:
    engine.clock.tune(page_in_doubt=0)
    send_id = await doubted(engine, Kind.PAGE)
    assert await engine.reconcile().run(send_id) is None
    assert await engine.states_of(send_id) == ["queued"]
    assert engine.gets == []


async def test_nobody_is_told_of_a_list_that_was_not_looked_at(engine: Engine) -> None:
    engine.clock.tune(in_doubt=0)
    send_id = await doubted(engine)
    [(doubt,)] = await engine.rows("SELECT reason FROM delivery")
    await engine.reconcile().run(send_id)
    assert await engine.rows("SELECT reason FROM delivery") == [(doubt,)]


# A list that cannot be had


@pytest.mark.parametrize("kind", [Kind.SEND, Kind.PAGE])
@pytest.mark.parametrize(
    "outcome", [Html(503), Error(20429, 429), ServerError(500), Raw(200, b"no list")]
)
async def test_without_a_list_nothing_is_decided_when_the_grace_is_over(
    engine: Engine, kind: Kind, outcome: Outcome
) -> None:
    send_id = await doubted(engine, kind)
    await engine.age(GRACE[kind] + 60)
    engine.twilio.script(ANY, outcome)
    assert isinstance(await engine.reconcile().run(send_id), Unfinished)
    assert await looked_for(engine)


async def test_a_list_that_can_be_had_again_decides(engine: Engine) -> None:
    send_id = await doubted(engine, Kind.PAGE, accepted=True)
    await engine.change("UPDATE delivery SET doubted = now() - interval '5 min'")
    await engine.twilio.refuse()
    assert isinstance(await engine.reconcile().run(send_id), Unfinished)
    await engine.twilio.listen()
    await engine.change("UPDATE delivery SET next_check = now()")
    assert await engine.reconcile().run(send_id) is None
    assert await engine.states_of(send_id) == ["accepted"]


async def test_a_send_whose_list_cannot_be_had_for_long_is_left_to_its_sender(
    engine: Engine,
) -> None:
    send_id = await doubted(engine)
    await engine.age(GRACE[Kind.SEND] + STUBBORN)
    await engine.twilio.refuse()
    assert await engine.reconcile().run(send_id) is None
    [(state, reason)] = await engine.rows("SELECT state, reason FROM delivery")
    assert state == "in_doubt"
    assert reason.endswith(UNLISTED)
    assert not await looked_for(engine)


async def test_a_page_whose_list_cannot_be_had_for_long_is_sent_again(engine: Engine) -> None:
    send_id = await doubted(engine, Kind.PAGE)
    await engine.age(GRACE[Kind.PAGE] + STUBBORN)
    await engine.twilio.refuse()
    assert await engine.reconcile().run(send_id) is None
    assert await engine.states_of(send_id) == ["queued"]


@pytest.mark.parametrize("refusal", [Error(20008, 403), Error(20003, 401)])
async def test_a_list_that_is_refused_is_not_waited_for_any_longer(
    engine: Engine, refusal: Error
) -> None:
    send_id = await doubted(engine)
    await engine.age(GRACE[Kind.SEND])
    engine.twilio.script(ANY, refusal)
    assert await engine.reconcile().run(send_id) is None
    [(state, reason)] = await engine.rows("SELECT state, reason FROM delivery")
    assert state == "in_doubt"
    assert reason.endswith(UNLISTED)


async def test_a_list_that_is_refused_before_the_grace_is_over_is_asked_for_again(
    engine: Engine,
) -> None:
    send_id = await doubted(engine)
    await engine.age(GRACE[Kind.SEND] - 10)
    engine.twilio.script(ANY, Error(20003, 401))
    assert isinstance(await engine.reconcile().run(send_id), Unfinished)
    assert await looked_for(engine)
