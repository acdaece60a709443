"""Questions before sending: confirmed, agreed to, asked about the same text; on real sockets."""

import asyncio

from bot.sandbox.model import Message
from tests.scenarios.world import ALICE, BOB, ONCALL, World, payload, shown

ASKS = """
region = "US"

[[channel]]
id = "C0ONCALL"
allow = ["send", "recipients"]
who = ["*"]
to = ["directory", "+1"]
{rule}

[[contact]]
name = "alice"
number = "+16175551212"

[[contact]]
name = "bob"
number = "+16175551213"
"""
BOTH = "send alice, bob Water in the lab"


async def asking(world: World, rule: str) -> None:
    """Start anew with a rule of the channel."""
    world.write_policy(ASKS.format(rule=rule))
    await world.stop()
    await world.start()


async def asked(world: World, text: str = BOTH, words: str = "Send an SMS to") -> Message:
    await world.say(text)
    return await world.whisper(words)


async def approval(world: World) -> Message:
    def there() -> bool:
        return any("sms_approve" in str(m.blocks) for m in world.slack.channel_messages(ONCALL))

    await world.wait(there)
    return next(m for m in world.slack.channel_messages(ONCALL) if "sms_approve" in str(m.blocks))


async def says(world: World, message: Message, words: str) -> None:
    """Wait until a message in the channel has changed."""

    def said() -> bool:
        return words in shown(world.slack.workspace.own_message(ONCALL, message.ts))

    await world.wait(said)


async def test_a_large_send_is_confirmed_by_its_sender_and_sent_once(world: World) -> None:
    await asking(world, "confirm_above = 1")
    question = await asked(world)
    assert world.twilio.posts == []
    await asyncio.gather(
        world.slack.click(ALICE, question, "sms_confirm"),
        world.slack.click(ALICE, question, "sms_confirm"),
    )
    card = await world.card()
    assert payload(card)["status"] == "Success"
    assert len(world.sent()) == 2


async def test_a_canceled_send_is_never_sent(socket_world: World) -> None:
    await asking(socket_world, "confirm_above = 1")
    question = await asked(socket_world)
    await socket_world.slack.click(ALICE, question, "sms_cancel")
    await socket_world.whisper("Canceled by")
    assert socket_world.twilio.posts == []
    assert socket_world.rows("SELECT count(*) FROM send") == [(0,)]


async def test_a_question_survives_a_restart(socket_world: World) -> None:
    await asking(socket_world, "confirm_above = 1")
    question = await asked(socket_world)
    await socket_world.stop()
    await socket_world.start()
    await socket_world.slack.click(ALICE, question, "sms_confirm")
    await socket_world.card()
    assert len(socket_world.sent()) == 2


async def test_a_second_person_agrees_in_the_channel(world: World) -> None:
    await asking(world, "approve_above = 1")
    await asked(world, words="a second person has to agree")
    question = await approval(world)
    assert "+16175551212" not in str(question.blocks)
    await world.slack.click(ALICE, question, "sms_approve")
    await world.whisper("A second person has to agree.")
    assert world.twilio.posts == []
    await world.slack.click(BOB, question, "sms_approve")
    await says(world, question, f"<@{BOB}> agreed: it goes to 2 recipients")
    await world.wait(lambda: len(world.sent()) == 2)
    [(actor, by)] = world.rows("SELECT actor, approved_by FROM send")
    assert (actor, by) == (ALICE, BOB)


async def test_a_declined_send_is_told_to_its_sender_and_never_sent(socket_world: World) -> None:
    await asking(socket_world, "approve_above = 1")
    await asked(socket_world, words="a second person has to agree")
    question = await approval(socket_world)
    await socket_world.slack.click(BOB, question, "sms_decline")
    await says(socket_world, question, f"Declined by <@{BOB}>")
    await socket_world.whisper("Declined by")
    assert socket_world.twilio.posts == []


