from dataclasses import replace

import pytest

from commands.entries import read_list
from commands.errors import BadRecipients, LookupFailed
from commands.lookups import Lookups
from commands.model import Recipient
from commands.person import PersonState
from commands.policy import Group, Policy
from commands.resolve import resolve
from tests.commands.conftest import ALICE, BOB, FakeDirectory, policy_of

A, B = Recipient(ALICE.number, "alice"), Recipient(BOB.number, "Bob")
C = Recipient("+16175551214")
POLICY = policy_of({})


async def people(
    raw: str, directory: FakeDirectory | None = None, policy: Policy = POLICY
) -> tuple[Recipient, ...]:
    entries, _ = read_list(raw)
    found = await resolve(entries, policy, Lookups(directory or FakeDirectory()))
    return found.recipients


async def problems(
    raw: str, directory: FakeDirectory | None = None, policy: Policy = POLICY
) -> dict[str, str]:
    with pytest.raises(BadRecipients) as caught:
        await people(raw, directory, policy)
    assert caught.value.remedy
    assert caught.value.text.startswith("Nothing was sent.")
    return {p.entry: p.why for p in caught.value.problems}


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("alice", (A,)),
        ("ALICE, @bob", (A, B)),
        ("+16175551214", (C,)),
        ('"(617) 555-1214"', (C,)),
        ("+16175551212", (A,)),
        ("whatsapp:+16175551212", (Recipient("whatsapp:+16175551212"),)),
        ("OnCall", (A, C)),
        ("everyone", (A, C, B)),
        ("bob, everyone, oncall, bob", (B, A, C)),
        ("<@U0ALICE|al>", (A,)),
    ],
)
async def test_names_become_addresses_each_once_in_order(
    raw: str, found: tuple[Recipient, ...]
) -> None:
    directory = FakeDirectory()
    assert await people(raw, directory) == found
    assert directory.calls == []


async def test_a_user_is_reached_by_the_phone_of_the_profile() -> None:
    directory = FakeDirectory(
        phones={"U1": Recipient("(617) 555-0001", "Una"), "U2": Recipient("+16175550002")}
    )
    assert await people("<@U1|u>,<@U2|deux>", directory) == (
        Recipient("+16175550001", "Una"),
        Recipient("+16175550002", "deux"),
    )


async def test_our_own_name_for_a_number_goes_first() -> None:
    directory = FakeDirectory(
        numbers=[Recipient(BOB.number, "Robert"), Recipient("+16505550000", "Lab")],
        phones={"U1": Recipient(ALICE.number, "Alicia")},
    )
    lab = Recipient("+16505550000", "Lab")
    assert await people("<@U1>, verified", directory) == (A, B, lab)


async def test_a_number_without_a_name_takes_a_later_name() -> None:
    directory = FakeDirectory(numbers=[Recipient("+16505550000", "Lab")])
    assert await people("+16505550000, verified", directory) == (Recipient("+16505550000", "Lab"),)


async def test_a_user_group_is_its_members_each_looked_up_once() -> None:
    directory = FakeDirectory(
        groups={"S1": ("U0ALICE", "U1")}, phones={"U1": Recipient("+16175550001", "Una")}
    )
    una = Recipient("+16175550001", "Una")
    assert await people("<!subteam^S1|@sre>, <@U1>, <!subteam^S1>", directory) == (A, una)
    assert directory.calls == ["people U1", "group S1"]


async def test_all_members_are_looked_up_in_one_call_and_so_are_all_who_are_named() -> None:
    members = tuple(f"U{n}" for n in range(300))
    phones: dict[str, Recipient | None] = {u: Recipient(f"+1617555{u[1:]:0>4}") for u in members}
    directory = FakeDirectory(groups={"S1": ("U0ALICE", *members)}, phones=phones)
    assert len(await people("<!subteam^S1|@sre>, <@U1>, <@U2>, <@U0ALICE>", directory)) == 301
    rest = " ".join(u for u in members if u not in {"U1", "U2"})
    assert directory.calls == ["people U1 U2", "group S1", f"people {rest}"]


