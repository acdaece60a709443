"""Whom Twilio and Slack know, within the time that a command has."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.directory import LiveDirectory, TimelyDirectory
from bot.sandbox.server import FakeSlack
from bot.slack.voice import web_client
from commands.errors import LookupFailed
from commands.model import Recipient
from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import Error, FakeTwilio

LAB = Recipient("+442071838750", "Lab")
Hurried = Callable[[float], TimelyDirectory]


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as server:
        server.add_user("U0ALICE", "alice", phone=" (617) 555-1212 ")
        server.add_user("U0BOB", "bob")
        server.add_user_group("S0SRE", "sre", ["U0ALICE", "U0BOB"])
        yield server


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio(verified=[(LAB.address, LAB.name)]) as server:
        yield server


@pytest.fixture
async def client(slack: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield web_client(slack.bot_token, slack.api_url, session)


@pytest.fixture
async def directory(twilio: FakeTwilio, client: AsyncWebClient) -> AsyncIterator[LiveDirectory]:
    account = TwilioClient(
        open_http(), Credentials(twilio.account_sid, twilio.auth_token), twilio.url
    )
    yield LiveDirectory(account, client)
    await account.aclose()


@pytest.fixture
def within(directory: LiveDirectory) -> Hurried:
    """The directory as a command sees it that has so many seconds."""
    return lambda seconds: directory.before(asyncio.get_running_loop().time() + seconds)


async def test_verified_numbers_are_read_once_however_many_ask(
    within: Hurried, twilio: FakeTwilio
) -> None:
    asked = [within(5).verified() for _ in range(5)]
    assert await asyncio.gather(*asked) == [(LAB,)] * 5
    assert await within(5).verified() == (LAB,)
    assert len(twilio.requests) == 1


async def test_an_account_without_verified_numbers_is_remembered_as_well(
    within: Hurried, twilio: FakeTwilio
) -> None:
    twilio.verified = []
    assert await within(5).verified() == ()
    assert await within(5).verified() == ()
    assert len(twilio.requests) == 1


async def test_a_slow_twilio_ends_the_command_in_time_and_the_next_one_finds_the_answer(
    within: Hurried, twilio: FakeTwilio
) -> None:
    twilio.latency = 0.5
    with pytest.raises(LookupFailed, match="Twilio did not answer in time"):
        await within(0.1).verified()
    assert await within(5).verified() == (LAB,)
    assert len(twilio.requests) == 1


async def test_twilios_refusal_is_told_with_its_reason_and_not_remembered(
    within: Hurried, twilio: FakeTwilio
) -> None:
    twilio.script("*", Error(20003, 401))
    with pytest.raises(LookupFailed, match="did not give the verified numbers") as failed:
        await within(5).verified()
    assert "sms-bot check" in failed.value.remedy
    assert await within(5).verified() == (LAB,)


async def test_a_refusal_that_nobody_waits_for_any_more_goes_unnoticed(
    within: Hurried, twilio: FakeTwilio
) -> None:
    twilio.latency = 0.3
    twilio.script("*", Error(20003, 401))
    with pytest.raises(LookupFailed, match="in time"):
        await within(0.05).verified()
    await asyncio.sleep(0.6)


async def test_a_profile_gives_phone_and_name_as_typed_there(within: Hurried) -> None:
    assert await within(5).user_phone("U0ALICE") == Recipient("(617) 555-1212", "alice")


async def test_who_has_no_phone_or_is_not_known_has_no_number(within: Hurried) -> None:
    assert await within(5).user_phone("U0BOB") is None
    assert await within(5).user_phone("U0NOBODY") is None


@pytest.mark.parametrize("error", ["missing_scope", "ratelimited", "internal_error"])
async def test_a_refused_look_up_of_a_phone_says_that_nothing_was_sent(
    within: Hurried, slack: FakeSlack, error: str
) -> None:
    slack.fail("users.profile.get", error)
    with pytest.raises(LookupFailed, match=rf"\({error}\)\. Nothing was sent"):
        await within(5).user_phone("U0ALICE")


@pytest.mark.parametrize("kind", ["html", "refused"])
async def test_an_outage_of_slack_ends_a_look_up_but_not_a_name(
    within: Hurried, slack: FakeSlack, kind: str
) -> None:
    slack.outage(kind="html" if kind == "html" else "refused")
    with pytest.raises(LookupFailed):
        await within(5).user_phone("U0ALICE")
    with pytest.raises(LookupFailed):
        await within(5).group_members("S0SRE")
    assert await within(5).user_name("U0ALICE") == "U0ALICE"


async def test_a_slow_slack_ends_each_look_up_in_time(within: Hurried, slack: FakeSlack) -> None:
    slack.latency = 30.0
    hurried = within(0.2)
    with pytest.raises(LookupFailed, match="Slack did not answer in time"):
        await hurried.user_phone("U0ALICE")
    with pytest.raises(LookupFailed, match="Slack did not answer in time"):
        await hurried.group_members("S0SRE")
    assert await hurried.user_name("U0ALICE") == "U0ALICE"


async def test_a_name_is_asked_for_once(within: Hurried, slack: FakeSlack) -> None:
    assert await within(5).user_name("U0ALICE") == "alice"
    assert await within(5).user_name("U0ALICE") == "alice"
    assert len(slack.calls) == 1


async def test_a_user_group_gives_its_members(within: Hurried) -> None:
    assert await within(5).group_members("S0SRE") == ("U0ALICE", "U0BOB")


async def test_an_unknown_user_group_has_nobody(within: Hurried) -> None:
    assert await within(5).group_members("S0NONE") == ()


async def test_a_user_group_that_slack_does_not_give_is_a_failed_look_up(
    slack: FakeSlack, within: Hurried
) -> None:
    slack.fail("usergroups.users.list", "fatal_error", times=10)
    with pytest.raises(LookupFailed, match="fatal_error"):
        await within(5).group_members("S0SRE")


async def test_ten_thousand_names_are_no_reason_to_remember_more(
    directory: LiveDirectory, within: Hurried
) -> None:
    directory._names.update({f"U{n}": (0.0, "x") for n in range(10_000)})
    assert await within(5).user_name("U0ALICE") == "alice"
    assert list(directory._names) == ["U0ALICE"]
