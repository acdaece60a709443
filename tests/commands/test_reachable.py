"""Whom a page reaches: three of four people are better than none."""

from dataclasses import replace

import pytest

from commands.entries import read_list
from commands.errors import LookupFailed
from commands.model import Recipient
from commands.policy import Group
from commands.resolve import Reachable, reachable, resolve
from tests.commands.conftest import ALICE, FakeDirectory, policy_of

ONE, TWO = Recipient("+16175551281", "one"), Recipient("+16175551282", "two")
GROUP = "<!subteam^S0SRE|@sre>"


@pytest.fixture
def directory() -> FakeDirectory:
    """A user group of three, of whom Slack does not tell the second."""
    return FakeDirectory(
        phones={"U1": ONE, "U2": TWO, "U3": TWO},
        groups={"S0SRE": ("U1", "U9", "U2")},
        silent={"U9"},
    )


async def reached(raw: str, directory: FakeDirectory, *groups: Group) -> Reachable:
    """Tell whom a list reaches."""
    policy = replace(policy_of({}), groups=groups)
    return await reachable(read_list(raw)[0], policy, directory)


async def test_of_a_user_group_those_are_reached_whom_slack_tells(directory: FakeDirectory) -> None:
    found = await reached(GROUP, directory)
    assert found.recipients == (ONE, TWO)
    assert [(p.entry, p.why) for p in found.problems] == [
        ("@sre, @U9", "Slack did not answer in time.")
    ]
    assert found.unanswered


async def test_of_a_group_of_ours_the_others_are_reached(directory: FakeDirectory) -> None:
    found = await reached("night", directory, Group("night", ("<@U9>", "alice", "<@U1>")))
    assert {each.address for each in found.recipients} == {ALICE.number, ONE.address}
    assert [p.entry for p in found.problems] == ["@U9"]
    assert found.unanswered


async def test_of_people_named_one_by_one_the_others_are_reached(directory: FakeDirectory) -> None:
    found = await reached("<@U9>, <@U1>", directory)
    assert found.recipients == (ONE,)
    assert found.unanswered


async def test_where_everybody_is_told_nothing_is_unanswered(directory: FakeDirectory) -> None:
    directory.silent.clear()
    directory.phones["U9"] = TWO
    found = await reached(GROUP, directory)
    assert (found.recipients, found.problems, found.unanswered) == ((ONE, TWO), (), False)


async def test_a_send_reaches_nobody_while_one_is_not_told(directory: FakeDirectory) -> None:
    with pytest.raises(LookupFailed):
        await resolve(read_list(GROUP)[0], policy_of({}), directory)
