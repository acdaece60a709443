"""The composer: opened by `/sms send` or by the shortcut, submitted into the same flow."""

from bot.sandbox.model import Message
from tests.scenarios.world import ALICE, AWAY, ONCALL, World, payload, shown


async def test_send_alone_opens_the_composer_and_submitting_it_sends(world: World) -> None:
    done = await world.say("send")
    assert done.error == ""
    await world.compose(recipients="alice, +16175551299", message="Water & <more>")
    card = await world.card()
    assert payload(card)["status"] == "Success"
    assert sorted(world.sent()) == [
        ("+16175551212", "Water & <more>"),
        ("+16175551299", "Water & <more>"),
    ]


async def test_a_refused_submission_keeps_the_composer_open_with_the_reason(world: World) -> None:
    await world.say("send")
    view = world.slack.top_view(ALICE)
    await world.slack.submit(ALICE, view, {"recipients": "carol", "message": "Water"})
    assert view.open
    assert "carol" in view.errors["recipients"]
    assert world.twilio.posts == []
    assert world.rows("SELECT count(*) FROM send") == [(0,)]


async def test_a_message_that_is_too_long_is_told_at_the_message(socket_world: World) -> None:
    await socket_world.say("send")
    view = socket_world.slack.top_view(ALICE)
    await socket_world.slack.submit(ALICE, view, {"recipients": "alice", "message": "x" * 1601})
    assert "1,600" in view.errors["message"]


async def test_the_shortcut_asks_for_the_channel_whose_permissions_decide(world: World) -> None:
    await world.slack.global_shortcut(ALICE, "sms_compose")
    await world.compose(channel=ONCALL, recipients="alice", message="Water")
    await world.card()
    assert world.sent() == [("+16175551212", "Water")]


async def test_a_shortcut_for_a_channel_without_the_bot_is_answered_privately_there(
    socket_world: World,
) -> None:
    await socket_world.slack.global_shortcut(ALICE, "sms_compose")
    await socket_world.compose(channel=AWAY, recipients="+16175551299", message="Water")
    answer = await socket_world.whisper("Success", channel=AWAY)
    assert "+16175551299" in shown(answer)


async def test_a_redelivered_submission_is_the_same_send(world: World) -> None:
    await world.say("send")
    composer = world.slack.top_view(ALICE)
    await world.slack.submit(ALICE, composer, {"recipients": "alice", "message": "Water"})
    done = await world.slack.submit(ALICE, world.slack.top_view(ALICE), {})
    await world.slack.redeliver(done)
    await world.card()
    assert len(world.sent()) == 1


async def test_send_alone_where_nothing_is_allowed_opens_no_composer(socket_world: World) -> None:
    socket_world.slack.add_channel("C0QUIET", "quiet", [ALICE])
    await socket_world.say("send", channel="C0QUIET")
    assert socket_world.slack.views(ALICE) == []
    [answer] = socket_world.private(channel="C0QUIET")
    assert "not in sms.toml" in str(answer.blocks)


async def forwarded(world: World) -> Message:
    """Choose *Send as SMS* of a message in the channel."""
    await world.say("recipients")
    [listing] = world.private()
    await world.slack.click(ALICE, listing, "sms_share")
    await world.wait(lambda: world.slack.channel_messages(ONCALL))
    [message] = world.slack.channel_messages(ONCALL)
    await world.slack.message_shortcut(ALICE, message, "sms_forward")
    return message


async def test_a_message_is_sent_as_sms_with_a_link_to_it(world: World) -> None:
    message = await forwarded(world)
    await world.compose(recipients="alice")
    await world.card()
    [(to, body)] = world.sent()
    link = f"https://sandbox.slack.com/archives/{ONCALL}/p{message.ts.replace('.', '')}"
    assert (to, body) == ("+16175551212", f"{message.text}\n{link}")


async def test_a_message_is_sent_on_under_the_rules_of_its_channel(socket_world: World) -> None:
    socket_world.write_policy(
        '[[channel]]\nid = "C0ONCALL"\nallow = ["recipients"]\nwho = ["*"]\n'
        'to = ["directory"]\n[[contact]]\nname = "alice"\nnumber = "+16175551212"\n'
    )
    await socket_world.stop()
    await socket_world.start()
    await forwarded(socket_world)
    view = socket_world.slack.top_view(ALICE)
    await socket_world.slack.submit(ALICE, view, {"recipients": "alice"})
    assert "does not allow send" in view.errors["recipients"]
    assert socket_world.twilio.posts == []


async def test_from_an_archived_channel_the_composer_sends_nothing_and_says_so(
    socket_world: World,
) -> None:
    await socket_world.slack.global_shortcut(ALICE, "sms_compose")
    view = socket_world.slack.top_view(ALICE)
    socket_world.slack.workspace.channels[ONCALL].archived = True
    values = {"channel": ONCALL, "recipients": "alice", "message": "Water"}
    await socket_world.slack.submit(ALICE, view, values)
    assert view.open
    assert "This channel is archived in Slack" in view.errors["channel"]
    assert socket_world.rows("SELECT count(*) FROM send") == [(0,)]
    await socket_world.compose(**values | {"channel": AWAY, "recipients": "+16175551299"})
    await socket_world.whisper("Success", channel=AWAY)
    assert socket_world.sent() == [("+16175551299", "Water")]
