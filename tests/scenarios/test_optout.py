"""Who has opted out is left out of the next send, and everybody is told so."""

from datetime import UTC, datetime

from bot.sandbox.model import Message
from bot.store.database import open_pool
from bot.store.optouts import OptOuts
from tests.scenarios.world import ALICE, AWAY, ONCALL, World, payload, shown

ONE, TWO, THREE = "+16175551212", "+16175551213", "+16175551299"
FROM = "+15005550006"


async def refused_one(world: World) -> Message:
    """Send to three of whom one has opted out without our knowing; give the card."""
    world.twilio.opted_out.add(TWO)
    await world.say(f"send alice, bob, {THREE} Water in the lab")
    card = await world.card()
    assert payload(card)["failed"] == 1
    return card


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


async def test_retry_failed_does_not_ask_twilio_about_who_has_opted_out(world: World) -> None:
    await refused_one(world)
    notice = await world.whisper("Retry failed")
    await world.slack.click(ALICE, notice, "sms_retry")
    await world.whisper("Who has opted out by then is left out")
    card = await world.card(number=2)
    assert (payload(card)["statusCode"], payload(card)["status"]) == ("1001", "Failed")
    assert "opted out" in shown(card)
    assert len(world.twilio.posts) == 3


async def test_where_all_have_opted_out_a_private_answer_says_so(world: World) -> None:
    await refused_one(world)
    await world.say(f"send {TWO} Water on the roof", channel=AWAY)
    answer = await world.whisper("Failed", channel=AWAY)
    assert f"{TWO}: opted out" in shown(answer)
    assert len(world.twilio.posts) == 3


async def test_who_says_start_is_sent_to_again(world: World) -> None:
    await refused_one(world)
    reply = await world.twilio.inbound(TWO, FROM, "Start")
    pool = await open_pool(world.database_url)
    assert await OptOuts(pool).heard(reply.from_, reply.to, reply.body, datetime.now(UTC))
    await pool.close()
    await world.say("send bob Water on the roof")
    card = await world.card(number=2)
    assert payload(card)["status"] == "Success"
    assert world.held()[TWO] == 1


async def test_the_list_says_who_has_opted_out_and_does_not_offer_them(world: World) -> None:
    await refused_one(world)
    await world.say("recipients")
    answer = await world.whisper("2 can be reached from here; 1 has opted out")
    [table] = [b for b in answer.blocks if b["type"] == "table"]
    assert [[row[0]["text"], row[2]["text"]] for row in table["rows"][1:]] == [
        ["alice", "contact"],
        ["bob", "contact, opted out"],
        ["oncall", "group, 1 of 2 has opted out"],
    ]
    [pasted] = [b for b in answer.blocks if b["type"] == "rich_text"]
    assert pasted["elements"][0]["elements"][0]["text"] == f"{ONE},oncall"
    await world.slack.click(ALICE, answer, "sms_share")
    await world.wait(lambda: len(world.slack.channel_messages(ONCALL)) == 2)
    assert "group, 1 of 2 has opted out" in shown(world.slack.channel_messages(ONCALL)[-1])
