"""Every recipe of docs/policy.md is typed, against the policy that the bot decides by."""

import re
from dataclasses import replace

import pytest

from bot.policyfile import parse
from commands.model import Actor, Recipient
from commands.outcome import (
    Asked,
    Awaiting,
    Changed,
    Listing,
    Outcome,
    Paging,
    Refused,
    Sending,
)
from tests.commands.conftest import FakeDirectory, World
from tests.contracts.pages import coded, fences, pages, table

PAGE = pages()["policy.md"]
RECIPES = [f for f in fences("toml") if f.page == "policy.md"]
ANN = "+16175551212"


def world_of(toml: str) -> World:
    directory = FakeDirectory(
        numbers=[Recipient(ANN), Recipient("+16175551213")],
        phones={"U0ANN": Recipient(ANN, "Ann")},
        groups={"S0SRE": ("U0ANN",)},
        guests={"U0GUS"},
    )
    return World(parse(toml).policy, directory)


TOLD = {
    Listing: "listed",
    Changed: "changed",
    Asked: "the sender is asked",
    Awaiting: "a second person is asked",
}


def told(outcome: Outcome, world: World) -> str:
    """Say what came of a command, in the words of the page."""
    match outcome:
        case Sending():
            world.ledger.used += outcome.recipients
            return f"sent to {outcome.recipients}"
        case Paging():
            return f"paged by `{outcome.escalation}`" if outcome.escalation else "paged"
        case Refused(kind="BadRecipients"):
            return "refused: cannot be reached"
        case Refused():
            return f"refused{_by(world.audit.entries[-1].rule)}"
    return TOLD[type(outcome)]


def _by(rule: str) -> str:
    key = re.search(r"(?:^|: )(\w+) = ", rule)
    return f" by `{key[1]}`" if key else ": no such channel in `sms.toml`"


def test_there_are_a_dozen_recipes_at_least_each_with_what_it_does() -> None:
    assert len(RECIPES) >= 12
    assert PAGE.count("| who | where | types | then |") == len(RECIPES)


def test_each_recipe_shows_something_that_is_allowed_and_something_that_is_refused() -> None:
    for recipe in RECIPES:
        thens = [then for *_, then in table(recipe.after, "who")]
        asks = [then for then in thens if then.startswith("refused") or then.endswith("is asked")]
        assert 0 < len(asks) < len(thens), recipe.text


@pytest.mark.parametrize("number", range(len(RECIPES)))
async def test_each_command_of_a_recipe_ends_as_its_table_says(number: int) -> None:
    recipe = RECIPES[number]
    world = world_of(recipe.text)
    for at, (who, where, types, then) in enumerate(table(recipe.after, "who")):
        [user], [channel], [typed] = coded(who), coded(where), coded(types)
        world.actor = replace(Actor(user, channel), team="T0HOME")
        outcome = await world.say(typed.removeprefix("/sms "), f"cmd:{at}")
        ends, _, sender = then.partition(" from ")
        assert (typed, told(outcome, world)) == (typed, ends)
        if sender:
            assert [world.ledger.sends[-1].sender] == coded(sender)


def test_the_people_of_the_recipes_are_those_that_the_page_names() -> None:
    named = {coded(who)[0] for who, _ in table(PAGE, "id")}
    used = {coded(who)[0] for recipe in RECIPES for who, *_ in table(recipe.after, "who")}
    assert used == named
    assert f"verified `{ANN}` and `+16175551213`" in PAGE
