"""The directory in Slack: who may change it, to what, and how a change is undone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from commands.book import UNDO_WITHIN
from commands.dispatch import undo
from commands.model import Actor
from commands.outcome import Changed, Explained, Kept, Listing, Outcome, Refused, Source
from commands.rules import Contact, Group
from tests.commands.conftest import World
from tests.commands.fakes import NOW


@pytest.fixture
def admin(world: World) -> World:
    """An admin asks, in a channel of which sms.toml knows nothing."""
    world.actor = Actor("U0ADMIN", "C0ELSEWHERE")
    return world


def kept(world: World, name: str) -> Contact | Group | None:
    found = world.services.policy.named(name)
    return found if found and found.by else None


async def changed(world: World, text: str) -> Changed:
    outcome = await world.say(text)
    assert isinstance(outcome, Changed), outcome
    return outcome


async def refused(world: World, text: str) -> Refused:
    before = list(world.book.changes)
    outcome = await world.say(text)
    assert isinstance(outcome, Refused), outcome
    assert outcome.remedy
    assert world.book.changes == before
    return outcome


# Who may


@pytest.mark.parametrize(
    "text",
    ["contacts", "contacts add jane +16175551299", "contacts remove alice", "group night alice"],
)
async def test_who_is_no_admin_is_told_how_to_become_one(world: World, text: str) -> None:
    outcome = await refused(world, text)
    assert outcome.kind == "NotAllowed"
    assert 'admins = ["U0ADMIN", "S0SRE", "U0ME"]' in outcome.remedy
    [entry] = world.audit.entries
    assert (entry.allowed, entry.rule) == (False, 'admins = ["U0ADMIN", "S0SRE"]')


async def test_a_member_of_a_user_group_among_the_admins_is_one(world: World) -> None:
    world.directory.groups["S0SRE"] = ("U0ME",)
    await changed(world, "contacts add jane +16175551299")


async def test_why_and_help_tell_admins_that_they_may(admin: World) -> None:
    explained = await admin.say("why contacts add jane +16175551299")
    assert isinstance(explained, Explained)
    assert explained.allowed
    assert admin.book.changes == []
    assert "/sms contacts add NAME NUMBER" in str(await admin.say("help"))


async def test_help_does_not_offer_the_directory_to_others(world: World) -> None:
    assert "contacts" not in str(await world.say("help"))


# Contacts


async def test_a_contact_that_was_added_can_be_sent_to_by_name(admin: World) -> None:
    outcome = await changed(admin, "contacts add Jane (617) 555-1299 <@U0JANE|jane>")
    assert "Jane" in outcome.text
    assert "+16175551299" in outcome.text
    assert kept(admin, "jane") == Contact("Jane", "+16175551299", "U0JANE")
    admin.actor = Actor("U0ME", "C1")
    for recipient in ("jane", "<@U0JANE|whoever>"):
        await admin.say(f"send {recipient} Water in the lab", key=recipient)
        assert [r.address for r in admin.ledger.sends[-1].recipients] == ["+16175551299"]


async def test_a_change_is_audited_without_the_number(admin: World) -> None:
    await changed(admin, "contacts add jane +16175551299")
    [entry] = admin.book.entries
    assert (entry.action, entry.allowed, entry.detail) == ("contacts", True, "contact jane added")
    assert entry.rule == 'admins = ["U0ADMIN", "S0SRE"]'


async def test_somebody_mentioned_is_added_under_their_name(admin: World) -> None:
    await changed(admin, "contacts add <@U0JANE|jane> +16175551299")
    assert kept(admin, "jane") == Contact("jane", "+16175551299", "U0JANE")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("contacts add ALICE +16175551299", "a contact of this name already: alice"),
        ("contacts add oncall +16175551299", "a group of this name already"),
        ("contacts add verified +16175551299", "is reserved"),
        ('contacts add "Jane D" +16175551299', "has blanks"),
        ("contacts add 911 +16175551299", "would be read as a number"),
        (f"contacts add {'x' * 81} +16175551299", "longer than 80"),
        ("contacts add <@U0JANE> +16175551299", "is empty"),
        ("contacts add jane 12", "cannot be texted"),
        ("contacts add jane +16175551299 <@U0ALICE|a>", "is the contact alice already"),
        ("contacts remove nobody", "No contact or group is called"),
        ("contacts remove alice", "stands in sms.toml"),
        ("contacts remove oncall", "stands in sms.toml"),
    ],
)
async def test_what_does_not_fit_is_refused_with_its_reason(
    admin: World, text: str, why: str
) -> None:
    assert why in (await refused(admin, text)).text


async def test_a_contact_can_be_removed_unless_a_group_has_it(admin: World) -> None:
    await changed(admin, "contacts add jane +16175551299")
    await changed(admin, "group night jane, alice")
    outcome = await refused(admin, "contacts remove jane")
    assert "night" in outcome.text
    assert "/sms group remove night jane" in outcome.remedy
    await changed(admin, "group remove night jane")
    await changed(admin, "contacts remove JANE")
    assert kept(admin, "jane") is None


async def test_a_group_is_not_removed_as_a_contact(admin: World) -> None:
    await changed(admin, "group night alice")
    assert "/sms group delete night" in (await refused(admin, "contacts remove night")).remedy


async def test_both_directories_are_listed_with_where_each_is_kept(admin: World) -> None:
    await changed(admin, "contacts add aaron +16175551299")
    await changed(admin, "group all aaron")
    outcome = await admin.say("contacts")
    assert isinstance(outcome, Listing)
    assert [(row.name, row.source, row.kept) for row in outcome.rows] == [
        ("aaron", Source.CONTACT, Kept.SLACK),
        ("alice", Source.CONTACT, Kept.FILE),
        ("Bob", Source.CONTACT, Kept.FILE),
        ("all", Source.GROUP, Kept.SLACK),
        ("everyone", Source.GROUP, Kept.FILE),
        ("oncall", Source.GROUP, Kept.FILE),
    ]


async def test_of_two_changes_at_once_one_is_refused(admin: World) -> None:
    admin.book.faster = True
    assert "at the same moment" in (await refused(admin, "contacts add jane +16175551299")).text


# Groups


@pytest.mark.parametrize("verb", ["", "create "])
async def test_a_group_is_made_of_contacts_groups_and_numbers(admin: World, verb: str) -> None:
    await changed(admin, f'group {verb}Night ALICE, oncall, "(617) 555-1299", <@U0ALICE|al>, alice')
    assert kept(admin, "night") == Group("Night", ("alice", "oncall", "+16175551299"))


async def test_a_group_named_anew_has_these_members_from_then_on(admin: World) -> None:
    await changed(admin, "group night alice")
    await changed(admin, "group NIGHT bob")
    assert kept(admin, "night") == Group("night", ("Bob",))


async def test_members_are_added_and_taken_out(admin: World) -> None:
    await changed(admin, "group night alice")
    await changed(admin, "group add night bob, +16175551299")
    assert kept(admin, "night") == Group("night", ("alice", "Bob", "+16175551299"))
    await changed(admin, "group remove night ALICE, 617-555-1299")
    assert kept(admin, "night") == Group("night", ("Bob",))
    await changed(admin, "group delete night")
    assert kept(admin, "night") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("group create night alice", "a group of this name already"),
        ("group create alice bob", "a contact of this name already"),
        ("group oncall alice", "stands in sms.toml"),
        ("group add nowhere alice", "No contact or group is called"),
        ("group add night alice", "That is what night is already"),
        ("group night alice", "That is what night is already"),
        ("group add night nobody", "nobody: no contact or group has this name"),
        ("group add night night", "night would contain itself"),
        ("group add night verified", "a group holds contacts, groups and numbers only"),
        ("group add night <@U0BOB|bob>", "no contact is linked to them"),
        ("group add night 12", "12: "),
        ("group remove night bob", "Not in night: bob"),
        ("group remove night alice", "Nobody would be left"),
        ("group delete alice", "stands in sms.toml"),
        ("group 911 alice", "would be read as a number"),
    ],
)
async def test_a_change_of_a_group_that_does_not_fit_is_refused(
    admin: World, text: str, why: str
) -> None:
    await changed(admin, "group night alice")
    assert why in (await refused(admin, text)).text


@pytest.mark.parametrize("verb", ["", "add ", "remove ", "delete "])
async def test_a_contact_is_not_changed_as_a_group(admin: World, verb: str) -> None:
    await changed(admin, "contacts add jane +16175551299")
    members = "" if verb == "delete " else " alice"
    assert "jane is a contact" in (await refused(admin, f"group {verb}jane{members}")).text


async def test_groups_cannot_contain_each_other(admin: World) -> None:
    await changed(admin, "group night alice")
    await changed(admin, "group day night")
    assert "night would contain itself" in (await refused(admin, "group add night day")).text
    assert "member of day" in (await refused(admin, "group delete night")).text


# Undo


async def click(world: World, number: int) -> Outcome:
    return await undo(world.actor, number, world.services)


async def test_a_change_is_undone_once(admin: World) -> None:
    added = await changed(admin, "contacts add jane +16175551299")
    assert added.undoable
    undone = await click(admin, added.number)
    assert isinstance(undone, Changed)
    assert not undone.undoable
    assert kept(admin, "jane") is None
    again = await click(admin, added.number)
    assert isinstance(again, Refused)
    assert "undone before" in again.text


async def test_what_was_removed_comes_back_as_it_was(admin: World) -> None:
    await changed(admin, "contacts add Jane +16175551299 <@U0JANE|j>")
    removed = await changed(admin, "contacts remove jane")
    await click(admin, removed.number)
    assert kept(admin, "jane") == Contact("Jane", "+16175551299", "U0JANE")


async def test_what_was_changed_since_is_not_undone(admin: World) -> None:
    await changed(admin, "group night alice")
    second = await changed(admin, "group add night bob")
    await changed(admin, "group add night +16175551299")
    outcome = await click(admin, second.number)
    assert isinstance(outcome, Refused)
    assert "changed again since" in outcome.text


async def test_a_contact_that_a_group_has_by_now_stays(admin: World) -> None:
    added = await changed(admin, "contacts add jane +16175551299")
    await changed(admin, "group night jane")
    outcome = await click(admin, added.number)
    assert isinstance(outcome, Refused)
    assert "member of night" in outcome.text


@pytest.mark.parametrize(("late", "works"), [(timedelta(), True), (timedelta(seconds=1), False)])
async def test_the_button_works_for_ten_minutes(
    admin: World, late: timedelta, *, works: bool
) -> None:
    added = await changed(admin, "contacts add jane +16175551299")
    admin.clock.moment = NOW + UNDO_WITHIN + late
    outcome = await click(admin, added.number)
    assert isinstance(outcome, Changed) is works
    assert (kept(admin, "jane") is None) is works
    assert timedelta(minutes=10) == UNDO_WITHIN


async def test_only_admins_undo(admin: World) -> None:
    added = await changed(admin, "contacts add jane +16175551299")
    admin.actor = replace(admin.actor, user="U0ME")
    outcome = await click(admin, added.number)
    assert isinstance(outcome, Refused)
    assert outcome.kind == "NotAllowed"
    assert kept(admin, "jane") is not None


async def test_a_change_that_never_was_is_not_undone(admin: World) -> None:
    outcome = await click(admin, 4711)
    assert isinstance(outcome, Refused)
    assert outcome.remedy
