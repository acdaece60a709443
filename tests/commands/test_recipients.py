from dataclasses import replace

import pytest

from commands.model import Recipient
from commands.outcome import Listing, Refused, Row, Source
from commands.policy import Group
from tests.commands.conftest import ALICE, BOB, World

LAB = Recipient("+16505550000", "Lab")
ROW_ALICE = Row("alice", ALICE.number, Source.CONTACT)
ROW_BOB = Row("Bob", BOB.number, Source.CONTACT)
ONCALL = Row("oncall", "", Source.GROUP, ("alice", "+16175551214"), people=2)
EVERYONE = Row("everyone", "", Source.GROUP, ("oncall", "bob", "everyone"), people=3)


async def rows(world: World, text: str = "recipients") -> tuple[Row, ...]:
    listing = await world.say(text)
    assert isinstance(listing, Listing)
    return listing.rows


async def test_contacts_and_groups_are_listed_by_name(world: World) -> None:
    assert await world.say("recipients") == Listing(
        (ROW_ALICE, ROW_BOB, EVERYONE, ONCALL), filter="", channel="C1", show_numbers=False
    )


async def test_where_only_the_directory_is_reached_twilio_is_not_asked(world: World) -> None:
    world.rule(to=("directory",))
    assert ROW_ALICE in await rows(world)
    assert world.directory.calls == []


async def test_a_verified_number_that_a_prefix_reaches_is_listed(world: World) -> None:
    world.rule(to=("+1650",))
    world.directory.numbers = [LAB]
    assert await rows(world) == (Row("Lab", LAB.address, Source.VERIFIED),)


async def test_verified_numbers_are_listed_once_under_the_contact_s_name(world: World) -> None:
    world.rule(to=("verified",), show_numbers=True)
    world.directory.numbers = [LAB, Recipient(ALICE.number, "Alicia"), Recipient("+16505550001")]
    listing = await world.say("recipients")
    assert listing == Listing(
        (
            Row("", "+16505550001", Source.VERIFIED),
            ROW_ALICE,
            Row("Lab", LAB.address, Source.VERIFIED),
        ),
        filter="",
        channel="C1",
        show_numbers=True,
    )
    assert world.directory.calls == ["verified"]


async def test_only_what_the_channel_reaches_is_listed(world: World) -> None:
    world.rule(to=(BOB.number,))
    assert await rows(world) == (ROW_BOB,)


async def test_a_group_is_listed_only_if_all_its_members_are_reached(world: World) -> None:
    world.rule(to=(ALICE.number, "+16175551214"))
    assert await rows(world) == (ROW_ALICE, ONCALL)


async def test_a_group_that_needs_a_look_up_is_left_out_without_one(world: World) -> None:
    outside = (Group("a", ("<@U1>",)), Group("b", ("<!subteam^S1>",)), Group("c", ("verified",)))
    world.policy = replace(world.policy, groups=outside)
    assert await rows(world) == (ROW_ALICE, ROW_BOB)
    assert world.directory.calls == ["verified"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("ALI", (ROW_ALICE,)), ("1213", (ROW_BOB,)), ("CALL", (ONCALL,)), ("nobody", ())],
)
async def test_a_filter_is_part_of_a_name_or_number(
    world: World, text: str, found: tuple[Row, ...]
) -> None:
    assert await rows(world, f"recipients {text}") == found


async def test_an_empty_list_is_an_answer(world: World) -> None:
    world.rule(to=())
    assert await rows(world) == ()


async def test_who_has_opted_out_of_the_channels_sender_is_listed_as_such(world: World) -> None:
    world.ledger.out = {("+15005550006", ALICE.number), ("+15005550009", BOB.number)}
    out_alice, out_bob = replace(ROW_ALICE, opted_out=True), replace(ROW_BOB, opted_out=True)
    assert (await rows(world))[:2] == (out_alice, ROW_BOB)
    world.rule(senders=("+15005550009",))
    assert (await rows(world))[:2] == (ROW_ALICE, out_bob)


async def test_a_group_tells_how_many_of_its_people_have_opted_out(world: World) -> None:
    world.ledger.out = {("+15005550006", ALICE.number), ("+15005550006", BOB.number)}
    assert (await rows(world))[2:] == (replace(EVERYONE, out=2), replace(ONCALL, out=1))


async def test_who_is_in_a_group_twice_is_one_of_its_people(world: World) -> None:
    twice = Group("twice", ("alice", ALICE.number, "alice"))
    world.policy = replace(world.policy, groups=(twice,))
    [*_, row] = await rows(world)
    assert (row.people, row.out) == (1, 0)


async def test_a_group_of_which_all_have_opted_out_is_listed_as_opted_out(world: World) -> None:
    world.ledger.out = {("+15005550006", n) for n in (ALICE.number, "+16175551214")}
    everyone, oncall = (await rows(world))[2:]
    assert (oncall.opted_out, oncall.out) == (True, 2)
    assert not everyone.opted_out


async def test_a_group_that_comes_to_nobody_has_not_opted_out(world: World) -> None:
    world.policy = replace(world.policy, groups=(Group("itself", ("itself",)),))
    [*_, row] = await rows(world)
    assert (row.people, row.opted_out) == (0, False)


@pytest.mark.parametrize("keys", [{"allow": ("send",)}, {"who": ("U1",)}])
async def test_who_may_not_list_gets_no_list(world: World, keys: dict[str, object]) -> None:
    world.rule(**keys)
    outcome = await world.say("recipients")
    assert isinstance(outcome, Refused)
    assert outcome.kind == "NotAllowed"
    assert [e.action for e in world.audit.entries] == ["recipients"]
