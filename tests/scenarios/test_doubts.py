"""Requests without a clear answer: nobody is lost, nobody gets two, and the card tells which."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.gateway import FOUND
from tests.scenarios.world import ALICE, World, payload, shown
from twilio_core.testing import Html, Outcome, Reset, ServerError, Silence

ONE, TWO = "+16175552001", "+16175552002"
BRIEF = '\n[timing]\nin_doubt = "3s"\npoll = "1s"\n'

TAKEN: Sequence[Outcome] = (
    Silence(accepted=True),
    Reset(accepted=True),
    ServerError(500, accepted=True),
    Html(503, accepted=True),
)
NOT_TAKEN: Sequence[Outcome] = (ServerError(500), Html(503), Reset())


@pytest.mark.parametrize("outcome", TAKEN, ids=lambda o: type(o).__name__)
async def test_a_message_that_twilio_took_is_found_and_not_sent_again(
    stopped_world: World, outcome: Outcome
) -> None:
    world = stopped_world
    world.add_policy(BRIEF)
    world.twilio.step, world.twilio.listing_lag = 0.1, 1.0
    await world.start(timeout=2.0)
    world.twilio.script(ONE, outcome)
    await world.say(f"send {ONE}, {TWO} Water in the lab")
    card = await world.agreed(sent=2)
    assert payload(card)["status"] == "Success"
    assert FOUND in shown(card)
    assert len(world.twilio.posts) == 2
    assert world.private() == []


@pytest.mark.parametrize("outcome", NOT_TAKEN, ids=lambda o: type(o).__name__)
async def test_a_message_that_is_not_found_is_unknown_until_its_sender_decides(
    stopped_world: World, outcome: Outcome
) -> None:
    world = stopped_world
    world.add_policy(BRIEF)
    await world.start()
    world.twilio.script(ONE, outcome)
    await world.say(f"send {ONE}, {TWO} Water in the lab")
    notice = await world.whisper("Send again (1)")
    assert ONE in shown(notice)
    assert TWO not in shown(notice)
    told = payload(world.cards()[0])
    assert (told["status"], told["unknown"], told["failed"]) == ("Partial-Success", 1, 0)
    assert len(world.twilio.posts) == 2
    await world.slack.click(ALICE, notice, "sms_again")
    card = await world.agreed(sent=2)
    assert payload(card)["status"] == "Success"
    assert [to for to, _ in world.sent()].count(ONE) == 2


async def test_send_again_clicked_twice_or_redelivered_sends_once(stopped_world: World) -> None:
    world = stopped_world
    world.add_policy(BRIEF)
    await world.start()
    world.twilio.script(ONE, ServerError(500))
    await world.say(f"send {ONE} Water in the lab")
    notice = await world.whisper("Send again (1)")
    done = await world.slack.click(ALICE, notice, "sms_again")
    await world.slack.redeliver(done)
    await world.slack.click(ALICE, notice, "sms_again")
    await world.agreed(sent=1)
    await world.whisper("is in doubt any more")
    assert len(world.twilio.posts) == 2


async def test_what_is_left_as_it_is_stays_unknown_and_is_not_asked_about_again(
    stopped_world: World,
) -> None:
    world = stopped_world
    world.add_policy(BRIEF)
    await world.start()
    world.twilio.script(ONE, ServerError(500))
    await world.say(f"send {ONE} Water in the lab")
    notice = await world.whisper("Leave it")
    await world.slack.click(ALICE, notice, "sms_leave")
    await world.wait(lambda: "left those" in shown(world.cards()[0]))
    assert payload(world.cards()[0])["unknown"] == 1
    assert len(world.twilio.posts) == 1
    assert world.rows("SELECT action, detail FROM audit ORDER BY id")[-1][0] == "leave"


async def test_a_late_callback_resolves_what_the_list_did_not_show(stopped_world: World) -> None:
    world = stopped_world
    world.add_policy(BRIEF)
    world.expect_callbacks()
    world.twilio.listing_lag = 3600.0
    await world.start()
    world.twilio.script(ONE, ServerError(500, accepted=True))
    await world.say(f"send {ONE} Water in the lab")
    await world.whisper("Send again (1)")
    [message] = world.twilio.messages.values()
    await world.twilio.move(message.sid, "delivered")
    card = await world.agreed(sent=1)
    assert payload(card)["delivered"] == 1


async def test_the_card_says_that_twilio_is_looked_at_while_it_is(stopped_world: World) -> None:
    world = stopped_world
    await world.start()
    world.twilio.script(ONE, ServerError(500))
    await world.say(f"send {ONE}, {TWO} Water in the lab")
    await world.wait(lambda: world.cards() and "Looking at Twilio" in shown(world.cards()[0]))
    await asyncio.sleep(1.2)
    told = payload(world.cards()[0])
    assert (told["status"], told["statusCode"], told["unknown"]) == ("Sending", "", 1)
    assert world.private() == []
