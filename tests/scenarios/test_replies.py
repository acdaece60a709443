"""A page is answered by SMS: by polling and by webhook, and everybody sees it."""

import asyncio

from tests.scenarios.world import POLICY, World, shown

ALICES, BOBS = "+16175551212", "+16175551213"
FROM = "+15005550006"


async def paged(world: World, *, called: bool = False) -> None:
    """Start a bot that may page, page two, and wait until both are being reached."""
    world.write_policy(POLICY.replace('"recipients"]', '"recipients", "page"]'))
    if called:
        world.expect_callbacks()
    bot = await world.start()
    if called:
        world.twilio.inbound_url = f"{bot.address}/twilio/inbound"
    await world.say("page alice, bob Water in the lab")
    await world.wait(lambda: sorted(world.states().values()) == ["accepted", "accepted"])


def stage(world: World) -> tuple[str, str]:
    """Where the page is, and who has it."""
    [found] = world.rows("SELECT stage, acked_by FROM page")
    return found[0], found[1]


async def test_a_reply_by_polling_ends_the_page_and_everybody_is_told(
    stopped_world: World,
) -> None:
    world = stopped_world
    await paged(world)
    [(code,)] = world.rows("SELECT code FROM page")
    await world.twilio.inbound(BOBS, FROM, f" {code} ")
    await world.wait(lambda: stage(world) == ("acknowledged", "bob"), 30)
    text = f"bob has it: Water in the lab ({code})"
    await world.wait(lambda: {(ALICES, text), (BOBS, text)} <= set(world.sent()))


async def test_replies_by_webhook_are_shown_and_the_first_one_wins(stopped_world: World) -> None:
    world = stopped_world
    await paged(world, called=True)
    await world.twilio.inbound(ALICES, FROM, "<!channel> *looking* into it")
    await asyncio.gather(
        world.twilio.inbound(ALICES, FROM, "ack"), world.twilio.inbound(BOBS, FROM, "1")
    )
    assert [c.status for c in world.twilio.callbacks if "Body" in c.form] == [204] * 3
    assert stage(world)[0] == "acknowledged"
    assert sorted(o for (o,) in world.rows("SELECT outcome FROM reply")) == ["ack", "late", "words"]
    await world.wait_for_page("/metrics", 'sms_replies_total{outcome="words"} 1.0')
    [card] = world.cards()
    await world.wait(
        lambda: any("looking" in shown(m) for m in world.slack.workspace.answers(card))
    )
    [words] = [m for m in world.slack.workspace.answers(card) if "looking" in shown(m)]
    assert "alice by SMS" in shown(words)
    assert "&lt;!channel&gt;" in words.text
    assert {b.get("text", {}).get("type", "plain_text") for b in words.blocks} == {"plain_text"}
