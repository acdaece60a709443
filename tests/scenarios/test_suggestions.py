"""Recipients by typing: what the composer offers, to whom, and that what is chosen is sent to."""

import asyncio

from bot.sandbox.model import Message, Offered, Origin, View
from tests.scenarios.world import ALICE, BOB, ONCALL, World

CAROL = "U0CAROL"
NUMBER = "+16175551299"


async def opened(world: World, channel: str = ONCALL, user: str = ALICE) -> View:
    """Open the composer by `/sms send`."""
    await world.say("send", channel, user)
    return world.slack.top_view(user)


async def typed(world: World, query: str, view: View | None = None) -> Offered:
    """Type into the recipients of the composer."""
    return await world.slack.suggest(ALICE, view or await opened(world), "people", query)


async def sent_to(world: World, query: str, choice: str) -> list[str]:
    """Type, choose, submit; give the numbers that were sent to."""
    view = await opened(world)
    await typed(world, query, view)
    await world.compose(people=[choice], message="Water")
    await world.card()
    return sorted(to for to, _ in world.sent())


async def rewritten(world: World, text: str) -> None:
    """Let the bot start anew with this sms.toml."""
    await world.stop()
    world.write_policy(text)
    await world.start()


def said(world: World, text: str) -> Message:
    """Let bob write a message."""
    return world.slack.workspace.post(ONCALL, BOB, Origin.PERSON, text)


CHANNEL = '[[channel]]\nid = "C0ONCALL"\nallow = ["send"]\nwho = ["*"]\n'


async def test_a_name_that_is_typed_chosen_and_submitted_is_sent_to(world: World) -> None:
    assert await sent_to(world, "ALI", "name:alice") == ["+16175551212"]


async def test_a_group_that_is_chosen_is_sent_to(world: World) -> None:
    assert await sent_to(world, "onc", "oncall") == ["+16175551212", "+16175551213"]


async def test_a_slack_user_who_is_chosen_is_sent_to(socket_world: World) -> None:
    socket_world.slack.add_user(CAROL, "Caról Smith", phone="(617) 555-1298")
    assert await sent_to(socket_world, "smith", "user:U0CAROL") == ["+16175551298"]


async def test_a_user_group_that_is_chosen_is_sent_to(socket_world: World) -> None:
    socket_world.slack.add_user_group("S0SRE", "sre", [BOB])
    assert await sent_to(socket_world, "@sre", "@sre") == [NUMBER]


async def test_a_verified_number_that_is_chosen_is_sent_to(socket_world: World) -> None:
    socket_world.twilio.verified.append(("+16175550123", "Lab phone"))
    assert await sent_to(socket_world, "lab", "Lab phone") == ["+16175550123"]


async def test_all_verified_numbers_can_be_chosen_as_one(socket_world: World) -> None:
    for last in (3, 4):
        socket_world.twilio.verified.append((f"+1617555012{last}", f"Lab {last}"))
    assert await sent_to(socket_world, "veri", "verified") == ["+16175550123", "+16175550124"]


async def test_a_national_number_that_is_typed_offers_itself(socket_world: World) -> None:
    assert await sent_to(socket_world, "(617) 555-1299", NUMBER) == [NUMBER]


async def test_several_numbers_that_are_typed_offer_themselves_each(socket_world: World) -> None:
    offered = await typed(socket_world, "(617) 555-1299, +16175551298, 12")
    assert offered.groups.keys() == {"Number"}
    assert offered.texts == [NUMBER, "+16175551298"]


async def test_what_is_chosen_and_what_is_typed_make_one_list(socket_world: World) -> None:
    view = await opened(socket_world)
    await typed(socket_world, "alice", view)
    values = {"people": ["alice"], "recipients": f"alice, {NUMBER}", "message": "Water"}
    await socket_world.compose(ALICE, **values)
    await socket_world.card()
    assert sorted(to for to, _ in socket_world.sent()) == ["+16175551212", NUMBER]


async def test_a_composer_without_recipients_says_what_to_do(socket_world: World) -> None:
    view = await opened(socket_world)
    await socket_world.slack.submit(ALICE, view, {"message": "Water"})
    assert "There are no recipients" in view.errors["recipients"]
    assert socket_world.twilio.posts == []


async def test_who_may_not_send_is_offered_nobody(socket_world: World) -> None:
    view = await opened(socket_world)
    await rewritten(socket_world, CHANNEL.replace('"*"', f'"{BOB}"') + 'to = ["+1"]\n')
    assert (await typed(socket_world, NUMBER, view)).options == []
    assert socket_world.rows("SELECT count(*) FROM audit WHERE NOT allowed") == [(0,)]


async def test_a_guest_is_offered_nobody(socket_world: World) -> None:
    view = await opened(socket_world)
    socket_world.slack.workspace.users.pop(ALICE)
    socket_world.slack.add_user(ALICE, "alice", team="T0ELSEWHERE")
    assert (await typed(socket_world, "alice", view)).options == []


