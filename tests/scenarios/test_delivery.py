"""From "sent" to "delivered", or not: by signed callbacks, or by asking."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.scenarios.world import ALICE, World, payload, shown
from twilio_core.testing import Ends, Late
from twilio_core.webhooks import signature

ONE, TWO, THREE = "+16175553001", "+16175553002", "+16175553003"
QUICK = '\n[timing]\npoll = "1s"\n'


@pytest.fixture
async def called(stopped_world: World) -> World:
    """A bot that Twilio can call."""
    stopped_world.expect_callbacks()
    await stopped_world.start()
    return stopped_world


async def sent_to(world: World, *numbers: str) -> dict[str, str]:
    """Send, wait until Twilio has all, and give each number's SID."""
    await world.say(f"send {','.join(numbers)} Water in the lab")
    await world.wait(lambda: set(world.states().values()) == {"accepted"})
    return {m.to: m.sid for m in world.twilio.messages.values()}


async def call(world: World, to: str, form: dict[str, str], token: str) -> int:
    """Call the bot back about a number's message, signed with a token."""
    [post] = [p for p in world.twilio.posts if p.form["To"][0] == to]
    url = post.form["StatusCallback"][0]
    headers = {"X-Twilio-Signature": signature(token, url, form)}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=form, headers=headers) as answer,
    ):
        return answer.status


def form_of(world: World, to: str, **changes: str) -> dict[str, str]:
    """What Twilio would post about a number's message."""
    [message] = [m for m in world.twilio.messages.values() if m.to == to]
    return {**message.callback_form(), **changes}


@pytest.mark.parametrize("way", ["callbacks", "asking"])
async def test_a_card_goes_on_to_delivered(stopped_world: World, way: str) -> None:
    world = stopped_world
    world.add_policy(QUICK)
    if way == "callbacks":
        world.expect_callbacks()
    world.twilio.step = 0.3
    await world.start()
    await world.say(f"send {ONE}, {TWO} Water in the lab")
    card = await world.agreed(sent=2)
    assert payload(card)["delivered"] == 2
    assert shown(card).count("delivered") >= 2
    seen = [v.metadata["event_payload"] for v in world.slack.history(card) if v.metadata]
    assert [told["delivered"] for told in seen] == sorted(told["delivered"] for told in seen)
    assert world.private() == []


@pytest.mark.parametrize("way", ["callbacks", "asking"])
async def test_undelivered_is_a_failure_that_can_be_retried(stopped_world: World, way: str) -> None:
    world = stopped_world
    world.add_policy(QUICK)
    if way == "callbacks":
        world.expect_callbacks()
    world.twilio.step = 0.2
    await world.start()
    world.twilio.script(TWO, Ends("undelivered", 30005))
    world.twilio.script(THREE, Ends("failed", 30008))
    await world.say(f"send {ONE}, {TWO}, {THREE} Water in the lab")
    await world.wait(lambda: world.cards() and payload(world.cards()[0])["failed"] == 2)
    told = payload(world.cards()[0])
    assert (told["status"], told["statusCode"]) == ("Partial-Success", "201")
    assert "30005 the number is unknown or no longer in service" in shown(world.cards()[0])
    notice = await world.whisper("Retry failed (2)")
    assert f"{TWO},{THREE}" in shown(notice)
    await world.slack.click(ALICE, notice, "sms_retry")
    await world.wait(lambda: world.states()[TWO] == world.states()[THREE] == "delivered")
    assert world.sent()[3:] == [(TWO, "Water in the lab"), (THREE, "Water in the lab")]
    await world.wait(lambda: f"<@{ALICE}> sends again to 2" in shown(world.cards()[0]))


async def test_a_callback_that_overtakes_the_answer_to_its_own_request_counts(
    called: World,
) -> None:
    world = called
    world.twilio.step = 0.05
    world.twilio.script(ONE, Late(1.5))
    await world.say(f"send {ONE} Water in the lab")
    await world.wait(lambda: world.states().get(ONE) == "delivered")
    card = await world.agreed(sent=1)
    await asyncio.sleep(1.5)
    assert world.states() == {ONE: "delivered"}
    assert payload(card)["statusCode"] == "200"
    assert len(world.twilio.posts) == 1


async def test_callbacks_that_repeat_and_come_in_the_wrong_order_change_nothing(
    called: World,
) -> None:
    world = called
    world.twilio.callback_copies = 3
    sids = await sent_to(world, ONE, TWO)
    for status in ("delivered", "sent", "queued", "sent", "delivered"):
        await world.twilio.move(sids[ONE], status)
    for status in ("sent", "undelivered", "delivered"):
        await world.twilio.move(sids[TWO], status, 30005 if status == "undelivered" else None)
    assert {each.status for each in world.twilio.callbacks} == {204}
    assert world.states() == {ONE: "delivered", TWO: "undelivered"}
    events = world.rows(
        "SELECT e.state FROM event e JOIN delivery d ON d.id = e.delivery_id"
        " WHERE d.address = %s ORDER BY e.id", ONE,
    )  # fmt: skip
    assert [state for (state,) in events] == ["sending", "accepted", "delivered"]


async def test_a_forged_callback_is_refused_and_changes_nothing(called: World) -> None:
    world = called
    await sent_to(world, ONE)
    form = form_of(world, ONE, MessageStatus="delivered", SmsStatus="delivered")
    assert await call(world, ONE, form, "0" * 32) == 403
    assert world.states() == {ONE: "accepted"}


async def test_a_replayed_callback_is_taken_and_changes_nothing(called: World) -> None:
    world = called
    sids = await sent_to(world, ONE, TWO)
    old = form_of(world, ONE, MessageStatus="sent", SmsStatus="sent")
    await world.twilio.move(sids[ONE], "delivered")
    assert await call(world, ONE, old, world.twilio.auth_token) == 204
    # to the address of another message it was not signed for that one
    assert await call(world, TWO, {**old, "MessageStatus": "delivered"}, "wrong") == 403
    assert world.states() == {ONE: "delivered", TWO: "accepted"}


async def test_a_thousand_messages_are_followed_by_few_requests(stopped_world: World) -> None:
    world = stopped_world
    numbers = [f"+1617{2_000_000 + n}" for n in range(1_000)]
    world.add_policy(f'{QUICK}\n[[group]]\nname = "everybody"\nmembers = {numbers}\n')
    world.twilio.step = 0.1
    await world.start()
    await world.say("send everybody Water in the lab")
    await world.agreed(sent=1_000)
    looks: list[Any] = [r for r in world.twilio.requests if r.method == "GET"]
    assert len(looks) < 50
