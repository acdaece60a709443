from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from bot.sandbox.model import Origin
from bot.sandbox.server import FakeSlack

ALICE, BOB, CHANNEL = "U0ALICE", "U0BOB", "C0ONCALL"


async def answer(url: str, body: object) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.post(url, json=body) as response:
        return response.status, await response.text()


@pytest.fixture
async def url(slack: FakeSlack) -> str:
    """The response_url of a command in a channel where the bot is no member."""
    return (await slack.command(ALICE, "C0LOUNGE", "help")).response_url


def said(slack: FakeSlack, user: str = ALICE) -> list[str]:
    return [m.text for m in slack.seen_by(user, "C0LOUNGE")][user == ALICE :]


async def test_five_private_answers_then_it_is_used(slack: FakeSlack, url: str) -> None:
    for i in range(5):
        assert await answer(url, {"text": str(i)}) == (200, "ok")
    assert await answer(url, {"text": "5"}) == (404, "used_url")
    assert said(slack) == ["0", "1", "2", "3", "4"]
    assert [c.error for c in slack.calls] == ["", "", "", "", "", "used_url"]


async def test_it_expires_after_thirty_minutes(
    url: str, pass_time: Callable[[float], None]
) -> None:
    pass_time(1799)
    assert (await answer(url, {"text": "in time"}))[0] == 200
    pass_time(2)
    assert await answer(url, {"text": "late"}) == (404, "expired_url")
    assert await answer(url[:-1] + "x", {"text": "nowhere"}) == (404, "invalid_url")


async def test_a_second_answer_to_a_command_never_replaces_the_first(
    slack: FakeSlack, url: str
) -> None:
    await answer(url, {"text": "one"})
    await answer(url, {"text": "two", "replace_original": True})
    await answer(url, {"text": "three", "response_type": "in_channel", "delete_original": True})
    assert said(slack) == ["one", "two", "three"]
    assert said(slack, BOB) == ["three"]


async def test_a_public_answer_cannot_be_updated(slack: FakeSlack) -> None:
    url = (await slack.command(ALICE, CHANNEL, "help")).response_url
    await answer(url, {"text": "one", "response_type": "in_channel"})
    (message,) = slack.channel_messages(CHANNEL)
    update = {"channel": CHANNEL, "ts": message.ts, "text": "two"}
    refusal = await aiohttp_call(slack, "chat.update", update)
    assert refusal["error"] == "cant_update_message"


async def aiohttp_call(slack: FakeSlack, method: str, args: dict[str, str]) -> dict[str, Any]:
    data = args | {"token": slack.bot_token}
    async with aiohttp.ClientSession() as http, http.post(slack.api_url + method, data=data) as r:
        body: dict[str, Any] = await r.json()
        return body


async def test_bad_answers_are_refused_with_a_word(slack: FakeSlack, url: str) -> None:
    assert await answer(url, {"text": ""}) == (400, "no_text")
    assert await answer(url, ["no object"]) == (400, "invalid_payload")
    async with aiohttp.ClientSession() as http, http.post(url, data="{") as response:
        assert (response.status, await response.text()) == (400, "invalid_payload")
    assert await answer(url, {"blocks": [{"type": "input"}]}) == (400, "invalid_blocks")
    assert await answer(url, {"blocks": "no JSON"}) == (400, "invalid_blocks")
    assert await answer(url, {"blocks": '[{"type": "divider"}]'}) == (200, "ok")
    assert len(slack.violations) == 4


async def test_answers_can_be_limited(slack: FakeSlack, url: str) -> None:
    slack.limit("response_url", 1, 1)
    assert await answer(url, {"text": "one"}) == (429, "ratelimited")
    assert await answer(url, {"text": "one"}) == (200, "ok")


async def test_another_persons_message_cannot_be_replaced(slack: FakeSlack) -> None:
    typed = slack.workspace.post(CHANNEL, BOB, Origin.PERSON, "mine")
    done = await slack.message_shortcut(ALICE, typed, "compose")
    assert done.payload["message"]["user"] == BOB
    await answer(done.response_url, {"text": "yours", "replace_original": True})
    assert [m.text for m in slack.seen_by(ALICE, CHANNEL)] == ["mine", "yours"]