async def test_only_whom_the_channel_reaches_is_offered(socket_world: World) -> None:
    await rewritten(
        socket_world,
        CHANNEL + 'to = ["+4420"]\n'
        '[[contact]]\nname = "near"\nnumber = "+16175551212"\n'
        '[[contact]]\nname = "far"\nnumber = "+442079460018"\n'
        '[[group]]\nname = "both"\nmembers = ["near", "far"]\n',
    )
    socket_world.twilio.verified.append(("+16175550123", "Lab phone"))
    assert (await typed(socket_world, "")).texts == ["far"]


async def test_the_shortcut_offers_nobody_until_its_channel_is_chosen(world: World) -> None:
    await world.slack.global_shortcut(ALICE, "sms_compose")
    view = world.slack.top_view(ALICE)
    assert (await typed(world, "alice", view)).options == []
    await world.slack.click(ALICE, view, "channel", ONCALL)
    await world.wait(lambda: ONCALL in view.body["private_metadata"])
    assert (await typed(world, "alice", view)).texts == ["alice"]
    await world.compose(people=["alice"], message="Water")
    await world.card()
    assert world.sent() == [("+16175551212", "Water")]


async def test_contacts_are_offered_while_slack_is_slow(socket_world: World) -> None:
    view = await opened(socket_world)
    await rewritten(socket_world, (socket_world.folder / "sms.toml").read_text())
    socket_world.slack.latency = 4
    offered = await typed(socket_world, "ali", view)
    assert (offered.texts, offered.done.error) == (["alice"], "")


async def test_who_came_too_late_is_offered_with_the_next_key(socket_world: World) -> None:
    view = await opened(socket_world)
    await rewritten(socket_world, (socket_world.folder / "sms.toml").read_text())
    socket_world.slack.add_user(CAROL, "carol", phone=NUMBER)
    socket_world.slack.latency = 1.2
    assert (await typed(socket_world, "carol", view)).texts == []
    await socket_world.wait(
        lambda: any(call.method == "users.list" for call in socket_world.slack.calls)
    )
    socket_world.slack.latency = 0
    assert (await typed(socket_world, "carol", view)).texts == ["carol"]


async def test_ten_thousand_contacts_are_searched(socket_world: World) -> None:
    await rewritten(
        socket_world,
        CHANNEL
        + 'to = ["directory"]\n'
        + "".join(
            f'[[contact]]\nname = "person{n}"\nnumber = "+1617555{n:04}"\n' for n in range(10_000)
        ),
    )
    view = await opened(socket_world)
    async with asyncio.timeout(60):  # a busy machine may not have them ready for the first key
        while (await typed(socket_world, "son9999", view)).texts != ["person9999"]:
            pass
    assert len((await typed(socket_world, "per", view)).options) == 100


async def test_a_hostile_name_is_offered_as_it_is_and_sent_to(socket_world: World) -> None:
    names = ["<!channel>", "x\u05d0gnp", "n" * 78, ":boom:&amp;"]
    await socket_world.stop()
    for n, name in enumerate(names):
        socket_world.add_policy(f'[[contact]]\nname = "c{n}{name}"\nnumber = "+1617555{n:04}"\n')
    await socket_world.start()
    view = await opened(socket_world)
    offered = await typed(socket_world, "+16175550", view)
    assert len(offered.options) == len(names)
    values = {"people": [each["value"] for each in offered.options], "message": "Water"}
    await socket_world.compose(ALICE, **values)
    await socket_world.card()
    assert len(socket_world.sent()) == len(names)


async def test_a_friendly_name_with_commas_and_quotes_can_be_chosen(socket_world: World) -> None:
    socket_world.twilio.verified.append(("+16175550123", 'Lab, "the" <!here>'))
    assert await sent_to(socket_world, 'lab, "the', "number:+16175550123") == ["+16175550123"]


async def test_where_there_is_a_choice_a_send_comes_from_the_chosen_sender(
    socket_world: World,
) -> None:
    senders = 'from = ["+15005550006", "+15005550009"]\n'
    await rewritten(socket_world, CHANNEL + 'to = ["+1"]\n' + senders)
    await opened(socket_world)
    values = {"recipients": NUMBER, "message": "Water", f"sender:{ONCALL}": "+15005550009"}
    await socket_world.compose(ALICE, **values)
    await socket_world.card()
    [post] = socket_world.twilio.posts
    assert post.form["From"] == ["+15005550009"]


async def test_a_mention_in_a_message_that_is_sent_on_becomes_a_name(socket_world: World) -> None:
    message = said(socket_world, "ask <@U0BOB> & co")
    await socket_world.slack.message_shortcut(ALICE, message, "sms_forward")
    await socket_world.compose(recipients=NUMBER)
    await socket_world.card()
    [(_, body)] = socket_world.sent()
    assert body.startswith("ask @bob")


async def test_a_message_is_sent_on_with_ids_where_slack_does_not_tell_names_soon(
    socket_world: World,
) -> None:
    message = said(socket_world, "ask <@U0BOB>")
    socket_world.slack.latency = 1
    done = await socket_world.slack.message_shortcut(ALICE, message, "sms_forward")
    assert done.error == ""
    view = socket_world.slack.top_view(ALICE)
    assert "ask @U0BOB" in str(view.body["blocks"])
