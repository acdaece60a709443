"""External selects: what the app is asked when somebody types, and what it may answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.model import Impossible, View
from bot.sandbox.server import FakeSlack

ALICE, CHANNEL = "U0ALICE", "C0ONCALL"
Json = dict[str, Any]
Opened = Callable[[], Awaitable[View]]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str, text: str = "") -> Json:
    return {"text": plain(text or value), "value": value}


MODAL: Json = {
    "type": "modal",
    "callback_id": "compose",
    "title": plain("Compose"),
    "submit": plain("Send"),
    "blocks": [
        {
            "type": "input",
            "block_id": "people",
            "label": plain("People"),
            "element": {
                "type": "multi_external_select",
                "action_id": "people",
                "min_query_length": 1,
            },
        },
    ],
}


@pytest.fixture
async def opened(slack: FakeSlack, web_client: AsyncWebClient) -> Opened:
    async def start() -> View:
        trigger = (await slack.command(ALICE, CHANNEL, "send")).trigger_id
        await web_client.views_open(trigger_id=trigger, view=MODAL)
        return slack.top_view(ALICE)

    return start


@pytest.fixture(params=["socket_bot", "http_bot"])
def either_bot(request: pytest.FixtureRequest) -> None:
    """An app that Slack reaches, once in each way."""
    request.getfixturevalue(request.param)


@pytest.fixture
def answer(app: AsyncApp) -> Json:
    """What the app answers to somebody who types, and under `body` what it was asked."""
    told: Json = {}

    @app.options("people")
    async def suggest(ack: AsyncAck, body: Json) -> None:
        told["body"] = body
        await asyncio.sleep(told.get("after", 0))
        await ack(**{k: v for k, v in told.items() if k in ("options", "option_groups")})

    @app.view("compose")
    async def compose(ack: AsyncAck, body: Json) -> None:
        told["body"] = body
        await ack()

    return told


@pytest.mark.usefixtures("either_bot")
async def test_what_is_typed_is_asked_and_what_is_offered_can_be_chosen(
    slack: FakeSlack, opened: Opened, answer: Json
) -> None:
    view = await opened()
    answer["option_groups"] = [
        {"label": plain("One"), "options": [option("a", "Al")]},
        {"label": plain("Two"), "options": [option("b"), option("c")]},
    ]
    offered = await slack.suggest(ALICE, view, "people", "a")
    asked = answer["body"]
    assert (asked["type"], asked["value"]) == ("block_suggestion", "a")
    assert (asked["block_id"], asked["action_id"]) == ("people", "people")
    assert list(offered.groups) == ["One", "Two"]
    assert offered.texts == ["Al", "b", "c"]
    await slack.submit(ALICE, view, {"people": ["Al", "c"]})
    state = answer["body"]["view"]["state"]["values"]["people"]["people"]
    assert [each["value"] for each in state["selected_options"]] == ["a", "c"]
    assert slack.violations == []


async def test_the_app_is_not_told_what_stands_in_the_other_inputs(
    slack: FakeSlack, opened: Opened, answer: Json, socket_bot: AsyncSocketModeHandler
) -> None:
    answer["options"] = [option("a")]
    view = await opened()
    view.state = {"people": {"people": {"type": "multi_external_select", "selected_options": []}}}
    await slack.suggest(ALICE, view, "people", "a")
    assert answer["body"]["view"]["state"] == {"values": {}}


async def test_an_app_may_offer_nothing(
    slack: FakeSlack, opened: Opened, answer: Json, socket_bot: AsyncSocketModeHandler
) -> None:
    view = await opened()
    for nothing in ("options", "option_groups"):
        answer.clear()
        answer[nothing] = []
        assert (await slack.suggest(ALICE, view, "people", "a")).options == []
    assert slack.violations == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([option(str(n)) for n in range(101)], "no more than 100 items"),
        ([option("x" * 76)], "less than 76 characters"),
        ([option("a", "x" * 76)], "less than 76 characters"),
        ([option("a", " ")], "must not be blank"),
        ([option("a"), option("a")], "duplicate option value"),
        ([{**option("a"), "description": plain("x" * 76)}], "less than 76 characters"),
    ],
)
async def test_an_answer_that_slack_would_not_take_is_a_violation_and_offers_nothing(
    slack: FakeSlack,
    opened: Opened,
    answer: Json,
    socket_bot: AsyncSocketModeHandler,
    options: list[Json],
    words: str,
) -> None:
    answer["options"] = options
    offered = await slack.suggest(ALICE, await opened(), "people", "a")
    assert offered.options == []
    assert words in slack.violations[0]


async def test_one_value_in_two_groups_is_a_violation(
    slack: FakeSlack, opened: Opened, answer: Json, socket_bot: AsyncSocketModeHandler
) -> None:
    group = {"label": plain("One"), "options": [option("a")]}
    answer["option_groups"] = [group, group]
    await slack.suggest(ALICE, await opened(), "people", "a")
    assert "duplicate option value: a" in slack.violations[0]


async def test_an_answer_that_comes_too_late_offers_nothing(
    slack: FakeSlack, opened: Opened, answer: Json, socket_bot: AsyncSocketModeHandler
) -> None:
    slack.ack_limit = 0.05
    answer.update(options=[option("a")], after=0.2)
    view = await opened()
    offered = await slack.suggest(ALICE, view, "people", "a")
    assert (offered.options, offered.done.error) == ([], "operation_timeout")


async def test_only_what_was_offered_can_be_chosen(
    slack: FakeSlack, opened: Opened, answer: Json, socket_bot: AsyncSocketModeHandler
) -> None:
    answer["options"] = [option("a")]
    view = await opened()
    with pytest.raises(Impossible, match="no option 'a'"):
        await slack.submit(ALICE, view, {"people": ["a"]})
    await slack.suggest(ALICE, view, "people", "a")
    with pytest.raises(Impossible, match="no option 'b'"):
        await slack.submit(ALICE, view, {"people": ["b"]})


async def test_slack_does_not_ask_before_enough_is_typed(slack: FakeSlack, opened: Opened) -> None:
    with pytest.raises(Impossible, match="more than"):
        await slack.suggest(ALICE, await opened(), "people", "")
