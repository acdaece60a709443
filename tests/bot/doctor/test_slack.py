"""The doctor on channels and the connection to Slack."""

from pathlib import Path

import pytest
from aiohttp import web

from bot.sandbox.server import FakeSlack
from tests.bot.doctor.kit import ALERTS, Look, add, serving
from tests.bot.kit import Eventually

# Channels


async def test_a_channel_without_the_bot_is_advised_to_invite_it(
    look: Look, slack: FakeSlack
) -> None:
    slack.add_channel("C1", "one", ["U1"], bot_member=False)
    found = await look("Slack channels")
    assert found.ok
    assert found.detail.startswith("C1 #one: the bot is not in it")
    assert "/invite" in found.remedy


async def test_a_channel_of_alerts_without_the_bot_is_a_fault(
    look: Look, slack: FakeSlack, home: Path
) -> None:
    slack.add_channel("C1", "one", ["U1"], bot_member=False)
    add(home, ALERTS)
    found = await look("Slack channels")
    assert not found.ok
    assert "alerts are shown nowhere" in found.detail


async def test_an_archived_channel_is_a_fault(look: Look, slack: FakeSlack) -> None:
    slack.add_channel("C1", "one", ["U1"])
    slack.workspace.channels["C1"].archived = True
    found = await look("Slack channels")
    assert not found.ok
    assert found.detail == "C1 #one is archived: nothing is sent from it"


@pytest.mark.parametrize("alerts", [False, True])
async def test_of_a_channel_that_slack_does_not_know_both_reasons_are_told(
    look: Look, home: Path, *, alerts: bool
) -> None:
    add(home, ALERTS if alerts else "")
    found = await look("Slack channels")
    assert found.ok is not alerts
    assert "private" in found.detail
    assert "none with this id" in found.detail
    assert "correct its id" in found.remedy


async def test_the_channel_that_wants_something_comes_first(
    look: Look, slack: FakeSlack, home: Path
) -> None:
    add(home, "[[channel]]\nid = 'C2'\n")
    slack.add_channel("C1", "one", ["U1"])
    slack.add_channel("C2", "two", ["U1"], bot_member=False)
    lines = (await look("Slack channels")).detail.splitlines()
    assert [line.split(":")[0] for line in lines] == ["C2", "C1 #one"]


async def test_no_channel_is_nothing_to_look_at(look: Look, home: Path) -> None:
    (home / "sms.toml").write_text("", encoding="utf-8")
    assert (await look("Slack channels")).detail == "sms.toml names none"


# Connection


async def test_a_websocket_that_does_not_come_about_is_a_fault(
    look: Look, slack: FakeSlack
) -> None:
    slack.fail_handshakes(1)
    found = await look("Slack connection")
    assert not found.ok
    assert "WSServerHandshakeError" in found.detail
    assert "WebSockets" in found.remedy


async def test_a_connection_too_many_is_told(look: Look, slack: FakeSlack) -> None:
    told = {"type": "disconnect", "reason": "too_many_websockets"}

    async def link(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json(told)
        await socket.close()
        return socket

    async def opened(request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "url": f"ws://{request.host}/link"})

    async with serving(
        web.get("/link", link), web.post("/api/apps.connections.open", opened)
    ) as url:
        found = await look("Slack connection", SLACK_API_URL=f"{url}/api/")
    assert not found.ok
    assert found.detail == "Socket Mode: Slack says too_many_websockets"


async def test_nothing_stays_connected(
    look: Look, slack: FakeSlack, eventually: Eventually
) -> None:
    assert (await look("Slack connection")).ok
    await eventually(lambda: slack.connections == 0)
