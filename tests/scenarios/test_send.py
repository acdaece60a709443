"""`/sms send` from the command to the card, in both Slack modes."""

from tests.scenarios.world import ALICE, AWAY, ONCALL, World, payload, shown
from twilio_core.testing import Error


async def test_a_send_that_all_accept_ends_in_success(world: World) -> None:
    done = await world.say("send alice, +16175551299 Water in the lab")
    assert done.error == ""
    card = await world.card()
    assert payload(card) == {
        "id": 1,
        "statusCode": "200",
        "status": "Success",
        "accepted": 2,
        "failed": 0,
        "unknown": 0,
        "delivered": 0,
    }
    assert card.metadata
    assert card.metadata["event_type"] == "sms_send"
    assert world.sent() == [
        ("+16175551212", "Water in the lab"),
        ("+16175551299", "Water in the lab"),
    ]
    assert world.private() == []


async def test_numbers_in_the_channel_are_masked_and_the_body_is_shown(world: World) -> None:
    await world.say("send +16175551299 Water in the lab")
    card = await world.card()
    assert "+16175551299" not in shown(card)
    assert "1299" in shown(card)
    assert "Water in the lab" in shown(card)


async def test_the_card_is_one_message_updated_in_place(world: World) -> None:
    world.twilio.latency = 0.5
    await world.say("send alice Water in the lab")
    card = await world.card()
    assert len(world.slack.channel_messages(ONCALL)) == 1
    first, *_, last = world.slack.history(card)
    assert "Sending" in first.text
    assert "Success" in last.text


async def test_a_partial_failure_names_the_failed_number_to_the_sender_alone(world: World) -> None:
    await world.say("send alice, +15005550001 Water in the lab")
    card = await world.card()
    assert payload(card)["statusCode"] == "201"
    assert payload(card)["status"] == "Partial-Success"
    assert (payload(card)["accepted"], payload(card)["failed"]) == (1, 1)
    assert "+15005550001" not in shown(card)
    notice = await world.whisper("+15005550001")
    assert notice.visible_to == ALICE
    assert "21211 the number is not valid" in shown(notice)
    assert "+16175551212" not in shown(notice)


async def test_a_send_that_all_refuse_alike_fails_with_their_status(world: World) -> None:
    await world.say("send +15005550001, +15005550009 Water in the lab")
    card = await world.card()
    assert (payload(card)["statusCode"], payload(card)["status"]) == ("400", "Failed")
    assert payload(card)["failed"] == 2
    notice = await world.whisper("+15005550001,+15005550009")
    assert "Retry failed (2)" in shown(notice)


async def test_an_account_refusal_in_mid_batch_stops_the_rest(world: World) -> None:
    await world.stop()
    await world.start(in_flight=1)
    numbers = [f"+1617555{n:04}" for n in range(2000, 2010)]
    world.twilio.script(numbers[3], Error(20005, 401))
    await world.say(f"send {','.join(numbers)} Water in the lab")
    card = await world.card()
    assert payload(card)["statusCode"] == "201"
    assert (payload(card)["accepted"], payload(card)["failed"]) == (3, 7)
    assert [to for to, _ in world.sent()] == numbers[:4]
    notice = await world.whisper(",".join(numbers[3:]))
    assert "the account was refused" in shown(notice)


async def test_where_the_bot_is_no_member_the_answer_is_private_and_in_full(world: World) -> None:
    await world.say("send +16175551299 Water in the lab", channel=AWAY)
    answer = await world.whisper("Success", channel=AWAY)
    assert "+16175551299" in shown(answer)
    assert world.slack.channel_messages(AWAY) == []


async def test_a_private_answer_can_be_refreshed_while_the_send_is_under_way(world: World) -> None:
    world.twilio.latency = 2.5
    await world.say("send +16175551299 Water in the lab", channel=AWAY)
    answer = await world.whisper("Sending", channel=AWAY)
    await world.wait(lambda: "accepted" in world.states().values())
    await world.slack.click(ALICE, answer, "sms_refresh")
    await world.wait(lambda: "Success" in answer.text)


async def test_a_redelivered_command_is_the_same_send(world: World) -> None:
    done = await world.say("send alice Water in the lab")
    again = await world.slack.redeliver(done)
    assert again.error == ""
    await world.card()
    assert len(world.twilio.posts) == 1
    assert world.rows("SELECT count(*) FROM send") == [(1,)]


async def test_slack_answering_429_delays_the_card_and_loses_nothing(world: World) -> None:
    world.slack.limit("chat.postMessage", 1, 1)
    world.slack.limit("chat.update", 4, 1)
    await world.say("send alice Water in the lab")
    card = await world.card()
    assert payload(card)["status"] == "Success"
    assert len(world.twilio.posts) == 1


async def test_retry_failed_sends_to_the_failed_alone_and_once(world: World) -> None:
    world.twilio.script("+16175551299", Error(21614))
    await world.say("send alice, +16175551299 Water in the lab")
    notice = await world.whisper("Retry failed")
    await world.slack.click(ALICE, notice, "sms_retry")
    card = await world.card(number=2)
    assert payload(card)["status"] == "Success"
    assert world.sent()[2:] == [("+16175551299", "Water in the lab")]
    assert world.rows("SELECT retry_of FROM send WHERE id = 2") == [(1,)]


async def test_a_second_click_on_retry_failed_sends_nothing_more(world: World) -> None:
    world.twilio.script("+16175551299", Error(21614))
    await world.say("send +16175551299 Water in the lab")
    notice = await world.whisper("Retry failed")
    done = await world.slack.click(ALICE, notice, "sms_retry")
    await world.slack.redeliver(done)
    await world.card(number=2)
    assert len(world.twilio.posts) == 2


async def test_a_refused_command_is_a_private_answer_and_leaves_no_trace(world: World) -> None:
    done = await world.say("send carol, +442071838750 Water in the lab")
    assert done.error == ""
    [answer] = world.private()
    assert "carol" in shown(answer)
    assert world.twilio.requests == []
    assert world.rows("SELECT count(*) FROM send") == [(0,)]
    assert world.slack.channel_messages(ONCALL) == []


async def test_a_permission_refusal_shows_the_line_that_would_allow_it(world: World) -> None:
    await world.say("send +442071838750 Water in the lab")
    [answer] = world.private()
    assert 'to = [\\"verified\\"' in shown(answer) or 'to = ["verified"' in shown(answer)
    assert world.rows("SELECT action, allowed FROM audit") == [("send", False)]


async def test_a_mentioned_user_is_reached_at_the_phone_of_their_profile(world: World) -> None:
    await world.say("send @bob Water for @alice")
    await world.card()
    assert world.sent() == [("+16175551299", "Water for @alice")]


async def test_an_unknown_user_group_is_named_among_the_bad_entries(world: World) -> None:
    await world.slack.command(
        ALICE, ONCALL, "send <!subteam^S0NO|@nobody>, carol hi", should_escape=False
    )
    [answer] = world.private()
    assert "@nobody: Slack has no such user group, or it is disabled" in shown(answer)
    assert "carol" in shown(answer)
    assert world.sent() == []
