"""Who has opted out is left out of the next send, and everybody is told so."""

from datetime import UTC, datetime

import psycopg

from bot.sandbox.model import Message
from bot.store import optouts
from commands.optout import word_of
from tests.scenarios.world import ALICE, AWAY, ONCALL, World, payload, shown
from twilio_core.testing import Error, ServerError

ONE, TWO, THREE = "+16175551212", "+16175551213", "+16175551299"
FROM = "+15005550006"


async def refused_one(world: World) -> Message:
    """Send to three of whom one has opted out without our knowing; give the card."""
    world.twilio.opted_out.add(TWO)
    await world.say(f"send alice, bob, {THREE} Water in the lab")
    card = await world.card()
    assert payload(card)["failed"] == 1
    return card


async def heard(world: World, body: str) -> None:
    """Let one of them text us a word, and the bot hear it."""
    reply = await world.twilio.inbound(TWO, FROM, body)
    word = word_of(body, out=True)
    assert word
    async with await psycopg.AsyncConnection.connect(world.database_url) as conn:
        await optouts.heard(conn, reply.from_, reply.to, word, datetime.now(UTC))


async def test_whom_twilio_refused_is_left_out_of_the_next_send_which_says_so(
    world: World,
) -> None:
    await refused_one(world)
    await world.say(f"send alice, bob, {THREE} Water on the roof")
    card = await world.card(number=2)
    told = payload(card)
    assert (told["statusCode"], told["status"]) == ("201", "Partial-Success")
    assert (told["accepted"], told["failed"]) == (2, 1)
    assert [to for to, body in world.sent() if "roof" in body] == [ONE, THREE]
    assert "not sent: opted out, as Twilio said (21610)" in shown(card)
    assert TWO not in shown(card)
    notice = await world.whisper("SMS #2: 1 of 3 failed")
    assert f"{TWO}: opted out, as Twilio said (21610)" in shown(notice)
    assert f"only their START to {FROM} opens this again" in shown(notice)
    assert notice.visible_to == ALICE


async def test_who_has_opted_out_is_not_offered_for_a_retry(world: World) -> None:
    await refused_one(world)
    notice = await world.whisper("SMS #1: 1 of 3 failed")
    assert "opted out" in shown(notice)
    assert "Retry failed" not in shown(notice)


async def test_who_opts_out_before_the_click_is_not_sent_to_until_they_say_start(
    world: World,
) -> None:
    world.twilio.script(TWO, Error(21211))
    await world.say("send alice, bob Water in the lab")
    notice = await world.whisper("Retry failed (1)")
    await heard(world, "Stop")
    await world.slack.click(ALICE, notice, "sms_retry")
    await world.whisper("has opted out by now")
    assert len(world.twilio.posts) == 2
    await heard(world, "Start")
    await world.slack.click(ALICE, notice, "sms_retry")
    await world.whisper("Sending again to 1 recipient, as #2")
    await world.card(number=2)
    assert world.held()[TWO] == 1


async def test_who_opts_out_while_in_doubt_is_not_sent_to_again(stopped_world: World) -> None:
    world = stopped_world
    world.add_policy('\n[timing]\nin_doubt = "2s"\n')
    await world.start()
    world.twilio.script(ONE, ServerError(500))
    world.twilio.script(TWO, ServerError(500))
    await world.say("send alice, bob Water in the lab")
    notice = await world.whisper("Send again (2)")
    await heard(world, "Stop")
    await world.slack.click(ALICE, notice, "sms_again")
    await world.whisper("Sending again to 1 recipient of #1. 1 recipient in doubt has opted out")
    await world.wait(lambda: world.states() == {ONE: "accepted", TWO: "in_doubt"})
    assert [to for to, _ in world.sent()].count(TWO) == 1
    card = world.cards()[0]
    await world.wait(lambda: "not sent again: opted out" in shown(card))


async def test_where_all_have_opted_out_a_private_answer_says_so(socket_world: World) -> None:
    await refused_one(socket_world)
    await socket_world.say(f"send {TWO} Water on the roof", channel=AWAY)
    answer = await socket_world.whisper("Failed", channel=AWAY)
    assert f"{TWO}: opted out" in shown(answer)
    assert len(socket_world.twilio.posts) == 3


async def test_who_says_start_is_sent_to_again(socket_world: World) -> None:
    await refused_one(socket_world)
    await heard(socket_world, "Start")
    await socket_world.say("send bob Water on the roof")
    card = await socket_world.card(number=2)
    assert payload(card)["status"] == "Success"
    assert socket_world.held()[TWO] == 1


async def test_the_list_says_who_has_opted_out_and_does_not_offer_them(socket_world: World) -> None:
    await refused_one(socket_world)
    await socket_world.say("recipients")
    answer = await socket_world.whisper("2 can be reached from here; 1 has opted out")
    [table] = [b for b in answer.blocks if b["type"] == "table"]
    assert [[row[0]["text"], row[2]["text"]] for row in table["rows"][1:]] == [
        ["alice", "contact"],
        ["bob", "contact, opted out"],
        ["oncall", "group, 1 of 2 has opted out"],
    ]
    [pasted] = [b for b in answer.blocks if b["type"] == "rich_text"]
    assert pasted["elements"][0]["elements"][0]["text"] == f"{ONE},oncall"
    await socket_world.slack.click(ALICE, answer, "sms_share")
    await socket_world.wait(lambda: len(socket_world.slack.channel_messages(ONCALL)) == 2)
    assert "group, 1 of 2 has opted out" in shown(socket_world.slack.channel_messages(ONCALL)[-1])
