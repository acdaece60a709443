"""`/sms recipients` from Twilio's pages to Slack's."""

from bot.sandbox.model import Message
from tests.scenarios.world import ALICE, AWAY, ONCALL, World, shown
from twilio_core.testing import Error, Html


def names(message: Message) -> list[str]:
    [table] = [b for b in message.blocks if b["type"] == "table"]
    return [row[0]["text"] for row in table["rows"][1:]]


def pasteable(message: Message) -> str:
    *_, block = [b for b in message.blocks if b["type"] == "rich_text"]
    return str(block["elements"][0]["elements"][0]["text"])


def lists(world: World) -> int:
    return sum("OutgoingCallerIds" in r.path for r in world.twilio.requests)


async def test_contacts_groups_and_verified_numbers_stand_in_one_table(world: World) -> None:
    world.twilio.verified = [("+16175551212", "Alice's phone"), ("+442071838750", "Lab")]
    await world.say("recipients")
    [answer] = world.private()
    assert names(answer) == ["alice", "bob", "Lab", "oncall"]
    assert "4 can be reached from here" in answer.text
    assert pasteable(answer) == "+16175551212,+16175551213,+442071838750,oncall"


async def test_a_filter_narrows_the_list(world: World) -> None:
    world.twilio.verified = [("+442071838750", "Lab & <Roof>")]
    await world.say("recipients lab & <roof")
    [answer] = world.private()
    assert names(answer) == ["Lab & <Roof>"]


async def test_an_account_without_verified_numbers_is_an_empty_list(stopped_world: World) -> None:
    rules = 'id = "C0ONCALL"\nallow = ["recipients"]\nwho = ["*"]\nto = ["verified"]'
    stopped_world.write_policy(f"[[channel]]\n{rules}\n")
    await stopped_world.start()
    await stopped_world.say("recipients")
    [answer] = stopped_world.private()
    assert answer.text == "0 can be reached from here"
    assert "no verified numbers" in shown(answer)
    assert not [block for block in answer.blocks if block["type"] in {"table", "actions"}]


async def test_5000_verified_numbers_are_five_requests_and_then_none_for_a_minute(
    world: World,
) -> None:
    world.twilio.verified = [(f"+1617{n:07}", f"Phone {n:04}") for n in range(5000)]
    await world.say("recipients")
    # at once, or after a word that it takes its time, on a machine that is busy
    await world.whisper("5,003 can be reached from here")
    assert lists(world) == 5
    await world.say("recipients phone 4999")
    assert names(world.private()[-1]) == ["Phone 4999"]
    assert lists(world) == 5


async def test_pages_of_20_are_turned_by_buttons(socket_world: World) -> None:
    socket_world.twilio.verified = [(f"+16175552{n:03}", f"Phone {n:02}") for n in range(45)]
    await socket_world.say("recipients phone")
    [answer] = socket_world.private()
    assert names(answer) == [f"Phone {n:02}" for n in range(20)]
    assert len(pasteable(answer).split(",")) == 45
    await socket_world.slack.click(ALICE, answer, "sms_next")
    await socket_world.wait(lambda: names(answer)[0] == "Phone 20")
    await socket_world.slack.click(ALICE, answer, "sms_next")
    await socket_world.wait(lambda: names(answer) == [f"Phone {n}" for n in range(40, 45)])
    await socket_world.slack.click(ALICE, answer, "sms_previous")
    await socket_world.wait(lambda: names(answer)[-1] == "Phone 39")
    assert len(socket_world.private()) == 1


async def test_shared_in_the_channel_the_numbers_are_masked(socket_world: World) -> None:
    await socket_world.say("recipients alice")
    [answer] = socket_world.private()
    await socket_world.slack.click(ALICE, answer, "sms_share")
    await socket_world.wait(lambda: socket_world.slack.channel_messages(ONCALL))
    [post] = socket_world.slack.channel_messages(ONCALL)
    assert "+16175551212" not in shown(post)
    assert "1212" in shown(post)


async def test_sharing_where_the_bot_is_no_member_says_how_to_invite_it(
    socket_world: World,
) -> None:
    socket_world.twilio.verified = [("+16175551212", "Alice")]
    await socket_world.say("recipients", channel=AWAY)
    [answer] = socket_world.private(channel=AWAY)
    await socket_world.slack.click(ALICE, answer, "sms_share")
    await socket_world.whisper("/invite", channel=AWAY)


async def test_a_slow_twilio_is_waited_for_and_the_list_follows(socket_world: World) -> None:
    socket_world.twilio.latency = 2.5
    socket_world.twilio.verified = [("+442071838750", "Lab")]
    done = await socket_world.say("recipients lab")
    assert done.error == ""
    await socket_world.whisper("the answer follows")
    answer = await socket_world.whisper("1 can be reached from here")
    assert names(answer) == ["Lab"]


async def test_twilio_refusing_the_list_is_told_with_its_reason(socket_world: World) -> None:
    socket_world.twilio.script("*", Error(20003, 401))
    await socket_world.say("recipients")
    await socket_world.whisper("20003")


async def test_an_html_page_instead_of_the_list_is_told_and_not_remembered(
    socket_world: World,
) -> None:
    socket_world.twilio.script("*", Html(503))
    socket_world.twilio.verified = [("+442071838750", "Lab")]
    await socket_world.say("recipients lab")
    await socket_world.whisper("did not give the verified numbers")
    await socket_world.say("recipients lab")
    assert names(socket_world.private()[-1]) == ["Lab"]


async def test_verified_as_a_recipient_reaches_every_verified_number(socket_world: World) -> None:
    socket_world.twilio.verified = [("+442071838750", "Lab"), ("+442071838751", "Roof")]
    await socket_world.say("send verified Water in the lab")
    await socket_world.card()
    assert [to for to, _ in socket_world.sent()] == ["+442071838750", "+442071838751"]
