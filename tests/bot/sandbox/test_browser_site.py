"""The stream of what a person sees, and what is said to a deed that cannot be done."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from bot.sandbox.browser.room import Room
from bot.sandbox.browser.site import serving
from tests.bot.sandbox.rooms import a_room

ALICE, BOB, ONCALL = "U0ALICE", "U0BOB", "C0ONCALL"


@dataclass
class Client:
    """What the page's script does."""

    room: Room
    origin: str
    token: str
    http: aiohttp.ClientSession

    async def watch(self, user: str) -> AsyncIterator[dict[str, Any]]:
        """Follow somebody's screen."""
        told = {"token": self.token, "user": user}
        async with self.http.get(f"{self.origin}/api/screen", params=told) as response:
            assert response.content_type == "text/event-stream"
            async for line in response.content:
                if line.startswith(b"data: "):
                    yield json.loads(line.removeprefix(b"data: "))

    async def do(self, deed: str, body: object) -> tuple[int, dict[str, Any]]:
        """Do something."""
        headers, url = {"X-Demo-Token": self.token}, f"{self.origin}/api/{deed}"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.http.post(url, data=data, headers=headers) as response:
            return response.status, await response.json()


def a_client(room: Room, address: str, http: aiohttp.ClientSession) -> Client:
    parts = urlsplit(address)
    return Client(room, f"http://{parts.netloc}", parse_qs(parts.query)["token"][0], http)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with a_room() as room, serving(room) as address, aiohttp.ClientSession() as http:
        yield a_client(room, address, http)


async def test_the_screen_is_told_at_once_and_again_when_it_changes(client: Client) -> None:
    async with asyncio.timeout(10):
        screens = client.watch(ALICE)
        first = await anext(screens)
        assert [c["name"] for c in first["channels"]] == ["oncall", "random", ""]
        assert [c["messages"] for c in first["channels"]] == [[], [], []]
        assert await client.do("say", said("hello")) == (200, {})
        second = await anext(screens)
    (message,) = second["channels"][0]["messages"]
    assert (message["author"], message["text"], message["private"]) == (ALICE, "hello", False)


async def test_the_end_of_the_demo_ends_the_stream(client: Client) -> None:
    async with serving(client.room) as address:
        screens = a_client(client.room, address, client.http).watch(ALICE)
        await anext(screens)
    async with asyncio.timeout(5):
        assert [each async for each in screens] == []


async def test_nobody_else_has_a_screen(client: Client) -> None:
    told = {"token": client.token, "user": "U0MALLORY"}
    async with client.http.get(f"{client.origin}/api/screen", params=told) as response:
        assert response.status == 404


def said(text: str) -> dict[str, str]:
    return {"user": ALICE, "channel": ONCALL, "text": text}


@pytest.mark.parametrize(
    ("deed", "body", "status", "why"),
    [
        ("dance", said(""), 404, "There is no such thing to do."),
        ("say", b"{", 400, "This is no JSON."),
        ("say", ["text"], 400, "Somebody has to do it: user is missing."),
        ("say", {"user": "U0MALLORY"}, 400, "Somebody has to do it: user is missing."),
        ("say", {"user": ALICE, "channel": ONCALL}, 409, "text is missing"),
        ("say", {**said("hi"), "channel": "C0NONE"}, 409, "Slack refuses: channel_not_found"),
        ("click", {**said(""), "ts": "1", "block": "b", "action": "a"}, 409, "no longer on"),
        ("submit", {"user": ALICE, "view": "V1"}, 409, "is submitted with its values"),
        ("submit", {"user": ALICE, "view": "V1", "values": {}}, 409, "is no longer open"),
        ("reply", {"user": ALICE, "number": "+1", "text": "x"}, 409, "there is no phone"),
        ("trick", {"user": ALICE, "number": "+16175551212", "value": "?"}, 409, "no trick"),
        ("service", {"user": ALICE, "value": "?"}, 409, "Twilio cannot be"),
    ],
)
async def test_what_cannot_be_done_is_answered_with_why(
    client: Client, deed: str, body: object, status: int, why: str
) -> None:
    got, answer = await client.do(deed, body)
    assert got == status
    assert why in answer["error"]


async def test_a_failed_command_stands_in_the_channel_as_slack_would_say_it(
    client: Client,
) -> None:
    assert await client.do("command", said("help")) == (200, {})
    (message,) = client.room.slack.seen_by(ALICE, ONCALL)
    assert message.text == '/sms failed with the error "dispatch_failed"'
    assert client.room.typed == []


async def test_what_fails_without_a_channel_is_told_to_the_page(client: Client) -> None:
    _, answer = await client.do("shortcut", {"user": BOB, "id": "sms_compose"})
    assert answer == {"error": "The app failed with the error “dispatch_failed”."}
