"""What Slack shows of a page: its card, its buttons, what is said under it and to the channel."""

import pytest

from bot.sandbox.model import Message
from bot.slack.surface import DETAILS, PAGE_ACK, PAGE_REFRESH, PAGE_RESOLVE, PAGE_TIMELINE, UNDO
from tests.scenarios.world import ALICE, AWAY, BOB, ONCALL, POLICY, World, payload, shown

ALICES, BOBS = "+16175551212", "+16175551213"
STEP = 300.0
PAGES = POLICY.replace('"recipients"]', '"recipients", "page"]').replace(
    'to = ["verified", "+1"]', 'to = ["directory", "+1"]'
)


@pytest.fixture
async def paging(stopped_world: World) -> World:
    """A bot that may page, whose replies come by webhook."""
    stopped_world.write_policy(PAGES)
    stopped_world.expect_callbacks()
    stopped_world.twilio.inbound_url = f"{stopped_world.told['PUBLIC_URL']}/twilio/inbound"
    await stopped_world.start()
    return stopped_world


async def card_that_says(world: World, words: str, channel: str = ONCALL) -> Message:
    """Wait until the page's card says this."""
    await world.wait(lambda: world.cards(channel) and words in shown(world.cards(channel)[-1]))
    return world.cards(channel)[-1]


async def opened(world: World, text: str = "page alice, bob Water in the lab") -> Message:
    """Page, and wait until Twilio has all messages of the first step."""
    await world.say(text)
    return await card_that_says(world, "– sent")


async def test_the_card_tells_who_is_paged_what_comes_next_and_how_to_answer(
    paging: World,
) -> None:
    card = await opened(paging)
    text = shown(card)
    assert "Page #1: waiting for an acknowledgement" in text
    assert f"from <@{ALICE}> · reply code 10 · step 1 of 3 · next step at <!date^" in text
    assert "alice (••••••••1212) – sent" in text
    assert "Status" in text
    assert payload(card) | {"delivered": 0} == {
        "id": 1, "statusCode": "200", "status": "Success", "accepted": 2, "failed": 0,
        "unknown": 0, "delivered": 0, "page": "open", "acknowledged_by": "",
    }  # fmt: skip


async def test_the_first_click_has_the_page_and_the_second_is_told_who(paging: World) -> None:
    card = await opened(paging)
    await paging.slack.click(BOB, card, PAGE_ACK)
    assert "You have page #1 now" in shown(await paging.whisper("page #1", BOB))
    await paging.slack.click(ALICE, card, PAGE_ACK)
    assert "bob has page #1 already, since" in shown(await paging.whisper("page #1", ALICE))
    text = shown(await card_that_says(paging, "Page #1: bob has it"))
    assert f"<@{BOB}> acknowledged by button after" in text
    assert "Acknowledge" not in [
        e["text"]["text"] for e in paging.cards()[0].blocks[-1]["elements"]
    ]


async def test_a_resolved_page_leaves_its_timeline_alone_to_be_clicked(paging: World) -> None:
    card = await opened(paging)
    await paging.slack.click(BOB, card, PAGE_RESOLVE)
    card = await card_that_says(paging, "Page #1: resolved by bob")
    assert [e["text"]["text"] for e in card.blocks[-1]["elements"]] == ["Timeline"]
    await paging.slack.click(BOB, card, PAGE_TIMELINE)
    text = shown(await paging.whisper("Page #1: timeline", BOB))
    assert f"Page asked for by <@{ALICE}>" in text
    assert "Step 1 of 3: alice, bob" in text
    assert "SMS to bob: taken by Twilio (step 1)" in text
    assert "Resolved by bob, by button" in text


async def test_words_of_a_reply_stand_under_the_card_and_call_nobody(paging: World) -> None:
    card = await opened(paging)
    await paging.twilio.inbound(BOBS, "+15005550006", "<!channel> *on* my way <https://x|x>")
    await paging.wait(lambda: paging.slack.answers(card))
    [said] = paging.slack.answers(card)
    context, section = said.blocks
    assert context["elements"][0]["text"] == "bob by SMS:"
    assert section["text"]["type"] == "plain_text"
    assert section["text"]["text"] == "<!channel> *on* my way <https://x|x>"
    assert "<!channel>" not in said.text
    assert len(paging.slack.channel_messages(ONCALL)) == 1


