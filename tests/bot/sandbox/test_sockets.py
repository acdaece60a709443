import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import FakeSlack
from tests.bot.kit import Eventually

ALICE, CHANNEL = "U0ALICE", "C0ONCALL"
Json = dict[str, Any]


def opened(slack: FakeSlack) -> int:
    """Count the addresses that were asked for."""
    return sum(call.method == "apps.connections.open" for call in slack.calls)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def address(slack: FakeSlack) -> str:
    client = AsyncWebClient(token=slack.app_token, base_url=slack.api_url)
    return str((await client.apps_connections_open(app_token=slack.app_token))["url"])


async def handshake(http: aiohttp.ClientSession, url: str) -> int:
    try:
        async with http.ws_connect(url):
            return 101
    except aiohttp.WSServerHandshakeError as refused:
        return refused.status


async def test_hello_comes_first_and_pings_are_answered(
    slack: FakeSlack, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect(await address(slack), autoping=False) as socket:
        hello = await socket.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        await socket.ping(b"sdk-ping-pong:1")
        pong = await socket.receive()
        assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1")


async def test_a_ticket_is_good_for_one_handshake(
    slack: FakeSlack, http: aiohttp.ClientSession
) -> None:
    url = await address(slack)
    assert [await handshake(http, url), await handshake(http, url)] == [101, 404]
    slack.fail_handshakes(1)
    url = await address(slack)
    assert [await handshake(http, url), await handshake(http, url)] == [500, 404]
    assert await handshake(http, await address(slack)) == 101


async def test_envelopes_take_turns_among_sockets(
    slack: FakeSlack, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        sockets = [
            await stack.enter_async_context(http.ws_connect(await address(slack))) for _ in range(2)
        ]
        await slack.connected(count=2)
        for socket in sockets:
            await socket.receive_json()
        for socket in [*sockets, *sockets]:
            typing = asyncio.create_task(slack.command(ALICE, CHANNEL, "help"))
            envelope = await socket.receive_json(timeout=10)
            assert envelope["accepts_response_payload"]
            ack = {"envelope_id": envelope["envelope_id"], "payload": {"text": "hi"}}
            await socket.send_bytes(b"ignored")
            await socket.send_json(ack)
            assert (await typing).body == {"text": "hi"}
        await socket.send_json(ack)
        await eventually(lambda: slack.late_acks == [ack])


async def test_the_eleventh_socket_is_one_too_many(
    slack: FakeSlack, http: aiohttp.ClientSession
) -> None:
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(10):
            await stack.enter_async_context(http.ws_connect(await address(slack)))
        await slack.connected(count=10)
        async with http.ws_connect(await address(slack)) as socket:
            assert (await socket.receive_json())["reason"] == "too_many_websockets"
        assert slack.connections == 10


async def test_waiting_for_a_socket_ends(slack: FakeSlack) -> None:
    with pytest.raises(TimeoutError):
        await slack.connected(0.01)


async def test_a_refresh_brings_the_client_back_at_a_new_address(
    slack: FakeSlack, app: AsyncApp, socket_bot: AsyncSocketModeHandler, eventually: Eventually
) -> None:
    @app.command("/sms")
    async def sms(ack: AsyncAck) -> None:
        await ack("back")

    await slack.disconnect("refresh_requested", grace=0.05)
    await eventually(lambda: opened(slack) == 2)
    async with asyncio.timeout(20):  # what goes to the old address while it closes is not answered
        while (await slack.command(ALICE, CHANNEL, "help")).body != {"text": "back"}:
            await slack.connected()


async def test_a_dropped_client_comes_back(
    slack: FakeSlack, socket_bot: AsyncSocketModeHandler, eventually: Eventually
) -> None:
    slack.drop()
    await eventually(lambda: opened(slack) == 2)
    await slack.connected(3)


async def test_a_disabled_link_gives_no_new_address(
    slack: FakeSlack, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect(await address(slack)) as socket:
        await socket.receive_json()
        await slack.disconnect("link_disabled")
        assert (await socket.receive_json())["reason"] == "link_disabled"
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    with pytest.raises(SlackApiError):
        await address(slack)


async def test_a_pending_warning_ends_with_the_server(http: aiohttp.ClientSession) -> None:
    async with FakeSlack() as slack:
        socket = await http.ws_connect(await address(slack))
        await socket.receive_json()
        await slack.disconnect("warning")
        assert json.loads((await socket.receive()).data)["reason"] == "warning"
        closing = asyncio.create_task(socket.receive())
        await asyncio.sleep(0)
    assert (await closing).type is aiohttp.WSMsgType.CLOSE


async def test_two_copies_of_one_envelope_are_each_acked(
    slack: FakeSlack, app: AsyncApp, socket_bot: AsyncSocketModeHandler
) -> None:
    @app.command("/sms")
    async def sms(ack: AsyncAck) -> None:
        await asyncio.sleep(0.05)
        await ack("twice")

    done = await slack.command(ALICE, CHANNEL, "help")
    copies = [slack.redeliver(done, same_envelope=True) for _ in range(2)]
    assert [d.body for d in await asyncio.gather(*copies)] == [{"text": "twice"}] * 2


async def test_a_command_on_a_socket_just_broken_times_out(
    slack: FakeSlack, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect(await address(slack)) as socket:
        await socket.receive_json()
        slack.drop()
        assert (await slack.command(ALICE, CHANNEL, "help")).timed_out
