"""sms.toml from the file to the answer: what a channel may, and what it may not."""

import asyncio

import pytest

from tests.scenarios.world import ALICE, BOB, World, shown

DIRECTORY = """
[[contact]]
name = "alice"
number = "(617) 555-1212"
[[group]]
name = "oncall"
members = ["alice", "+16175551213"]
"""


def policy(*lines: str, region: str = "US") -> str:
    base = {
        "allow": '["send", "recipients"]',
        "who": '["*"]',
        "to": '["verified", "directory", "+1", "whatsapp:"]',
    }
    given = dict(line.split(" = ", 1) for line in lines)
    rules = "\n".join(f"{key} = {value}" for key, value in (base | given).items())
    return f'region = "{region}"\n[[channel]]\nid = "C0ONCALL"\n{rules}\n{DIRECTORY}'


ALLOWED = [
    pytest.param([], "send +16175551299 hi", ["+16175551299"], id="prefix"),
    pytest.param([], "send (617)555-1299 hi", ["+16175551299"], id="region"),
    pytest.param([], "send whatsapp:+442071838750 hi", ["whatsapp:+442071838750"], id="address"),
    pytest.param([], "send oncall hi", ["+16175551212", "+16175551213"], id="group"),
    pytest.param(['to = ["directory"]'], "send ALICE hi", ["+16175551212"], id="directory"),
    pytest.param(['to = ["verified"]'], "send +442071838750 hi", ["+442071838750"], id="verified"),
    pytest.param(['who = ["U0ALICE"]'], "send alice hi", ["+16175551212"], id="who-user"),
    pytest.param(['who = ["S0SRE"]'], "send alice hi", ["+16175551212"], id="who-user-group"),
    pytest.param(["max_recipients = 2"], "send oncall hi", ["+16175551212", "+16175551213"],
                 id="max_recipients"),
    pytest.param(["daily_limit = 2"], "send oncall hi", ["+16175551212", "+16175551213"],
                 id="daily_limit"),
    pytest.param(["confirm_above = 2"], "send oncall hi", ["+16175551212", "+16175551213"],
                 id="confirm_above"),
    pytest.param(["approve_above = 2"], "send oncall hi", ["+16175551212", "+16175551213"],
                 id="approve_above"),
]  # fmt: skip

REFUSED = [
    pytest.param([], "send +442071838750 hi", 'to = ["verified"', id="prefix"),
    pytest.param([], 'send "020 7183 8750" hi', "020 7183 8750: ", id="region"),
    pytest.param(['to = ["+1"]'], "send whatsapp:+16175551299 hi", "whatsapp:", id="address"),
    pytest.param(['to = ["verified"]'], "send alice hi", "directory", id="directory"),
    pytest.param([], "send nobody hi", "nobody", id="name"),
    pytest.param(['allow = ["recipients"]'], "send alice hi",
                 'allow = ["recipients", "send"]', id="allow"),
    pytest.param(['who = ["U0BOB"]'], "send alice hi", 'who = ["U0BOB", "U0ALICE"]', id="who-user"),
    pytest.param(['who = ["S0OTHER"]'], "send alice hi", 'who = ["S0OTHER", "U0ALICE"]',
                 id="who-user-group"),
    pytest.param(["max_recipients = 1"], "send oncall hi", "max_recipients = 2",
                 id="max_recipients"),
    pytest.param(["daily_limit = 1"], "send oncall hi", "daily_limit = 2", id="daily_limit"),
]  # fmt: skip


async def start(world: World, lines: list[str], **options: str) -> None:
    world.write_policy(policy(*lines, **options))
    world.twilio.verified = [("+442071838750", "Lab")] if 'to = ["verified"]' in lines else []
    world.slack.add_user_group("S0SRE", "sre", [ALICE])
    world.slack.add_user_group("S0OTHER", "other", [BOB])
    await world.start()


@pytest.mark.parametrize(("lines", "command", "reached"), ALLOWED)
async def test_what_the_policy_allows_is_sent(
    stopped_world: World, lines: list[str], command: str, reached: list[str]
) -> None:
    await start(stopped_world, lines)
    await stopped_world.say(command)
    await stopped_world.card()
    assert [to for to, _ in stopped_world.sent()] == reached