async def test_who_cannot_be_reached_at_all_is_refused_with_what_to_do() -> None:
    directory = FakeDirectory(
        phones={"U1": Recipient("+16175550001", "bob")},
        names={"U2": "robot", "U3": "cy"},
        standings={
            "U1": PersonState.DEACTIVATED,
            "U2": PersonState.BOT,
            "U3": PersonState.DEACTIVATED,
            "U4": PersonState.UNKNOWN,
        },
        groups={"S1": ("U3", "U0ALICE"), "S2": ()},
    )
    raw = "<@U1>, <@U2>, <@U4|who>, <!subteam^S1|@sre>, <!subteam^S2|@empty>, <!subteam^S3|@gone>"
    why = await problems(raw, directory)
    assert list(why) == ["@bob", "@robot", "@who", "@sre, @cy", "@empty", "@gone"]
    assert why["@bob"].startswith("is deactivated in Slack; leave them out")
    assert why["@sre, @cy"] == why["@bob"]
    assert why["@robot"].startswith("is a bot")
    assert "does not know this person" in why["@who"]
    assert "has no members" in why["@empty"]
    assert "no such user group, or it is disabled" in why["@gone"]


async def test_a_contact_is_reached_whatever_slack_says_of_the_user() -> None:
    directory = FakeDirectory(standings={"U0ALICE": PersonState.DEACTIVATED})
    assert await people("<@U0ALICE>", directory) == (A,)
    assert directory.calls == []


async def test_all_bad_entries_are_named_at_once() -> None:
    directory = FakeDirectory(
        phones={"U2": Recipient("ask me", "Deux"), "U4": Recipient("  ")},
        groups={"S1": (), "S2": ("U3",)},
        names={"U3": "Drei"},
    )
    raw = (
        "alice, alcie, xyzzy, 911, <#C1|general>, <@U1|un>, <@U2|deux>, <@U4>, "
        "<!subteam^S1|@nobody>, <!subteam^S2|@sre>, verified, xyzzy"
    )
    why = await problems(raw, directory, replace(POLICY, admins=()))
    assert list(why) == [
        "alcie",
        "xyzzy",
        "911",
        "#general",
        "@un",
        "@deux",
        "@U4",
        "@nobody",
        "@sre, @Drei",
        "verified",
    ]
    assert "did you mean alice?" in why["alcie"]
    assert "[[contact]]" in why["xyzzy"]
    assert "short code" in why["911"]
    assert "channel cannot be texted" in why["#general"]
    assert 'slack = "U1"' in why["@un"]
    assert "ask me, cannot be used: not a phone number" in why["@deux"]
    assert "no phone" in why["@U4"]
    assert "no members" in why["@nobody"]
    assert 'slack = "U3"' in why["@sre, @Drei"]
    assert "no verified numbers" in why["verified"]


async def test_where_there_are_admins_they_can_mend_it_from_slack() -> None:
    why = await problems("xyzzy, <@U4|vier>", policy=replace(POLICY, admins=("U0ADMIN",)))
    assert why["xyzzy"].endswith("an admin can add it: /sms contacts add xyzzy NUMBER")
    assert why["@vier"].endswith("an admin type /sms contacts add NAME NUMBER @vier")


async def test_a_bad_member_is_named_with_its_group() -> None:
    inner, outer = Group("inner", ("nobody", "alice")), Group("outer", ("inner", "@zed", "hollow"))
    policy = replace(POLICY, groups=(inner, outer, Group("hollow")))
    why = await problems("outer", policy=policy)
    assert set(why) == {"inner, nobody", "zed", "outer, hollow"}
    assert why["outer, hollow"] == "the group has no members"


async def test_groups_that_hold_each_other_end() -> None:
    policy = replace(POLICY, groups=(Group("a", ("b", "alice")), Group("b", ("a", "bob"))))
    assert await people("a", policy=policy) == (B, A)


@pytest.mark.parametrize("raw", ["verified", "<@U1>", "<!subteam^S1>"])
async def test_a_directory_that_does_not_answer_ends_it(raw: str) -> None:
    with pytest.raises(LookupFailed):
        await people(raw, FakeDirectory(down=True))
