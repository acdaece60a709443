"""Who is on duty, for a page: as Slack has it now, and as it had it last where it is silent."""

import asyncio
import math
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.directory import LiveDirectory, TimelyDirectory
from bot.sandbox.server import FakeSlack
from bot.slack.identity import Identity
from bot.slack.voice import web_client
from commands.errors import LookupFailed
from commands.person import PersonState
from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import FakeTwilio


async def test_a_page_asks_anew_sooner_and_takes_the_last_answer_if_there_is_none() -> None:
    async with FakeSlack() as slack, FakeTwilio() as twilio, aiohttp.ClientSession() as session:
        slack.add_user("U0ALICE", "alice")
        slack.add_user_group("S0SRE", "sre", ["U0ALICE"])
        client = web_client(slack.bot_token, slack.api_url, session)
        account = TwilioClient(
            open_http(), Credentials(twilio.account_sid, twilio.auth_token), twilio.url
        )
        live = LiveDirectory(account, client, Identity(client, slack.bot_token).home)
        soon = asyncio.get_running_loop().time() + 5
        patient, urgent = live.before(soon), live.before(soon, urgent=True)
        slack.fail("usergroups.users.list", "fatal_error")
        with pytest.raises(LookupFailed):
            await urgent.group_members("S0SRE")
        assert await urgent.group_members("S0SRE") == ("U0ALICE",)
        live._groups["S0SRE"].until -= 290  # as if it had been asked that long ago
        slack.fail("usergroups.users.list", "fatal_error")
        assert await urgent.group_members("S0SRE") == ("U0ALICE",)
        slack.add_user_group("S0SRE", "sre", [])
        assert await patient.group_members("S0SRE") == ("U0ALICE",)
        assert await urgent.group_members("S0SRE") == ()
        await account.aclose()


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as server:
        server.add_user("U0ALICE", "alice", phone="(617) 555-1212")
        server.add_user("U0BOB", "bob", phone="(617) 555-1213")
        server.add_user_group("S0SRE", "sre", ["U0ALICE"])
        yield server


@pytest.fixture
async def live(slack: FakeSlack) -> AsyncIterator[LiveDirectory]:
    async with FakeTwilio() as twilio, aiohttp.ClientSession() as session:
        client = web_client(slack.bot_token, slack.api_url, session)
        account = TwilioClient(
            open_http(), Credentials(twilio.account_sid, twilio.auth_token), twilio.url
        )
        yield LiveDirectory(account, client, Identity(client, slack.bot_token).home)
        await account.aclose()


def view(live: LiveDirectory, seconds: float = 5, *, urgent: bool = True) -> TimelyDirectory:
    """What a page sees, or a command, for so many seconds."""
    return live.before(asyncio.get_running_loop().time() + seconds, urgent=urgent)


async def test_a_page_takes_people_as_they_were_last_where_slack_is_silent(
    slack: FakeSlack, live: LiveDirectory
) -> None:
    known = await view(live).people(("U0ALICE",))
    await view(live, urgent=False).people(("U0BOB",))
    assert await view(live).group_members("S0SRE") == ("U0ALICE",)
    live._roster.forget(("U0ALICE", "U0BOB"))  # as after five minutes
    live._groups["S0SRE"].until -= 300
    slack.fail("users.info", "internal_error", math.inf)
    assert await view(live).people(("U0ALICE",)) == known
    with pytest.raises(LookupFailed):
        await view(live, urgent=False).people(("U0ALICE",))
    with pytest.raises(LookupFailed):  # whom no page has looked up
        await view(live).people(("U0BOB",))
    slack.latency = 60
    assert await view(live, 0.2).people(("U0ALICE",)) == known
    assert await view(live, 0.2).group_members("S0SRE") == ("U0ALICE",)
    with pytest.raises(LookupFailed):
        await view(live, 0.2, urgent=False).group_members("S0SRE")


async def test_who_has_left_since_is_not_paged_as_they_were(
    slack: FakeSlack, live: LiveDirectory
) -> None:
    await view(live).people(("U0ALICE",))
    live._roster.forget(("U0ALICE",))
    slack.add_user("U0ALICE", "alice", deleted=True)
    await view(live, urgent=False).people(("U0ALICE",))  # a command learns of it
    slack.fail("users.info", "internal_error", math.inf)
    [alice] = (await view(live).people(("U0ALICE",))).values()
    assert alice.standing is PersonState.DEACTIVATED
