"""Many people at once: the list of all, its pages and faults, within Slack's limits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from bot.roster import FEW, Roster
from bot.sandbox.server import FakeSlack
from bot.slack.voice import web_client
from commands.person import PersonState

Eventually = Callable[..., Awaitable[None]]


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(strict_rates=True) as server:
        yield server


@pytest.fixture
async def roster(slack: FakeSlack) -> AsyncIterator[Roster]:
    async with aiohttp.ClientSession() as session:
        yield Roster(web_client(slack.bot_token, slack.api_url, session))


def populate(slack: FakeSlack, count: int) -> list[str]:
    users = [f"U{number:05}" for number in range(count)]
    for number, user in enumerate(users):
        slack.add_user(user, f"n{number}", phone=f"+1617555{number:04}")
    return users


def asked(slack: FakeSlack) -> dict[str, int]:
    methods = [call.method for call in slack.calls]
    return {method: methods.count(method) for method in set(methods)}


async def test_few_are_asked_for_one_by_one(slack: FakeSlack, roster: Roster) -> None:
    users = populate(slack, FEW)
    found = await roster.people(users)
    assert [found[user].phone for user in users] == [f"+1617555{n:04}" for n in range(FEW)]
    assert asked(slack) == {"users.info": FEW}


async def test_many_are_one_page_of_the_list_and_then_none(
    slack: FakeSlack, roster: Roster
) -> None:
    users = populate(slack, 300)
    for _ in range(2):
        found = await roster.people(users)
        assert [found[user].name for user in users] == [f"n{n}" for n in range(300)]
    assert asked(slack) == {"users.list": 1}


async def test_as_many_pages_are_read_as_are_needed_and_no_more(
    slack: FakeSlack, roster: Roster
) -> None:
    users = populate(slack, 3500)
    await roster.people(users[:20])
    assert asked(slack) == {"users.list": 1}
    found = await roster.people(users[980:1980])
    assert found[users[1979]].phone == "+16175551979"
    assert asked(slack) == {"users.list": 1 + 2}


async def test_one_reading_serves_all_who_ask_meanwhile(slack: FakeSlack, roster: Roster) -> None:
    users = populate(slack, 60)
    slack.latency = 0.1
    first, second, third = await asyncio.gather(
        roster.people(users[:40]), roster.people(users[20:]), roster.people(users)
    )
    assert third == {**first, **second}
    assert asked(slack) == {"users.list": 1}


async def test_a_reading_goes_on_when_nobody_waits_any_more(
    slack: FakeSlack, roster: Roster, eventually: Eventually
) -> None:
    users = populate(slack, 2500)
    slack.latency = 0.2
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(roster.people(users[2100:2200]), 0.1)
    await eventually(lambda: asked(slack).get("users.list") == 3)
    assert len(await roster.people(users[2100:2200])) == 100
    assert asked(slack) == {"users.list": 3}


async def test_who_is_not_in_the_list_is_asked_for_alone(slack: FakeSlack, roster: Roster) -> None:
    users = populate(slack, 30)
    slack.add_user("U0ZED", "zed", phone="+442071838750", team="T0ELSEWHERE")
    found = await roster.people([*users, "U0ZED", "U0NOBODY"])
    assert found["U0ZED"].phone == "+442071838750"
    assert found["U0NOBODY"].standing is PersonState.UNKNOWN
    assert asked(slack) == {"users.list": 1, "users.info": 2}


async def test_the_list_tells_who_is_deactivated_or_a_bot(slack: FakeSlack, roster: Roster) -> None:
    users = populate(slack, 30)
    slack.add_user(users[0], "n0", phone="+16175550000", deleted=True)
    slack.add_user(users[1], "n1", is_bot=True)
    slack.add_user("USLACKBOT", "slackbot")
    found = await roster.people([*users, "USLACKBOT"])
    standings = [found[user].standing for user in (*users[:3], "USLACKBOT")]
    assert standings == [
        PersonState.DEACTIVATED,
        PersonState.BOT,
        PersonState.ACTIVE,
        PersonState.BOT,
    ]


@pytest.mark.parametrize("error", ["missing_scope", "limit_required", "unknown_method"])
async def test_without_the_list_each_is_asked_for_alone(
    slack: FakeSlack, roster: Roster, error: str
) -> None:
    users = populate(slack, 40)
    slack.fail("users.list", error)
    assert len(await roster.people(users)) == 40
    assert asked(slack) == {"users.list": 1, "users.info": 40}


async def test_while_slack_wants_no_list_the_next_ones_are_asked_for_alone(
    slack: FakeSlack, roster: Roster
) -> None:
    users = populate(slack, 40)
    slack.limit("users.list", 1, retry_after=30)
    assert len(await roster.people(users[:20])) == 20
    assert len(await roster.people(users[20:])) == 20
    assert asked(slack) == {"users.list": 1, "users.info": 40}


async def test_singles_stay_within_the_limit_and_leave_room_for_a_lone_one(
    slack: FakeSlack, roster: Roster
) -> None:
    users = populate(slack, 300)
    slack.add_user("U0LATE", "late", phone="+16175551212")
    slack.fail("users.list", "missing_scope", times=99)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(roster.people(users), 1)
    found = await asyncio.wait_for(roster.people(["U0LATE"]), 1)
    assert found["U0LATE"].phone == "+16175551212"
    assert asked(slack)["users.info"] == 61
    assert not [call for call in slack.calls if call.error == "ratelimited"]


async def test_singles_that_wait_are_answered_by_the_list_once_it_may_be_read(
    slack: FakeSlack, roster: Roster, eventually: Eventually
) -> None:
    users = populate(slack, 300)
    slack.limit("users.list", 1, retry_after=1)
    waits = asyncio.create_task(roster.people(users))
    await eventually(lambda: asked(slack) == {"users.list": 1, "users.info": 60})
    waits.cancel()
    await eventually(lambda: not roster.pages.held())
    assert len(await asyncio.wait_for(roster.people(users), 20)) == 300
    assert asked(slack) == {"users.list": 2, "users.info": 60}


async def test_a_big_workspace_is_not_kept_whole_but_who_was_asked_for_is(
    slack: FakeSlack, roster: Roster
) -> None:
    users = populate(slack, 12_000)
    assert len(await roster.people(users[-300:])) == 300
    assert len(roster._known) < 10_400
    calls = len(slack.calls)
    assert len(await roster.people([*users[:100], *users[-300:]])) == 400
    assert len(slack.calls) == calls