async def test_nobody_answers_in_time_and_the_channel_sees_it(socket_world: World) -> None:
    await asking(socket_world, "approve_above = 1")
    await asked(socket_world, words="a second person has to agree")
    question = await approval(socket_world)
    await socket_world.change("UPDATE question SET expires = now()")
    await socket_world.change("UPDATE procrastinate_jobs SET scheduled_at = now()")
    await says(socket_world, question, "Nobody answered within 15 minutes")
    await socket_world.whisper("Nobody answered")
    assert socket_world.twilio.posts == []


async def test_where_the_bot_is_no_member_nobody_can_be_asked_and_the_sender_is_told(
    socket_world: World,
) -> None:
    await asking(socket_world, "approve_above = 1")
    socket_world.slack.workspace.channels[ONCALL].members.discard("U0SMSBOT")
    await asked(socket_world, words="a second person has to agree")
    await socket_world.whisper("Nobody could be asked")
    assert socket_world.rows("SELECT stage FROM question") == [("canceled",)]


async def test_the_same_text_asks_whoever_sends_it_next(socket_world: World) -> None:
    await socket_world.say("send alice Water in the lab")
    await socket_world.agreed(sent=1)
    await socket_world.say("send alice, bob WATER in the lab", user=BOB)
    question = await socket_world.whisper("Already sent by", user=BOB)
    assert "1 of 2 have this text or may get it" in shown(question)
    await socket_world.slack.click(BOB, question, "sms_missing")
    await socket_world.agreed(2, sent=1)
    assert sorted(socket_world.sent()) == [
        ("+16175551212", "Water in the lab"),
        ("+16175551213", "WATER in the lab"),
    ]


async def test_two_who_send_the_same_at_the_same_moment_send_it_once(socket_world: World) -> None:
    users = (ALICE, BOB)
    await asyncio.gather(*(socket_world.say("send alice Water in the lab", user=u) for u in users))
    await socket_world.card()
    await socket_world.wait(
        lambda: any("Already sent by" in shown(m) for u in users for m in socket_world.private(u))
    )
    assert len(socket_world.sent()) == 1


async def test_the_preview_leaves_out_who_has_it_and_plain_characters_shorten_it(
    world: World,
) -> None:
    text = "Don’t open the door " + "x" * 60  # noqa: RUF001 - the very character
    await world.say(f"send alice {text}")
    await world.agreed(sent=1)
    await world.say("send")
    composer = world.slack.top_view(ALICE)
    await world.slack.submit(ALICE, composer, {"recipients": "alice, bob", "message": text})
    preview = world.slack.top_view(ALICE)
    assert "Already sent by" in str(preview.body)
    assert "Right single quotation mark" in str(preview.body)
    await world.slack.click(ALICE, preview, "sms_trim")
    await world.wait(lambda: "Already sent" not in str(preview.body))
    await world.slack.click(ALICE, preview, "sms_plain")
    await world.wait(lambda: "GSM-7" in str(preview.body))
    await world.slack.submit(ALICE, preview, {})
    await world.agreed(2, sent=1)
    assert world.sent()[1] == ("+16175551213", text.replace("’", "'"))  # noqa: RUF001


async def test_back_from_the_preview_another_text_is_another_send(socket_world: World) -> None:
    await socket_world.say("send")
    composer = socket_world.slack.top_view(ALICE)
    await socket_world.slack.submit(ALICE, composer, {"recipients": "alice", "message": "Water"})
    preview = socket_world.slack.top_view(ALICE)
    preview.open = False
    await socket_world.slack.submit(ALICE, composer, {"recipients": "alice", "message": "Fire"})
    await socket_world.slack.submit(ALICE, socket_world.slack.top_view(ALICE), {})
    await socket_world.agreed(sent=1)
    assert socket_world.sent() == [("+16175551212", "Fire")]


async def test_a_composed_send_that_needs_a_second_person_closes_and_asks(
    socket_world: World,
) -> None:
    await asking(socket_world, "approve_above = 1")
    await socket_world.say("send")
    await socket_world.compose(recipients="alice, bob", message="Water in the lab")
    await socket_world.whisper("a second person has to agree")
    assert not any(view.open for view in socket_world.slack.views(ALICE))
    await socket_world.slack.click(BOB, await approval(socket_world), "sms_approve")
    await socket_world.wait(lambda: len(socket_world.sent()) == 2)
