"""Values of suggestions: carried by Slack, read into what they name, and not believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands import choices
from commands.choices import LONGEST, Chosen
from commands.dispatch import answer, look_at
from commands.entries import (
    Entry,
    NameEntry,
    NumberEntry,
    UserEntry,
    UserGroupEntry,
    VerifiedEntry,
)
from commands.errors import BadRecipients
from commands.model import Recipient
from commands.outcome import Asked, Refused, Sending
from commands.policy import Contact, Group, Policy
from commands.question import Word
from tests.commands.conftest import World


@pytest.mark.parametrize(
    ("value", "entry"),
    [
        (choices.of_name("alice"), NameEntry("alice")),
        (choices.of_user("U1"), UserEntry("U1")),
        (choices.of_user_group("S1"), UserGroupEntry("S1")),
        (choices.of_number("+16175551212"), NumberEntry("+16175551212")),
        (choices.ALL_VERIFIED, VerifiedEntry()),
    ],
)
def test_a_value_is_read_into_what_it_names(value: str, entry: Entry) -> None:
    assert choices.read((value,), Policy()) == (entry,)


@given(st.text(min_size=1, max_size=80), st.booleans())
def test_every_name_fits_into_a_value_and_comes_back(name: str, group: bool) -> None:  # noqa: FBT001
    value = choices.of_name(name)
    assert 0 < len(value) <= LONGEST
    policy = Policy(groups=(Group(name),)) if group else Policy(contacts=(Contact(name, "+1"),))
    assert choices.read((value,), policy) == (NameEntry(name),)


def test_names_that_begin_alike_have_values_of_their_own() -> None:
    assert choices.of_name("n" * 79 + "a") != choices.of_name("n" * 79 + "b")


def test_what_slack_would_bring_back_otherwise_is_not_carried_as_it_is() -> None:
    assert "&" not in choices.of_name("a&b")
    assert "<" not in choices.of_name("<!channel>")


def test_an_address_that_is_too_long_has_no_value() -> None:
    assert choices.of_number("messenger:" + "1" * 80) == ""


@pytest.mark.parametrize(
    "value", ["", "name:", "number:", "user:", "user:x", "group:U1", "verified ", "alice", "x:y"]
)
def test_a_value_that_was_never_offered_is_refused(value: str) -> None:
    with pytest.raises(BadRecipients, match="no choice that was offered"):
        choices.read((value,), Policy())


def test_a_long_name_that_is_gone_is_refused_with_what_to_do() -> None:
    with pytest.raises(BadRecipients, match="is not in the directory any more") as caught:
        choices.read((choices.of_name("n" * 80),), Policy())
    assert "choose anew" in caught.value.remedy


async def submitted(world: World, *values: str, typed: str = "") -> object:
    """Submit the composer with these values chosen."""
    outcome = await look_at(
        world.actor, typed, "Water", "view:1", world.services, chosen=Chosen(values)
    )
    if not isinstance(outcome, Asked):
        return outcome
    return await answer(world.actor, outcome.question.turn, Word.SEND, world.services)


async def test_a_name_with_commas_blanks_and_quotes_is_one_recipient(world: World) -> None:
    odd = Contact('a, "b" bob', "+16175550001")
    world.policy = Policy(channels=world.policy.channels, contacts=(odd,))
    assert isinstance(await submitted(world, choices.of_name(odd.name)), Sending)
    assert world.ledger.sends[0].recipients == (Recipient(odd.number, odd.name),)


async def test_a_chosen_name_that_is_gone_is_told_like_a_typed_one(world: World) -> None:
    refused = await submitted(world, "name:carol")
    assert isinstance(refused, Refused)
    assert "carol: no contact or group has this name" in refused.text


async def test_chosen_ones_come_before_typed_ones_and_each_once(world: World) -> None:
    await submitted(world, "name:bob", typed="alice, bob")
    [sent] = world.ledger.sends
    assert [each.name for each in sent.recipients] == ["Bob", "alice"]


async def test_a_chosen_number_that_the_channel_does_not_reach_is_refused(world: World) -> None:
    assert isinstance(await submitted(world, "number:+442079460018"), Refused)
    assert world.ledger.sends == []


async def test_nothing_chosen_and_nothing_typed_is_refused_with_what_to_write(
    world: World,
) -> None:
    refused = await submitted(world, typed=" \n")
    assert isinstance(refused, Refused)
    assert refused.text == "There are no recipients."
