"""`/sms status`: what was sent from a channel, seen by who may see it."""

import pytest

from tests.scenarios.world import ALICE, AWAY, BOB, ONCALL, World, payload, shown

MASKED = "••••••••1212"


async def test_the_list_says_of_each_send_what_its_card_says(world: World) -> None:
    await world.say("send alice, +15005550001 Water in the lab")
    await world.card()
    await world.say("send bob The roof leaks & drips", user=BOB)
    await world.card(number=2)
    done = await world.say("status", user=BOB)
    assert done.error == ""
    [answer] = world.private(BOB)
    second, first = [line for line in answer.text.split("\n") if line.startswith("#")]
    assert second.startswith("#2 from <@U0BOB>")
    assert "to 1 recipient: Success: 1 sent: “The roof leaks &amp; drips”" in second
    assert first.startswith("#1 from <@U0ALICE>")
    assert "to 2 recipients: Partial-Success: 1 sent, 1 failed: “Water in the lab”" in first
    assert [payload(card)["status"] for card in world.cards()] == ["Partial-Success", "Success"]
    for words in ("*#1* from <@U0ALICE>, <!date^", "Partial-Success: 1 sent, 1 failed"):
        assert words in shown(answer)
    assert len(world.slack.channel_messages(ONCALL)) == 2


async def test_a_list_is_refreshed_in_its_place(world: World) -> None:
    await world.say("status")
    await world.whisper("nothing was sent from this channel yet")
    await world.say("send alice Water in the lab")
    await world.card()
    await world.say("status")
    listed = await world.whisper("The last sends")
    await world.say("send bob The roof leaks")
    await world.card(number=2)
    await world.slack.click(ALICE, listed, "sms_status")
    await world.wait(lambda: "#2 from" in listed.text)
    assert "#1 from" in listed.text
    assert len(world.private()) == 2


async def test_one_send_is_in_full_for_who_sent_it_and_masked_for_others(world: World) -> None:
    await world.say("send alice, +15005550001 Water in the lab")
    await world.card()
    await world.say("status 1")
    await world.say("status #1", user=BOB)
    mine, [theirs] = await world.whisper("asked for"), world.private(BOB)
    assert "+16175551212" in shown(mine)
    assert MASKED in shown(theirs)
    assert not any(number in shown(theirs) for number in ("+16175551212", "+15005550001"))
    for answer in (mine, theirs):
        assert "Partial-Success" in shown(answer)
        assert "21211 the number is not valid" in shown(answer)
    await world.slack.click(ALICE, mine, "sms_retry")
    await world.whisper("Sending again to 1 recipient, as #2")


async def test_one_send_is_refreshed_in_its_place_by_whoever_looks(socket_world: World) -> None:
    socket_world.twilio.latency = 2.5
    await socket_world.say("send alice Water in the lab")
    await socket_world.say("status 1")
    await socket_world.say("status 1", user=BOB)
    [mine], [theirs] = socket_world.private(), socket_world.private(BOB)
    assert "Sending" in mine.text
    assert "Sending" in theirs.text
    await socket_world.wait(lambda: "accepted" in socket_world.states().values())
    await socket_world.slack.click(ALICE, mine, "sms_refresh")
    await socket_world.slack.click(BOB, theirs, "sms_status")
    await socket_world.wait(lambda: "Success" in shown(mine) and "Success" in shown(theirs))
    assert "+16175551212" in shown(mine)
    assert MASKED in shown(theirs)
    assert "+16175551212" not in shown(theirs)


async def test_where_the_channel_shows_numbers_status_does_so_too(stopped_world: World) -> None:
    world = stopped_world
    rules = 'allow = ["send"]\nwho = ["*"]\nto = ["+1"]\nshow_numbers = true'
    world.write_policy(f'[[channel]]\nid = "C0ONCALL"\n{rules}\n')
    await world.start()
    await world.say("send +16175551212 Water in the lab")
    await world.say("status 1", user=BOB)
    [answer] = world.private(BOB)
    assert "+16175551212" in shown(answer)


