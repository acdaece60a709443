"""Everybody in Slack as a list, and lists that are read behind those who search them."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.crowd import MOST, Crowd
from bot.sandbox.server import FakeSlack
from bot.slack.voice import web_client
from bot.source import Source
from bot.turns import Turns
from commands.errors import LookupFailed
from commands.offers import Member, UserGroup
from tests.bot.kit import Clock, Eventually


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack(strict_rates=True) as server:
        yield server


@pytest.fixture
async def crowd(slack: FakeSlack) -> AsyncIterator[Crowd]:
    async with aiohttp.ClientSession() as session:
        yield Crowd(web_client(slack.bot_token, slack.api_url, session), Turns())


async def test_bots_guests_strangers_and_the_deactivated_are_left_out(
    slack: FakeSlack, crowd: Crowd
) -> None:
    slack.add_user("U0ALICE", "alice", phone=" +16175551212 ")
    slack.add_user("U0BOT", "robot", is_bot=True)
    slack.add_user("U0GONE", "gone", deleted=True)
    slack.add_user("U0GUEST", "guest", restricted=True)
    slack.add_user("U0ELSE", "else", team="T0ELSE")
    assert await crowd.members() == (Member("U0ALICE", "alice", "alice", "+16175551212"),)


async def test_a_phone_that_the_list_does_not_tell_is_not_taken_for_none(
    slack: FakeSlack, crowd: Crowd
) -> None:
    slack.add_user("U0ALICE", "alice")
    assert [member.phone for member in await crowd.members()] == [""]
    slack.workspace.sparse = True
    assert [member.phone for member in await crowd.members()] == [None]


async def test_of_a_large_workspace_the_first_are_kept_and_no_more_pages_read(
    slack: FakeSlack, crowd: Crowd
) -> None:
    for n in range(MOST + 2_000):
        slack.add_user(f"U{n:06}", f"n{n}")
    assert len(await crowd.members()) == MOST
    assert len([call for call in slack.calls if call.method == "users.list"]) == 11


async def test_user_groups_come_with_how_many_are_in_them_and_without_disabled_ones(
    slack: FakeSlack, crowd: Crowd
) -> None:
    slack.add_user_group("S0SRE", "sre", ["U0ALICE", "U0BOB"])
    slack.add_user_group("S0OLD", "old", ["U0BOB"], disabled=True)
    assert await crowd.user_groups() == (UserGroup("S0SRE", "sre", "sre", 2),)


class Told:
    """A list that is told what to answer."""

    def __init__(self) -> None:
        self.asked = 0
        self.error: Exception | None = None
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> tuple[int, ...]:
        self.asked += 1
        await self.go.wait()
        if self.error:
            raise self.error
        return (self.asked,)


async def read(source: Source[int]) -> None:
    """Let the first reading come to its end."""
    task = source.look()
    assert task
    await asyncio.wait([task])


async def test_a_list_is_read_once_for_all_who_ask_and_kept() -> None:
    told = Told()
    told.go.clear()
    source = Source("numbers", told, 60)
    assert source.look() is source.look() is not None
    told.go.set()
    await read(source)
    assert source.look() is None
    assert (source.known, told.asked) == ((1,), 1)


async def test_the_last_reading_serves_while_a_newer_one_is_under_way(
    clock: Clock, eventually: Eventually
) -> None:
    told = Told()
    source = Source("numbers", told, 60, clock)
    await read(source)
    clock.now += 60
    told.go.clear()
    assert source.look() is None
    assert source.known == (1,)
    told.go.set()
    await eventually(lambda: source.known == (2,))


async def test_a_reading_of_long_ago_is_none_any_more(clock: Clock) -> None:
    source = Source("numbers", Told(), 60, clock)
    await read(source)
    clock.now += 180
    assert source.known == (1,)
    clock.now += 1
    assert source.known is None


@pytest.mark.parametrize("error", [LookupFailed("no", "again"), TimeoutError()])
async def test_a_reading_that_failed_is_not_tried_again_at_once(error: Exception) -> None:
    told = Told()
    told.error = error
    source = Source("numbers", told, 60)
    await read(source)
    assert source.look() is None
    assert (source.known, told.asked) == (None, 1)
