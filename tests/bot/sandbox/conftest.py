from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.server import FakeSlack
from tests.bot.kit import Clock

ALICE, BOB, CHANNEL = "U0ALICE", "U0BOB", "C0ONCALL"


@pytest.fixture
def pass_time(clock: Clock) -> Callable[[float], None]:
    def later(seconds: float) -> None:
        clock.now += seconds

    return later


def populate(slack: FakeSlack) -> FakeSlack:
    slack.add_user(ALICE, "alice", phone="(617) 555-1212")
    slack.add_user(BOB, "bob")
    slack.add_user_group("S0SRE", "sre", [ALICE, BOB])
    slack.add_channel(CHANNEL, "oncall", [ALICE, BOB])
    slack.add_channel("C0LOUNGE", "lounge", [ALICE], bot_member=False)
    slack.add_channel("C0SECRET", "secret", [ALICE], bot_member=False, private=True)
    slack.add_channel("C0OLD", "old", [ALICE], archived=True)
    return slack


@pytest.fixture
async def slack(clock: Clock) -> AsyncIterator[FakeSlack]:
    async with populate(FakeSlack(clock=clock)) as server:
        yield server


@pytest.fixture
def web_client(slack: FakeSlack) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)


@pytest.fixture
def app(slack: FakeSlack, web_client: AsyncWebClient) -> AsyncApp:
    return AsyncApp(client=web_client, signing_secret=slack.signing_secret)


@pytest.fixture
async def socket_bot(slack: FakeSlack, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=0.2)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await slack.connected()
    yield handler
    await handler.close_async()  # type: ignore[no-untyped-call]


@pytest.fixture
async def http_bot(slack: FakeSlack, app: AsyncApp) -> AsyncIterator[AsyncApp]:
    async def entry(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    server = web.Application()
    server.router.add_post("/slack/events", entry)
    runner = web.AppRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield app
    await runner.cleanup()


@pytest.fixture
def buttons() -> Callable[..., list[dict[str, Any]]]:
    def make(*action_ids: str) -> list[dict[str, Any]]:
        elements = [
            {
                "type": "button",
                "action_id": a,
                "value": "v",
                "text": {"type": "plain_text", "text": a},
            }
            for a in action_ids
        ]
        return [{"type": "actions", "block_id": "row", "elements": elements}]

    return make
