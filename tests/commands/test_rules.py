import pytest

from commands.model import Recipient
from commands.policy import (
    ChannelRules,
    Contact,
    Group,
    Policy,
    groups_mentioned,
    needs_verified,
    reach,
)
from tests.commands.conftest import ALICE, policy_of

ONE = frozenset({"+19995550000"})


@pytest.mark.parametrize(
    ("to", "address", "item"),
    [
        (("verified",), "+19995550000", "verified"),
        (("verified",), ALICE.number, ""),
        (("directory",), ALICE.number, "directory"),
        (("directory",), "+16175551214", "directory"),
        (("directory",), "+19995550000", ""),
        (("+1617",), ALICE.number, "+1617"),
        (("+1617",), "whatsapp:+16175551212", ""),
        (("whatsapp:",), "whatsapp:+16175551212", "whatsapp:"),
        (("whatsapp:+44",), "whatsapp:+16175551212", ""),
        (("", "*"), ALICE.number, ""),
        (("", "+1617"), ALICE.number, "+1617"),
        ((), ALICE.number, ""),
        (("+1999", "verified"), "+19995550000", "+1999"),
    ],
)
def test_an_address_is_reached_by_its_classes_and_prefixes(
    to: tuple[str, ...], address: str, item: str
) -> None:
    assert reach(policy_of({}), ChannelRules("C1", to=to), address, ONE) == item


def test_literal_numbers_of_groups_are_read_in_the_region() -> None:
    policy = Policy("US", groups=(Group("g", ("(617) 555-1214", "911", "alice")),))
    assert dict(policy.directory) == {"+16175551214": ""}


def test_the_first_of_equal_names_users_and_numbers_wins() -> None:
    one, two = Contact("Al", "+16175551212", "U1"), Contact("AL", "+16175551212", "U1")
    policy = Policy(contacts=(one, two), groups=(Group("G", ("a",)), Group("g", ("b",))))
    assert policy.contact_named["al"] is one
    assert policy.contact_of["U1"] is one
    assert policy.directory["+16175551212"] == "Al"
    assert policy.group_named["g"].members == ("a",)


def test_contacts_and_groups_hide_numbers_from_logs() -> None:
    assert repr(ALICE) == "Contact('alice')"
    assert repr(Group("g", ("+16175551212",))) == "Group('g', 1 members)"


@pytest.mark.parametrize(
    ("to", "address", "needed"),
    [
        (("verified",), "+19995550000", True),
        (("verified", "directory"), ALICE.number, False),
        (("verified", "+1617"), ALICE.number, False),
        (("directory",), "+19995550000", False),
    ],
)
def test_verified_numbers_are_needed_only_where_they_decide(
    to: tuple[str, ...], address: str, *, needed: bool
) -> None:
    policy = policy_of({"C1": ChannelRules("C1", to=to)})
    assert needs_verified(policy, "C1", [Recipient(address)]) is needed
    assert not needs_verified(policy, "C1", [])
    assert not needs_verified(policy, "C2", [Recipient(address)])


def test_groups_are_those_of_the_channel_and_of_the_admins() -> None:
    policy = policy_of({"C1": ChannelRules("C1", who=("U1", "S1", "*"))})
    assert groups_mentioned(policy, "C1") == {"S1", "S0SRE"}
    assert groups_mentioned(policy, "C2") == {"S0SRE"}