@pytest.mark.parametrize(("lines", "command", "remedy"), REFUSED)
async def test_what_it_refuses_never_reaches_twilio_and_says_what_would_allow_it(
    stopped_world: World, lines: list[str], command: str, remedy: str
) -> None:
    await start(stopped_world, lines)
    await stopped_world.say(command)
    [answer] = stopped_world.private()
    assert remedy in shown(answer)
    assert stopped_world.twilio.posts == []
    assert stopped_world.rows("SELECT count(*) FROM send") == [(0,)]


async def test_the_daily_limit_counts_earlier_sends(stopped_world: World) -> None:
    await start(stopped_world, ["daily_limit = 3"])
    await stopped_world.say("send oncall hi")
    await stopped_world.card()
    await stopped_world.say("send oncall hi again")
    [answer] = stopped_world.private()
    assert "2 of the 3" in shown(answer)
    assert len(stopped_world.sent()) == 2


async def test_a_channels_own_sender_is_used(stopped_world: World) -> None:
    await start(stopped_world, ['from = "MG0123456789abcdef0123456789abcdef"'])
    await stopped_world.say("send alice hi")
    await stopped_world.card()
    [post] = stopped_world.twilio.posts
    assert post.form["MessagingServiceSid"] == ["MG0123456789abcdef0123456789abcdef"]
    assert "From" not in post.form


async def test_the_default_sender_is_used_where_a_channel_has_none(stopped_world: World) -> None:
    await start(stopped_world, [])
    await stopped_world.say("send alice hi")
    await stopped_world.card()
    assert stopped_world.twilio.posts[0].form["From"] == ["+15005550006"]


async def test_a_channel_that_shows_numbers_shows_them(stopped_world: World) -> None:
    await start(stopped_world, ["show_numbers = true"])
    await stopped_world.say("send +16175551299 hi")
    card = await stopped_world.card()
    assert "+16175551299" in shown(card)


async def test_national_numbers_are_read_in_the_files_region(stopped_world: World) -> None:
    await start(stopped_world, ['to = ["+44"]'], region="GB")
    await stopped_world.say('send "020 7183 8750" hi')
    await stopped_world.card()
    assert [to for to, _ in stopped_world.sent()] == ["+442071838750"]


async def test_an_edit_of_the_file_is_in_force_without_a_restart(stopped_world: World) -> None:
    world = stopped_world
    await start(world, ['allow = ["recipients"]'])
    await world.say("send alice hi")
    assert world.sent() == []
    world.write_policy(policy())

    async with asyncio.timeout(20):
        while not world.cards():
            await world.say("send alice hi")
    await world.card()
    assert ("+16175551212", "hi") in world.sent()


async def test_a_faulty_edit_keeps_the_old_policy(stopped_world: World) -> None:
    world = stopped_world
    await start(world, [])
    world.write_policy(policy('allow = ["sned"]'))
    await world.wait_for_page("/metrics", "sms_policy_faults_total 1.0")
    await world.say("send alice hi")
    await world.card()
    assert len(world.sent()) == 1


async def test_help_names_only_what_works_here(stopped_world: World) -> None:
    await start(stopped_world, ['allow = ["recipients"]'])
    await stopped_world.say("help")
    [answer] = stopped_world.private()
    lines = shown(answer)
    assert "/sms recipients [filter]" in lines
    assert "/sms status [id]" in lines
    assert "/sms why" in lines
    for verb in ("page", "contacts", "group"):
        assert f"/sms {verb}" not in lines


async def test_why_names_the_rule_and_sends_nothing(stopped_world: World) -> None:
    await start(stopped_world, [])
    await stopped_world.say("why send alice hi")
    await stopped_world.say("why send +442071838750 hi")
    allowed, refused = stopped_world.private()
    assert "would be allowed" in shown(allowed)
    assert "would be refused" in shown(refused)
    assert "channel C0ONCALL: to = " in shown(refused)
    assert stopped_world.rows("SELECT count(*) FROM send") == [(0,)]
    assert stopped_world.twilio.posts == []
