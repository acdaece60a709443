"""`@user`, user groups and guests: whom Slack knows, from what is typed to what is sent."""

import pytest

from bot.sandbox.model import Delivered
from tests.scenarios.world import ALICE, BOB, ONCALL, World, payload, shown

SRE = "S0SRE"
CREW = [f"U{number:05}" for number in range(300)]
ELSEWHERE = "T0ELSEWHERE"

GUESTED = """
[[channel]]
id = "C0SHARED"
allow = ["send", "recipients"]
who = ["*"]
to = ["directory"]

[[channel]]
id = "C0NAMED"
allow = ["send", "recipients"]
who = ["*", "U0ZED"]
to = ["directory"]
"""


def hire(world: World, others: int = 0) -> None:
    """Fill the user group @sre with 300 people, behind `others` who are not in it."""
    for number in range(others):
        world.slack.add_user(f"U9{number:05}", f"other{number}")
    for number, user in enumerate(CREW):
        world.slack.add_user(user, f"crew{number}", phone=f"(617) 555-{number:04}")
    world.slack.add_user_group(SRE, "sre", CREW)


def in_time(done: Delivered) -> bool:
    return done.error == ""  # the local Slack gives up after 3 s, as Slack does


def calls(world: World, method: str) -> int:
    return sum(call.method == method for call in world.slack.calls)


async def test_a_user_group_of_300_is_sent_to_at_the_first_try(world: World) -> None:
    hire(world)
    world.slack.latency = 0.3
    assert in_time(await world.say("send @sre Water in the lab"))
    card = await world.agreed(sent=300)
    assert payload(card)["status"] == "Success"
    assert set(world.held()) == {f"+1617555{number:04}" for number in range(300)}
    assert (calls(world, "users.list"), calls(world, "users.info")) == (1, 0)


async def test_a_group_too_far_down_slacks_list_is_sent_to_at_the_second_try(
    socket_world: World,
) -> None:
    world = socket_world
    hire(world, others=3500)
    world.slack.latency = 0.6
    assert in_time(await world.say("send @sre Water in the lab"))
    await world.whisper("Slack did not answer in time. Nothing was sent.")
    await world.whisper("Try again in a few seconds.")
    await world.wait(lambda: calls(world, "users.list") == 4)
    world.slack.latency = 0.1
    assert in_time(await world.say("send @sre Water in the lab"))
    await world.agreed(sent=300)
    assert calls(world, "users.list") == 4
    assert calls(world, "usergroups.users.list") == 1


async def test_who_in_a_group_cannot_be_reached_is_named_with_what_to_do(
    socket_world: World,
) -> None:
    world = socket_world
    hire(world)
    world.slack.add_user(CREW[7], "carol", phone="(617) 555-0007", deleted=True)
    world.slack.add_user(CREW[9], "dora")
    await world.say("send @sre Water in the lab")
    [answer] = world.private()
    assert "@sre, @carol: is deactivated in Slack; leave them out" in shown(answer)
    assert "@sre, @dora: no phone in the Slack profile; fill it in there" in shown(answer)
    assert world.rows("SELECT count(*) FROM send") == [(0,)]


async def test_a_deactivated_user_and_a_bot_are_refused_by_name(world: World) -> None:
    world.slack.add_user(BOB, "bob", phone="(617) 555-1299", deleted=True)
    await world.say("send @bob, @sms-bot Water in the lab")
    [answer] = world.private()
    assert "@bob: is deactivated in Slack" in shown(answer)
    assert "@sms-bot: is a bot, which no SMS reaches" in shown(answer)
    assert world.twilio.posts == []


async def test_once_the_phone_is_filled_in_the_same_command_sends(socket_world: World) -> None:
    world = socket_world
    world.slack.add_user(BOB, "bob")
    await world.say("send @bob Water in the lab")
    await world.whisper("@bob: no phone in the Slack profile; fill it in there")
    world.slack.add_user(BOB, "bob", phone="(617) 555-1299")
    await world.say("send @bob Water in the lab")
    await world.card()
    assert world.sent() == [("+16175551299", "Water in the lab")]


