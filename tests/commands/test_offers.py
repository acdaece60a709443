"""Nobody is offered whom a send would be refused for."""

from collections.abc import Iterable
from dataclasses import replace

from commands import offers
from commands.haystack import Candidate
from commands.model import Recipient
from commands.offers import Member, Scope, UserGroup
from commands.policy import ChannelRules, Contact, Group, Policy

NEAR, FAR = "+16175551212", "+442079460018"
POLICY = Policy(
    contacts=(
        Contact("near", NEAR, "U1"),
        Contact("far", FAR, "U2"),
        Contact("NEAR", FAR),
    ),
    groups=(
        Group("nearby", ("near", "+16175551213")),
        Group("both", ("near", "far")),
        Group("nested", ("nearby", "nested", "nearby")),
        Group("empty"),
        Group("hollow", ("empty",)),
        Group("broken", ("gone", "12")),
        Group("people", ("near", "<@U1>")),
        Group("near", ("near",)),
    ),
)


def scope(*to: str, verified: Iterable[str] = ()) -> Scope:
    return Scope(POLICY, ChannelRules("C1", to=to), frozenset(verified))


def names(candidates: Iterable[Candidate]) -> list[str]:
    return [each.name for each in candidates]


def test_a_contact_is_offered_by_what_of_to_reaches_its_number() -> None:
    assert names(offers.contacts(scope("directory"))) == ["near", "far"]
    assert names(offers.contacts(scope("+1"))) == ["near"]
    assert names(offers.contacts(scope("verified", verified=[FAR]))) == ["far"]
    assert names(offers.contacts(scope())) == []


def test_a_contact_tells_its_number_in_full() -> None:
    [near] = offers.contacts(scope("+1"))
    assert (near.value, near.detail) == ("name:near", NEAR)


def test_a_group_is_offered_if_everybody_in_it_is_within_reach() -> None:
    assert names(offers.groups(scope("+1"))) == ["nested", "nearby"]
    assert names(offers.groups(scope("directory"))) == ["nested", "both", "nearby"]


def test_a_group_tells_how_many_it_reaches() -> None:
    found = {each.name: each.detail for each in offers.groups(scope("+1"))}
    assert found["nested"] == "2 recipients"
    one = replace(POLICY, groups=(Group("one", ("near",)),))
    [only] = offers.groups(Scope(one, ChannelRules("C1", to=("+1",))))
    assert only.detail == "1 recipient"


def test_a_slack_user_is_offered_with_a_phone_within_reach_or_one_not_told() -> None:
    people = [
        Member("U3", "Zoë", "zoe", "(617) 555-1299"),
        Member("U4", "far away", "far", FAR),
        Member("U5", "no phone", "none", ""),
        Member("U6", "not told", "Not Told", None),
        Member("U7", "unreadable", "x", "ext. 5"),
    ]
    found = list(offers.users(people, scope("+1")))
    assert names(found) == ["Zoë (@zoe)", "not told"]
    assert [each.detail for each in found] == ["+16175551299", ""]
    assert names(offers.users(people, scope())) == []


def test_a_slack_user_who_is_a_contact_is_offered_as_that_alone() -> None:
    assert names(offers.users([Member("U1", "near", "near", NEAR)], scope("+1"))) == []


def test_a_user_group_with_members_is_offered_where_anybody_is_reached() -> None:
    groups = [UserGroup("S1", "sre", "Reliability", 3), UserGroup("S2", "bare", "", 1)]
    groups += [UserGroup("S3", "empty", "Empty", 0)]
    found = list(offers.user_groups(groups, scope("+1")))
    assert [(each.name, each.detail) for each in found] == [
        ("@sre", "Reliability, 3 recipients"),
        ("@bare", ""),
    ]
    assert names(offers.user_groups(groups, scope())) == []


def test_verified_numbers_within_reach_are_offered_and_all_of_them_as_one() -> None:
    known = [Recipient(NEAR, "Lab"), Recipient(FAR), Recipient("messenger:" + "1" * 80)]
    all_of_them = scope("verified", verified=[r.address for r in known])
    assert names(offers.verified(known, all_of_them)) == ["verified", "Lab", FAR]
    assert names(offers.verified(known, scope("+1"))) == ["Lab"]


def test_all_verified_numbers_are_offered_before_they_are_known_but_not_none() -> None:
    assert names(offers.verified(None, scope("verified"))) == ["verified"]
    assert names(offers.verified((), scope("verified"))) == []


def test_numbers_that_are_typed_are_offered_each_once_if_they_are_within_reach() -> None:
    text = f"(617) 555-1212, {NEAR}, {FAR}, 12, near, +16175551214,"
    assert names(offers.typed(text, scope("+1"))) == [NEAR, "+16175551214"]


def test_a_typed_number_tells_whose_it_is() -> None:
    [number] = offers.typed(NEAR, scope("+1"))
    assert number.detail == "near"


def test_a_typed_address_that_cannot_be_carried_is_not_offered() -> None:
    assert names(offers.typed("messenger:" + "1" * 80, scope("messenger:"))) == []


def test_a_phone_does_not_show_in_a_repr() -> None:
    assert "1212" not in repr(Member("U1", "near", "near", NEAR))