async def test_where_the_bot_is_no_member_who_asked_sees_the_page_alone(paging: World) -> None:
    await paging.say("page alice Water", channel=AWAY)
    private = await paging.whisper("waiting for an acknowledgement", channel=AWAY)
    assert "+16175551212" in shown(private)
    assert paging.slack.channel_messages(AWAY) == []
    await paging.slack.click(ALICE, private, PAGE_ACK)
    await paging.whisper("You have page #1 now", channel=AWAY)
    await paging.whisper("Page #1: alice has it", channel=AWAY)


async def test_refresh_of_a_private_page_shows_it_as_it_is_now(paging: World) -> None:
    await paging.say("page alice Water", channel=AWAY)
    private = await paging.whisper("waiting for an acknowledgement", channel=AWAY)
    await paging.say("resolve", user=BOB, channel=AWAY)
    await paging.slack.click(ALICE, private, PAGE_REFRESH)
    await paging.wait(lambda: "resolved by bob" in shown(private))


async def test_a_card_that_somebody_deleted_is_posted_anew(paging: World) -> None:
    card = await opened(paging)
    card.deleted = True
    await paging.say("ack", user=BOB)
    again = await card_that_says(paging, "Page #1: bob has it")
    assert again is not card


async def test_the_channel_is_called_also_where_the_card_was_deleted(paging: World) -> None:
    card = await opened(paging, "page bob Water")
    card.deleted = True
    for _ in range(3):
        fired = paging.rows("SELECT fired FROM page")
        await paging.pass_time(STEP)
        await paging.wait(
            lambda fired=fired: (
                paging.rows("SELECT fired, due FROM page")[0][0] != fired[0][0]
                or paging.rows("SELECT due FROM page") == [(None,)]
            )
        )
    await paging.wait(
        lambda: any("<!channel>" in m.text for m in paging.slack.channel_messages(ONCALL))
    )
    loud = next(m for m in paging.slack.channel_messages(ONCALL) if "<!channel>" in m.text)
    await paging.slack.click(BOB, loud, PAGE_ACK)
    await paging.whisper("You have page #1 now", BOB)


async def test_status_lists_a_page_and_leads_to_it_also_from_its_messages(paging: World) -> None:
    await opened(paging)
    await paging.say("status")
    listed = await paging.whisper("The last pages of this channel")
    assert "waiting: page *#1* “Water in the lab”" in shown(listed)
    await paging.slack.click(ALICE, listed, DETAILS, "1")
    await paging.whisper("Page #1: waiting for an acknowledgement")
    [(send,)] = paging.rows("SELECT id FROM send")
    await paging.say(f"status {send}", user=BOB)
    await paging.whisper("Page #1: waiting for an acknowledgement", BOB)


async def test_who_cannot_be_paged_is_named_on_the_card_with_a_masked_number(
    paging: World,
) -> None:
    paging.slack.add_user("U0EVE", "eve", phone="+4412")
    paging.add_policy(
        '\n[[escalation]]\nname = "db"\nsteps = [ { to = ["alice", "+447700900123", "<@U0EVE>"], '
        'wait = "5m" } ]\n'
    )
    await paging.stop()
    await paging.start()
    text = shown(await opened(paging, "page db Water"))
    assert "Not paged: step 1:" in text
    assert "no phone in the Slack profile" in text or "cannot be used" in text
    assert "this channel may not reach them" in text
    assert "447700900123" not in text
    assert UNDO not in text


async def test_what_nobody_could_be_told_is_said_once_the_bot_is_let_in(paging: World) -> None:
    """A script's page has nobody to whisper to where the bot is no member."""
    await paging.say("page alice Water", channel=AWAY)
    await paging.wait(lambda: paging.rows("SELECT 1 FROM page"))
    await paging.change("UPDATE page SET actor = ''")
    await paging.wait(lambda: len(paging.sent()) == 1)
    await paging.twilio.inbound(ALICES, "+15005550006", "on my way")
    await paging.wait(lambda: paging.rows("SELECT 1 FROM page_post"))
    await paging.wait(
        lambda: paging.rows(
            "SELECT 1 FROM procrastinate_jobs WHERE task_name = 'page_card' AND status = 'todo'"
            " AND scheduled_at > now() + interval '30 seconds'"
        )
    )
    paging.slack.add_channel(AWAY, "away", [ALICE, BOB])  # now with the bot
    await paging.pass_time(60)
    card = await card_that_says(paging, "waiting for an acknowledgement", AWAY)
    await paging.wait(lambda: paging.slack.answers(card))
