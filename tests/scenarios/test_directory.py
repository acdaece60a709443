"""The directory that admins keep in Slack, from the command to a message to a new contact."""

from tests.scenarios.world import ALICE, AWAY, BOB, ONCALL, World, shown

ADMINS = 'admins = ["U0BOB"]\n'


async def with_admin(world: World) -> None:
    """Let bob keep the directory, and start."""
    policy = (world.folder / "sms.toml").read_text(encoding="utf-8")
    world.write_policy(ADMINS + policy)
    await world.start()


async def test_a_contact_is_added_sent_to_and_undone(stopped_world: World) -> None:
    world = stopped_world
    await with_admin(world)
    await world.say("contacts add jane +16175551299", user=BOB)
    added = await world.whisper("Added the contact jane: +16175551299", user=BOB)
    assert world.cards() == []
    await world.say("send jane Water in the lab")
    await world.card()
    assert [to for to, _ in world.sent()] == ["+16175551299"]
    await world.slack.click(BOB, added, "sms_undo")
    await world.whisper("Undone: jane is as it was before.", user=BOB)
    await world.say("send jane Water in the lab")
    assert "no contact or group has this name" in shown(await world.whisper("Nothing was sent"))
    assert len(world.sent()) == 1


async def test_undo_clicked_twice_changes_nothing_more(stopped_world: World) -> None:
    world = stopped_world
    await with_admin(world)
    await world.say("contacts add jane +16175551299", user=BOB)
    added = await world.whisper("Added the contact jane", user=BOB)
    first = await world.slack.click(BOB, added, "sms_undo")
    await world.whisper("Undone", user=BOB)
    await world.slack.redeliver(first)
    await world.whisper("This was undone before.", user=BOB)
    assert world.rows("SELECT count(*) FROM directory") == [(0,)]


async def test_a_group_reaches_its_members_and_survives_a_restart(stopped_world: World) -> None:
    world = stopped_world
    await with_admin(world)
    await world.say("contacts add jane +16175551299", user=BOB, channel=AWAY)
    await world.say("group night jane, alice", user=BOB, channel=AWAY)
    await world.whisper("The group night is now: jane, alice.", user=BOB, channel=AWAY)
    await world.stop()
    await world.start()
    await world.say("send night Water in the lab")
    await world.card()
    assert {to for to, _ in world.sent()} == {"+16175551299", "+16175551212"}


async def test_the_directory_is_listed_page_by_page_to_admins_alone(stopped_world: World) -> None:
    world = stopped_world
    people = "".join(
        f'[[contact]]\nname = "c{n:02}"\nnumber = "+1617556{n:04}"\n' for n in range(30)
    )
    world.add_policy(people)
    await with_admin(world)
    await world.say("contacts", user=BOB)
    first = await world.whisper("33 in the directory", user=BOB)
    assert "Page 1 of 2" in shown(first)
    assert "Share" not in shown(first)
    await world.slack.click(BOB, first, "sms_next")
    second = await world.whisper("Page 2 of 2", user=BOB)
    assert "oncall" in shown(second)
    assert "group, sms.toml" in shown(second)
    await world.say("contacts", user=ALICE)
    refusal = await world.whisper("Only admins may look at the directory")
    assert 'admins = ["U0BOB", "U0ALICE"]' in shown(refusal)
    assert world.cards(ONCALL) == []
