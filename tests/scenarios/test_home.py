"""The App Home: what one may do where, one's last sends live, the directory; for admins more."""

from bot.sandbox.model import View
from tests.scenarios.world import ALICE, AWAY, BOB, ONCALL, World, texts

ADMIN = "U0ADMIN"
ADMINS = f'admins = ["{ADMIN}"]\n'


async def opened(world: World, user: str = ALICE) -> str:
    """Open somebody's home, and give what it says once it is drawn."""
    before = published(world, user)
    done = await world.slack.open_home(user)
    assert done.error == ""
    await world.wait(lambda: published(world, user) > before)
    return says(world.slack.home(user))


def says(view: View) -> str:
    return texts(view.body["blocks"])


def published(world: World, user: str = ALICE) -> int:
    return len(calls(world, user))


def calls(world: World, user: str = ALICE) -> list[float]:
    """When a home was published."""
    found = [c for c in world.slack.calls if c.method == "views.publish" and not c.error]
    return [call.at for call in found if call.args["user_id"] == user]


def once_a_second(times: list[float]) -> bool:
    return len(times) - 1 <= times[-1] - times[0] + 1


def buttons(view: View) -> list[str]:
    rows = [b["elements"] for b in view.body["blocks"] if b["type"] == "actions"]
    return [button["action_id"] for row in rows for button in row]


# -- what it shows ------------------------------------------------------------------------


async def test_a_home_tells_what_one_may_do_where_and_whom_one_can_name(world: World) -> None:
    said = await opened(world)
    assert f"<#{ONCALL}>: send, recipients\n<#{AWAY}>: send, recipients" in said
    assert "*alice*: ••••••••1212\n*bob*: ••••••••1213\n*oncall*: group of 2" in said
    assert "None yet" in said
    assert "For admins" not in said
    assert buttons(world.slack.home(ALICE)) == ["sms_home_send", "sms_home_refresh"]


async def test_who_may_do_nothing_is_told_so_and_what_to_ask_for(world: World) -> None:
    world.write_policy(
        f'{ADMINS}[[channel]]\nid = "{ONCALL}"\nallow = ["send"]\nwho = ["U0ALICE"]\nto = ["+1"]\n'
        '[[contact]]\nname = "carol"\nnumber = "+16175551212"\n'
    )
    await world.stop()
    await world.start()
    said = await opened(world, BOB)
    assert "may not send or look up anything" in said
    assert f"<@{ADMIN}>" in said
    assert 'who = ["U0BOB"]' in said
    assert not any(word in said for word in ("carol", "1212", ONCALL))
    assert buttons(world.slack.home(BOB)) == ["sms_home_refresh"]
    assert world.rows("SELECT count(*) FROM audit") == [(0,)]


async def test_a_guest_sees_only_the_channel_that_names_them(world: World) -> None:
    world.slack.add_user("U0GUEST", "eve", team="T0OTHER")
    world.add_policy('[[channel]]\nid = "C0SHARED"\nallow = ["send"]\nwho = ["U0GUEST"]\n'
                     'to = ["+1"]\n')  # fmt: skip
    await world.stop()
    await world.start()
    said = await opened(world, "U0GUEST")
    assert "<#C0SHARED>: send" in said
    assert ONCALL not in said
    assert AWAY not in said


async def test_the_messages_tab_publishes_nothing(socket_world: World) -> None:
    assert (await socket_world.slack.open_home(ALICE, "messages")).error == ""
    await opened(socket_world, BOB)
    assert published(socket_world) == 0


# -- live ---------------------------------------------------------------------------------


async def test_a_send_appears_and_gets_on_in_the_home_of_who_has_it_open(
    socket_world: World,
) -> None:
    socket_world.twilio.latency = 2.5
    await opened(socket_world)
    await opened(socket_world, BOB)
    await socket_world.say("send alice Water in the lab")
    home = socket_world.slack.home(ALICE)
    await socket_world.wait(lambda: "Sending: 1 waiting" in says(home))
    assert f"*#1* in <#{ONCALL}>" in says(home)
    assert "Water in the lab" in says(home)
    await socket_world.wait(lambda: "Success: 1 sent" in says(home))
    assert published(socket_world, BOB) == 1


async def test_a_home_that_was_not_opened_is_never_drawn(socket_world: World) -> None:
    await opened(socket_world, BOB)
    await socket_world.say("send alice Water in the lab")
    await socket_world.card()
    await socket_world.say("send bob Water in the lab", user=BOB)
    await socket_world.wait(lambda: "Success: 1 sent" in says(socket_world.slack.home(BOB)))
    assert published(socket_world) == 0


