"""The App Home of the local Slack: published, looked at, and told of as Slack tells."""

from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.model import Impossible
from bot.sandbox.server import FakeSlack

ALICE, BOB, CHANNEL = "U0ALICE", "U0BOB", "C0ONCALL"
Json = dict[str, Any]


def home(*blocks: Json) -> Json:
    return {"type": "home", "blocks": list(blocks)}


def said(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.fixture
def heard(app: AsyncApp) -> list[Json]:
    """The bodies of the events there were."""
    seen: list[Json] = []

    @app.event("app_home_opened")
    async def opened(body: Json) -> None:
        seen.append(body)

    return seen


async def refusal(client: AsyncWebClient, **arguments: Any) -> str:  # noqa: ANN401
    with pytest.raises(SlackApiError) as refused:
        await client.views_publish(**{"user_id": ALICE, "view": home(said("hello")), **arguments})
    return str(refused.value.response["error"])


async def test_a_home_that_is_published_takes_the_place_of_the_one_before(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    answer = await web_client.views_publish(user_id=ALICE, view=home(said("one")))
    assert answer["view"]["type"] == "home"
    first = slack.home(ALICE)
    await web_client.views_publish(user_id=ALICE, view=home(said("two")))
    assert slack.home(ALICE) is first
    assert first.body["blocks"][0]["text"]["text"] == "two"
    assert slack.views(ALICE) == []
    with pytest.raises(KeyError):
        slack.home(BOB)


async def test_a_hash_has_to_be_that_of_what_is_shown(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    assert await refusal(web_client, hash="h1") == "hash_conflict"
    first = (await web_client.views_publish(user_id=ALICE, view=home(said("1"))))["view"]["hash"]
    await web_client.views_publish(user_id=ALICE, view=home(said("2")), hash=first)
    assert await refusal(web_client, hash=first) == "hash_conflict"
    assert slack.home(ALICE).body["blocks"][0]["text"]["text"] == "2"


@pytest.mark.parametrize("user", ["U0NOBODY", "U0SMSBOT", ""])
async def test_who_is_not_there_has_no_home(web_client: AsyncWebClient, user: str) -> None:
    assert await refusal(web_client, user_id=user) == "user_not_found"


TABLE = {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}


@pytest.mark.parametrize(
    "view",
    [
        home(*[said("x")] * 101),
        home(TABLE),
        home(said("")),
        home(said("x")) | {"title": {"type": "plain_text", "text": "Home"}},
    ],
)
async def test_a_home_that_breaks_a_rule_is_refused_and_noted(
    slack: FakeSlack, web_client: AsyncWebClient, view: Json
) -> None:
    assert await refusal(web_client, view=view) == "invalid_arguments"
    assert slack.violations


async def test_a_home_cannot_be_opened_nor_a_modal_published(
    slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    modal = home(said("x")) | {"type": "modal", "title": {"type": "plain_text", "text": "x"}}
    assert await refusal(web_client, view=modal) == "invalid_arguments"
    trigger = (await slack.command(ALICE, CHANNEL, "x")).trigger_id
    with pytest.raises(SlackApiError, match="invalid_arguments"):
        await web_client.views_open(trigger_id=trigger, view=home(said("x")))


async def test_opening_the_home_is_an_event_as_slack_documents_it(
    slack: FakeSlack, socket_bot: AsyncSocketModeHandler, heard: list[Json]
) -> None:
    assert (await slack.open_home(ALICE)).error == ""
    assert (await slack.open_home(ALICE, "messages")).error == ""
    first, second = heard
    assert first["type"] == "event_callback"
    assert (
        first["event"].items() >= {"type": "app_home_opened", "user": ALICE, "tab": "home"}.items()
    )
    assert first["event"]["channel"].startswith("D")
    assert first["event_id"].startswith("Ev")
    assert first["event_id"] != second["event_id"]
    assert second["event"]["tab"] == "messages"


async def test_the_event_shows_what_the_home_was(
    slack: FakeSlack,
    web_client: AsyncWebClient,
    socket_bot: AsyncSocketModeHandler,
    heard: list[Json],
) -> None:
    await slack.open_home(ALICE)
    await web_client.views_publish(user_id=ALICE, view=home(said("hello")))
    await slack.open_home(ALICE)
    assert "view" not in heard[0]["event"]
    assert heard[1]["event"]["view"]["hash"] == slack.home(ALICE).hash


async def test_over_http_an_event_is_signed_json(
    slack: FakeSlack, http_bot: AsyncApp, heard: list[Json]
) -> None:
    done = await slack.open_home(ALICE)
    assert (done.error, done.answer.transport) == ("", "http")
    assert [body["event"]["user"] for body in heard] == [ALICE]


async def test_an_event_without_an_ack_comes_again_three_times(
    slack: FakeSlack, app: AsyncApp, http_bot: AsyncApp
) -> None:
    slack.event_pauses = (0.0, 0.0, 0.0)
    seen: list[tuple[str, str, str]] = []

    @app.middleware
    async def refuse(req: Any, resp: Any) -> Any:  # noqa: ANN401 - Bolt's own types
        headers = req.headers
        seen.append(
            (
                req.body["event_id"],
                headers.get("x-slack-retry-num", [""])[0],
                headers.get("x-slack-retry-reason", [""])[0],
            )
        )
        resp.status = 500
        return resp

    done = await slack.open_home(ALICE)
    assert done.error == "dispatch_failed"
    assert [number for _, number, _ in seen] == ["", "1", "2", "3"]
    assert {reason for _, _, reason in seen[1:]} == {"http_error"}
    assert len({event for event, _, _ in seen}) == 1


async def test_an_event_over_a_socket_says_how_often_it_came(
    slack: FakeSlack, socket_bot: AsyncSocketModeHandler, app: AsyncApp
) -> None:
    slack.event_pauses, slack.ack_limit = (0.0,), 0.3
    envelopes: list[Json] = []

    async def swallow(_client: object, message: Json, _raw: str | None) -> None:
        if message.get("type") == "events_api":
            envelopes.append(message)

    client: Any = socket_bot.client
    client.message_listeners.append(swallow)
    client.socket_mode_request_listeners.clear()
    assert (await slack.open_home(ALICE)).timed_out
    told = [(e["retry_attempt"], e["retry_reason"]) for e in envelopes]
    assert told == [(0, ""), (1, "http_timeout")]
    assert not any(e["accepts_response_payload"] for e in envelopes)


async def test_an_event_can_be_delivered_twice(
    slack: FakeSlack, socket_bot: AsyncSocketModeHandler, heard: list[Json]
) -> None:
    done = await slack.open_home(ALICE)
    assert (await slack.redeliver(done)).kind == "events_api"
    assert len({body["event_id"] for body in heard}) == 1
    assert len(heard) == 2


async def test_a_button_of_the_home_is_clicked_unless_a_modal_is_in_front(
    slack: FakeSlack,
    app: AsyncApp,
    web_client: AsyncWebClient,
    socket_bot: AsyncSocketModeHandler,
    buttons: Any,  # noqa: ANN401
) -> None:
    seen: list[Json] = []

    @app.action("go")
    async def go(ack: AsyncAck, body: Json) -> None:
        seen.append(body)
        await ack()

    await web_client.views_publish(user_id=ALICE, view=home(*buttons("go")))
    done = await slack.click(ALICE, slack.home(ALICE), "go")
    assert (done.error, seen[0]["view"]["type"]) == ("", "home")
    assert seen[0]["container"]["type"] == "view"
    assert "channel" not in seen[0]
    modal = home(said("x")) | {"type": "modal", "title": {"type": "plain_text", "text": "x"}}
    await web_client.views_open(trigger_id=done.trigger_id, view=modal)
    with pytest.raises(Impossible):
        await slack.click(ALICE, slack.home(ALICE), "go")
