"""Who we are at Slack."""

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.faults import ConfigFaults
from bot.sandbox.door import Outage
from bot.sandbox.server import FakeSlack
from bot.slack.identity import Identity
from bot.slack.voice import web_client
from tests.bot.slack.kit import Calls


async def test_slack_is_asked_once(slack: FakeSlack, client: AsyncWebClient, calls: Calls) -> None:
    identity = Identity(client, slack.bot_token)
    await identity.ask()
    authorized = await identity.authorize()
    assert await identity.known()
    assert (authorized.bot_token, authorized.bot_user_id) == (slack.bot_token, "U0SMSBOT")
    assert len(calls("auth.test")) == 1


async def test_a_token_that_slack_refuses_ends_the_start_with_its_remedy(
    slack: FakeSlack, session: aiohttp.ClientSession
) -> None:
    identity = Identity(web_client("xoxb-wrong", slack.api_url, session), "xoxb-wrong")
    with pytest.raises(ConfigFaults) as faults:
        await identity.ask()
    [fault] = faults.value.faults
    assert "SLACK_BOT_TOKEN" in str(fault)
    assert "invalid_auth" in str(fault)
    assert "xoxb-wrong" not in str(fault)


@pytest.mark.parametrize("kind", ["html", "refused"])
async def test_an_outage_at_the_start_is_no_reason_not_to_start(
    slack: FakeSlack, client: AsyncWebClient, kind: Outage
) -> None:
    slack.outage(kind=kind)
    identity = Identity(client, slack.bot_token)
    await identity.ask()
    assert not await identity.known()
    await slack.recover()
    await identity.authorize()
    assert await identity.known()


async def test_a_request_is_served_although_slack_does_not_say_who_we_are(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    slack.latency = 60.0
    identity = Identity(client, slack.bot_token)
    authorized = await identity.authorize()
    assert authorized.bot_token == slack.bot_token
    assert not await identity.known()