async def test_many_changes_are_shown_once_a_second_and_the_last_one_in_the_end(
    socket_world: World,
) -> None:
    world = socket_world
    await opened(world)
    world.twilio.latency = 0.3
    for number in range(6):
        await world.say(f"send +1617555121{number} Water in the lab")
    home = world.slack.home(ALICE)
    await world.wait(lambda: says(home).count("Success: 1 sent") == 5)
    assert once_a_second(calls(world))


async def test_two_processes_draw_one_home_no_more_often_than_one(stopped_world: World) -> None:
    world = stopped_world
    for _ in range(2):
        await world.spawn()
    await opened(world)
    world.twilio.latency = 0.3
    for number in range(6):
        await world.say(f"send +1617555121{number} Water in the lab")
    home = world.slack.home(ALICE)
    await world.wait(lambda: says(home).count("Success: 1 sent") == 5)
    assert once_a_second(calls(world))


async def test_a_home_stays_live_after_a_restart(socket_world: World) -> None:
    await opened(socket_world)
    await socket_world.stop()
    await socket_world.start()
    await socket_world.say("send alice Water in the lab")
    await socket_world.wait(lambda: "Success: 1 sent" in says(socket_world.slack.home(ALICE)))


async def test_a_home_whose_slack_is_busy_is_drawn_once_it_is_not(socket_world: World) -> None:
    socket_world.slack.limit("views.publish", 1, retry_after=1)
    assert "What you may do" in await opened(socket_world)


# -- buttons ------------------------------------------------------------------------------


async def test_send_sms_opens_the_composer_which_asks_for_the_channel(socket_world: World) -> None:
    await opened(socket_world)
    done = await socket_world.slack.click(ALICE, socket_world.slack.home(ALICE), "sms_home_send")
    assert done.error == ""
    values = {"channel": ONCALL, "recipients": "alice", "message": "Water"}
    await socket_world.compose(ALICE, **values)
    await socket_world.card()
    assert socket_world.sent() == [("+16175551212", "Water")]
    await socket_world.wait(lambda: "Success: 1 sent" in says(socket_world.slack.home(ALICE)))


async def test_refresh_shows_the_home_as_the_policy_is_now(socket_world: World) -> None:
    await opened(socket_world)
    socket_world.write_policy(f'[[channel]]\nid = "{ONCALL}"\nallow = ["recipients"]\nwho = ["*"]\n'
                       'to = ["+1"]\n')  # fmt: skip
    await socket_world.stop()
    await socket_world.start()
    home = socket_world.slack.home(ALICE)
    assert (await socket_world.slack.click(ALICE, home, "sms_home_refresh")).error == ""
    await socket_world.wait(lambda: f"<#{ONCALL}>: recipients" in says(home))
    assert AWAY not in says(home)
    assert buttons(home) == ["sms_home_refresh"]


# -- admins -------------------------------------------------------------------------------


async def test_admins_see_policy_refusals_and_health_and_nobody_else_does(
    socket_world: World,
) -> None:
    socket_world.slack.add_user(ADMIN, "root")
    socket_world.write_policy(ADMINS + (socket_world.folder / "sms.toml").read_text())
    await socket_world.stop()
    await socket_world.start()
    await socket_world.say("send +442071838750 The body", user=BOB)
    said = await opened(socket_world, ADMIN)
    assert "2 channels, 2 contacts, 1 groups" in said
    assert "region US" in said
    assert "keep 90d" in said
    assert f"<@{BOB}> in <#{ONCALL}>: send – channel {ONCALL}: to = " in said
    assert "442071838750" not in said
    assert "The body" not in said
    assert "Slack: *well* – " in said
    assert "Twilio: *well* – " in said
    assert "Database: *well* – PostgreSQL " in said
    assert "For admins" not in await opened(socket_world)


async def test_admins_see_the_faults_of_an_edit_that_is_not_in_force(
    stopped_world: World,
) -> None:
    world = stopped_world
    world.slack.add_user(ADMIN, "root")
    whole = ADMINS + (world.folder / "sms.toml").read_text()
    world.write_policy(whole)
    await world.start()
    world.write_policy(whole.replace('allow = ["send", "recipients"]', 'alow = ["send"]', 1))
    await world.wait_for_page("/metrics", "sms_policy_faults_total 1.0")
    said = await opened(world, ADMIN)
    assert "is faulty and not in force" in said
    assert "channel.alow: is no key of this table" in said
    assert f"<#{ONCALL}>: send, recipients" in said
    world.write_policy(whole)
    await world.wait(lambda: (world.folder / "sms.toml").read_text() == whole)
    while "is faulty" in said:
        said = await opened(world, ADMIN)
