"""Whom Twilio and Slack know: two of them, and the directory over both."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.directory import LiveDirectory, TimelyDirectory
from bot.sandbox.server import FakeSlack
from bot.slack.identity import Identity
from bot.slack.voice import web_client
from commands.model import Recipient
from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import FakeTwilio

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
async def directory(
    slack: FakeSlack, twilio: FakeTwilio, client: AsyncWebClient
) -> AsyncIterator[LiveDirectory]:
    account = TwilioClient(
        open_http(), Credentials(twilio.account_sid, twilio.auth_token), twilio.url
    )
    yield LiveDirectory(account, client, Identity(client, slack.bot_token).home)
    await account.aclose()


@pytest.fixture
def within(directory: LiveDirectory) -> Hurried:
    """The directory as a command sees it that has so many seconds."""
    return lambda seconds: directory.before(asyncio.get_running_loop().time() + seconds)