async def test_another_channels_sends_are_neither_listed_nor_known_to_exist(
    socket_world: World,
) -> None:
    await socket_world.say("send +16175551299 Water in the lab", channel=AWAY)
    await socket_world.whisper("Success", channel=AWAY)
    await socket_world.say("status")
    await socket_world.say("status 1")
    await socket_world.say("status 2")
    listed, hidden, absent = socket_world.private()
    assert "nothing was sent from this channel yet" in listed.text
    assert hidden.text == "This channel has no send 1."
    assert absent.text == "This channel has no send 2."
    assert shown(hidden).replace("send 1", "send 2") == shown(absent)
    await socket_world.say("status", channel=AWAY)
    await socket_world.whisper("#1 from <@U0ALICE>", channel=AWAY)


async def test_who_may_do_nothing_in_a_channel_learns_nothing_of_it(stopped_world: World) -> None:
    world = stopped_world
    rules = 'allow = ["send"]\nwho = ["U0ALICE"]\nto = ["+1"]'
    world.write_policy(f'[[channel]]\nid = "C0ONCALL"\n{rules}\n')
    await world.start()
    await world.say("send +16175551212 Water in the lab")
    for text in ("status", "status 1", "why status"):
        await world.say(text, user=BOB)
    answers = world.private(BOB)
    assert all('who = ["U0ALICE", "U0BOB"]' in shown(answer) for answer in answers)
    assert not any("Water" in shown(answer) for answer in answers)
    assert len(answers) == 3
    denied = world.rows("SELECT actor, action FROM audit WHERE NOT allowed ORDER BY id")
    assert denied == [(BOB, "status"), (BOB, "status")]
    await world.say("why status 1")
    allowed = await world.whisper("would be allowed")
    assert "This channel lets you use send." in shown(allowed)


async def test_from_the_list_one_goes_to_a_send_and_back_in_the_same_place(
    socket_world: World,
) -> None:
    await socket_world.say("send alice, +15005550001 Water in the lab")
    await socket_world.card()
    await socket_world.say("send bob The roof leaks", user=BOB)
    await socket_world.card(number=2)
    await socket_world.say("status")
    listed = await socket_world.whisper("The last sends")
    await socket_world.slack.click(ALICE, listed, "sms_details", "1")
    await socket_world.wait(lambda: "asked for" in shown(listed))
    assert "21211 the number is not valid" in shown(listed)
    assert "+16175551212" in shown(listed)
    assert "The roof leaks" not in shown(listed)
    await socket_world.slack.click(ALICE, listed, "sms_status")
    await socket_world.wait(lambda: "The roof leaks" in shown(listed))
    await socket_world.slack.click(ALICE, listed, "sms_details", "2")
    await socket_world.wait(lambda: "asked for" in shown(listed))
    assert "+16175551213" not in shown(listed)
    assert "••••••••1213" in shown(listed)
    assert len(socket_world.slack.channel_messages(ONCALL)) == 2


@pytest.mark.parametrize("user", [ALICE, BOB])
async def test_a_send_from_the_list_keeps_its_way_back_when_refreshed(
    socket_world: World, user: str
) -> None:
    socket_world.twilio.latency = 2.5
    await socket_world.say("send alice Water in the lab")
    await socket_world.say("status", user=user)
    listed = await socket_world.whisper("The last sends", user)
    await socket_world.slack.click(user, listed, "sms_details", "1")
    await socket_world.wait(lambda: "Refresh" in shown(listed) and "asked for" in shown(listed))
    assert "Sending" in shown(listed)
    await socket_world.wait(lambda: "accepted" in socket_world.states().values())
    await socket_world.slack.click(user, listed, "sms_details")
    await socket_world.wait(lambda: "Success" in shown(listed))
    assert "asked for" in shown(listed)
    await socket_world.slack.click(user, listed, "sms_status")
    await socket_world.wait(lambda: "The last sends" in shown(listed))
