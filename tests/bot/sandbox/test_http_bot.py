from typing import Any

import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.events import understood
from bot.sandbox.server import FakeSlack

ALICE, CHANNEL = "U0ALICE", "C0ONCALL"
Json = dict[str, Any]


@pytest.fixture
def commands(http_bot: AsyncApp) -> list[Json]:
    seen: list[Json] = []

    @http_bot.command("/sms")
    async def sms(ack: AsyncAck, command: Json) -> None:
        seen.append(command)
        await ack(text="private")

    return seen


async def test_a_signed_command_reaches_bolt(slack: FakeSlack, commands: list[Json]) -> None:
    done = await slack.command(ALICE, CHANNEL, "send +16175551212 a&b <c>")
    assert (done.answer.transport, done.status, done.error) == ("http", 200, "")
    assert commands[0]["text"] == "send +16175551212 a&amp;b &lt;c&gt;"
    assert commands[0]["is_enterprise_install"] == "false"
    assert [m.text for m in slack.seen_by(ALICE, CHANNEL)] == ["private"]


async def test_an_interaction_goes_as_payload(
    slack: FakeSlack, http_bot: AsyncApp, web_client: AsyncWebClient
) -> None:
    seen: list[str] = []

    @http_bot.shortcut("compose")
    async def compose(ack: AsyncAck, shortcut: Json) -> None:
        seen.append(shortcut["trigger_id"])
        await ack()

    done = await slack.global_shortcut(ALICE, "compose")
    assert seen == [done.trigger_id]


async def test_wrong_and_old_signatures_are_turned_away(
    slack: FakeSlack, commands: list[Json]
) -> None:
    payload = (await slack.command(ALICE, CHANNEL, "help")).payload
    assert (await slack.post_raw("slash_commands", payload)).status == 200
    assert (await slack.post_raw("slash_commands", payload, secret="wrong")).status == 401
    assert (await slack.post_raw("slash_commands", payload, age=301)).status == 401
    assert len(commands) == 2


async def test_a_bot_that_fails_or_is_away_is_dispatch_failed(
    slack: FakeSlack, http_bot: AsyncApp
) -> None:
    unknown = await slack.command(ALICE, CHANNEL, "help", command="/other")
    assert (unknown.status, unknown.error) == (404, "dispatch_failed")
    slack.events_url = "http://127.0.0.1:9/nobody"
    away = await slack.command(ALICE, CHANNEL, "help")
    assert (away.status, away.error) == (0, "dispatch_failed")


async def test_a_slow_bot_is_an_operation_timeout(slack: FakeSlack, commands: list[Json]) -> None:
    slack.ack_limit = 0.001
    done = await slack.command(ALICE, CHANNEL, "help")
    assert (done.timed_out, done.error) == (True, "operation_timeout")


@pytest.mark.parametrize(
    ("text", "kind", "body"),
    [
        ("hi", "text/plain", {"text": "hi"}),
        ("", "text/plain", {}),
        ('{"text": "hi"}', "application/json", {"text": "hi"}),
        ("[1]", "application/json", {"text": "[1]"}),
        ("{", "application/json", {"text": "{"}),
    ],
)
def test_ack_bodies_are_read_as_slack_reads_them(text: str, kind: str, body: Json) -> None:
    assert understood(text, kind) == body
