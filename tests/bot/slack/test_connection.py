"""Socket Mode: whatever breaks, Slack reaches the bot again, and nothing is left running."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import FakeSlack
from bot.slack.connection import SocketConnection
from bot.slack.link import Link
from tests.bot.slack.kit import ALICE, ONCALL, Calls, Wait


async def hello(ack: AsyncAck, body: dict[str, Any]) -> None:
    await ack(text=f"hello {body['text']}")


@pytest.fixture
def app(slack: FakeSlack) -> AsyncApp:
    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=slack.bot_token)

    app = AsyncApp(authorize=authorize, request_verification_enabled=False)
    app.command("/sms")(hello)
    return app


@pytest.fixture
async def connection(
    slack: FakeSlack, app: AsyncApp, client: AsyncWebClient
) -> AsyncIterator[SocketConnection]:
    made = SocketConnection(app, slack.app_token, client)
    yield made
    await made.stop(0)


async def answers(slack: FakeSlack) -> bool:
    done = await slack.command(ALICE, ONCALL, "there")
    return done.body == {"text": "hello there"}


async def answers_again(slack: FakeSlack) -> None:
    """Wait until a command is answered; fail if none is within a generous time."""
    for _ in range(200):
        if await answers(slack):
            return
        await asyncio.sleep(0.1)
    pytest.fail("no command is answered")


async def test_a_command_is_answered_over_the_socket(
    slack: FakeSlack, connection: SocketConnection
) -> None:
    assert await connection.connected() is False
    connection.start()
    await slack.connected(5)
    assert await answers(slack)
    assert await connection.connected() is True


async def test_a_refresh_moves_to_a_new_connection_and_commands_go_on(
    slack: FakeSlack, connection: SocketConnection, calls: Calls, eventually: Wait
) -> None:
    connection.start()
    await slack.connected(5)
    await slack.disconnect("refresh_requested")
    await eventually(lambda: len(calls("apps.connections.open")) == 2)
    await answers_again(slack)


async def test_a_broken_connection_is_made_anew(
    slack: FakeSlack, connection: SocketConnection, eventually: Wait
) -> None:
    connection.start()
    await slack.connected(5)
    slack.drop()
    await eventually(lambda: slack.connections == 0)
    await slack.connected(15)
    await answers_again(slack)


async def test_after_failed_handshakes_a_fresh_address_is_asked_for(
    slack: FakeSlack, connection: SocketConnection, calls: Calls
) -> None:
    slack.fail_handshakes(1)
    connection.start()
    await slack.connected(20)
    assert len(calls("apps.connections.open")) > 1
    await answers_again(slack)


async def test_a_handshake_that_fails_in_a_refresh_does_not_end_the_service(
    slack: FakeSlack, connection: SocketConnection
) -> None:
    connection.start()
    await slack.connected(5)
    slack.fail_handshakes(1)
    await slack.disconnect("refresh_requested", grace=0)
    await answers_again(slack)


@pytest.mark.parametrize("kind", ["html", "refused"])
async def test_an_outage_at_the_start_is_waited_out(
    slack: FakeSlack,
    connection: SocketConnection,
    kind: Any,  # noqa: ANN401
    told: list[Any],
    eventually: Wait,
) -> None:
    slack.outage(kind=kind)
    connection.start()
    await eventually(lambda: told)
    assert told[0]["event"] == "slack.unreachable"
    await slack.recover()
    await slack.connected(15)
    await answers_again(slack)


async def test_an_app_that_slack_has_disabled_is_not_connected_and_asks_ever_more_seldom(
    slack: FakeSlack, connection: SocketConnection, eventually: Wait, told: list[Any]
) -> None:
    connection.start()
    await slack.connected(5)
    await slack.disconnect("link_disabled")
    await eventually(lambda: [e for e in told if e["event"] == "slack.unreachable"])
    assert await connection.connected() is False
    errors = {e["error"] for e in told if e["event"] == "slack.unreachable"}
    assert errors == {"forbidden_team"}


async def test_the_same_envelope_twice_is_answered_twice_with_the_same_trigger(
    slack: FakeSlack, connection: SocketConnection
) -> None:
    connection.start()
    await slack.connected(5)
    done = await slack.command(ALICE, ONCALL, "there")
    again = await slack.redeliver(done, same_envelope=True)
    assert again.body == done.body
    assert again.trigger_id == done.trigger_id


async def test_a_stop_answers_what_is_under_way_and_takes_nothing_more(
    slack: FakeSlack, connection: SocketConnection, app: AsyncApp
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(ack: AsyncAck, body: dict[str, Any]) -> None:
        begun.set()
        await go_on.wait()
        await ack(text="done")

    app.command("/slow")(slow)
    connection.start()
    await slack.connected(5)
    asked = asyncio.create_task(slack.command(ALICE, ONCALL, "", command="/slow"))
    await begun.wait()
    stop = asyncio.create_task(connection.stop(5))
    await asyncio.sleep(0)
    go_on.set()
    assert (await asked).body == {"text": "done"}
    await stop
    assert await connection.connected() is False


async def test_a_stop_does_not_wait_for_ever_and_leaves_nothing_running(
    slack: FakeSlack, app: AsyncApp, client: AsyncWebClient, eventually: Wait
) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def endless(ack: AsyncAck, body: dict[str, Any]) -> None:
        begun.set()
        await never.wait()

    app.command("/endless")(endless)
    connection = SocketConnection(app, slack.app_token, client)
    connection.start()
    await slack.connected(5)
    asked = asyncio.create_task(slack.command(ALICE, ONCALL, "", command="/endless"))
    await begun.wait()
    await connection.stop(0.1)

    def running(*names: str) -> list[str]:
        all_ = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
        return [name for name in all_ if name.endswith(names)]

    assert running("run_message_listeners", "_stay_connected") == []
    never.set()
    assert (await asked).timed_out
    await eventually(lambda: not running("process_messages", "monitor_current_session"))


async def test_an_answer_that_comes_after_the_connection_broke_is_only_noted(
    slack: FakeSlack, connection: SocketConnection, app: AsyncApp, told: list[Any], eventually: Wait
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(ack: AsyncAck, body: dict[str, Any]) -> None:
        begun.set()
        await go_on.wait()
        await ack()

    app.command("/slow")(slow)
    connection.start()
    await slack.connected(5)
    asked = asyncio.create_task(slack.command(ALICE, ONCALL, "", command="/slow"))
    await begun.wait()
    slack.drop()
    await eventually(lambda: slack.connections == 0)
    go_on.set()
    assert (await asked).timed_out
    await eventually(lambda: [e for e in told if e["event"] == "ack.lost"])


async def test_a_stop_before_the_start_does_nothing(connection: SocketConnection) -> None:
    await connection.stop(1)
    assert await connection.connected() is False


async def test_no_token_stands_in_the_log_while_connecting(
    slack: FakeSlack,
    connection: SocketConnection,
    caplog: pytest.LogCaptureFixture,
    told: list[Any],
) -> None:
    caplog.set_level(logging.INFO)
    slack.fail("apps.connections.open", "internal_error", 1)
    connection.start()
    await slack.connected(20)
    for token in (slack.app_token, slack.bot_token):
        assert token not in caplog.text + str(told)


async def test_it_is_told_since_when_the_connection_stands_and_why_it_did_not(
    slack: FakeSlack, app: AsyncApp, client: AsyncWebClient, eventually: Wait
) -> None:
    link = Link()
    made = SocketConnection(app, slack.app_token, client, link)
    slack.fail("apps.connections.open", "internal_error")
    made.start()
    await eventually(lambda: link.since)
    assert link.error == "internal_error"
    slack.fail("apps.connections.open", "internal_error", times=99)
    slack.drop()
    await eventually(lambda: link.since is None)
    await made.stop(0)