@pytest.mark.parametrize(("members", "words"), [
    (None, "@sre: Slack has no such user group, or it is disabled"),
    ([], "@sre: the user group has no members in Slack; add some there"),
])  # fmt: skip
async def test_a_user_group_without_anybody_is_refused_with_what_to_do(
    socket_world: World, members: list[str] | None, words: str
) -> None:
    world = socket_world
    world.slack.add_user_group(SRE, "sre", members or [], disabled=members is None)
    # as it was dressed when it was typed, or pasted from a message of that time
    typed = "send <!subteam^S0SRE|@sre> Water in the lab"
    await world.slack.command(ALICE, ONCALL, typed, should_escape=False)
    assert words in shown(world.private()[-1])
    assert world.twilio.posts == []
    world.slack.add_user_group(SRE, "sre", [BOB])
    await world.say("send @sre Water in the lab")
    await world.card()
    assert world.sent() == [("+16175551299", "Water in the lab")]


@pytest.fixture
async def shared_world(stopped_world: World) -> World:
    """A channel shared with another organization, and one whose `who` names somebody of there."""
    world = stopped_world
    world.add_policy(GUESTED)
    world.slack.add_user("U0ZED", "zed", team=ELSEWHERE)
    world.slack.add_user("U0TEMP", "temp", restricted=True)
    for channel, name in (("C0SHARED", "shared"), ("C0NAMED", "named")):
        world.slack.add_channel(channel, name, [ALICE, "U0ZED", "U0TEMP"])
    await world.start()
    return world


async def test_a_guest_is_refused_unless_named_and_it_costs_no_call(shared_world: World) -> None:
    world = shared_world
    before = len(world.slack.calls)
    await world.say("send alice Water", "C0SHARED", "U0ZED")
    [answer] = world.private("U0ZED", "C0SHARED")
    assert "You are a guest from another organization here" in shown(answer)
    assert 'who = ["*", "U0ZED"]' in shown(answer)
    assert len(world.slack.calls) == before
    assert world.rows("SELECT allowed FROM audit") == [(False,)]
    await world.say("send alice Water", "C0NAMED", "U0ZED")
    await world.card("C0NAMED")
    assert world.sent() == [("+16175551212", "Water")]


async def test_the_workspaces_own_people_are_no_guests_there(shared_world: World) -> None:
    world = shared_world
    await world.say("send alice Water", "C0SHARED", "U0TEMP")
    await world.card("C0SHARED")
    assert calls(world, "users.info") == 0


async def test_a_guests_composer_and_clicks_are_refused_like_their_commands(
    shared_world: World,
) -> None:
    world = shared_world
    await world.slack.global_shortcut("U0ZED", "sms_compose")
    view = world.slack.top_view("U0ZED")
    values = {"channel": "C0SHARED", "recipients": "alice", "message": "Water"}
    await world.slack.submit("U0ZED", view, values)
    assert "You are a guest from another organization" in str(view.errors)
    await world.say("recipients", "C0NAMED", "U0ZED")
    [listing] = world.private("U0ZED", "C0NAMED")
    world.write_policy(
        (world.folder / "sms.toml").read_text(encoding="utf-8").replace('"*", "U0ZED"', '"*"')
    )

    def refused() -> bool:
        return "guest" in shown(world.private("U0ZED", "C0NAMED")[-1])

    for _ in range(200):
        await world.slack.click("U0ZED", listing, "sms_share")
        if refused():
            break
    await world.wait(refused)
    assert world.twilio.posts == []


async def test_help_tells_a_guest_why_nothing_works_here(shared_world: World) -> None:
    await shared_world.say("help", "C0SHARED", "U0ZED")
    [answer] = shared_world.private("U0ZED", "C0SHARED")
    assert "guest from another organization" in shown(answer)
    assert ONCALL not in shown(answer)
