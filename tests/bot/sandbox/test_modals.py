from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.model import Impossible, View
from bot.sandbox.server import FakeSlack

ALICE, BOB, CHANNEL = "U0ALICE", "U0BOB", "C0ONCALL"
Json = dict[str, Any]
Composing = Callable[[str], Awaitable[View]]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def modal(title: str = "Compose", **more: object) -> Json:
    text = {"type": "plain_text_input", "action_id": "text", "multiline": True}
    options = [{"text": plain("Page"), "value": "page"}]
    boxes = {"type": "checkboxes", "action_id": "kind", "options": options}
    button = {"type": "button", "action_id": "preview", "text": plain("Preview"), "value": "p"}
    blocks = [
        {"type": "input", "block_id": "body", "label": plain("Text"), "element": text},
        {
            "type": "input",
            "block_id": "kinds",
            "label": plain("Kind"),
            "element": boxes,
            "optional": True,
        },
        {"type": "actions", "block_id": "row", "elements": [button]},
    ]
    head = {"type": "modal", "callback_id": "compose", "title": plain(title)}
    return head | {"submit": plain("Send"), "blocks": blocks} | more


@pytest.fixture
async def trigger(slack: FakeSlack) -> str:
    return (await slack.command(ALICE, CHANNEL, "send")).trigger_id


@pytest.fixture
def submitted(app: AsyncApp) -> list[Json]:
    """The submissions there were; each is acked with what its private_metadata asks for."""
    seen: list[Json] = []

    @app.view("compose")
    async def compose(ack: AsyncAck, body: Json) -> None:
        seen.append(body)
        asked = body["view"]["private_metadata"]
        if asked == "errors":
            await ack(response_action="errors", errors={"body": "too long"})
        elif asked == "wrong errors":
            await ack(response_action="errors", errors={"nowhere": "x"})
        elif asked in ("update", "push"):
            await ack(response_action=asked, view=modal("Next", private_metadata="clear"))
        elif asked == "bad view":
            await ack(response_action="update", view={"type": "modal"})
        else:
            await ack(response_action=asked) if asked else await ack()

    return seen


async def opened(slack: FakeSlack, client: AsyncWebClient, trigger: str, asked: str) -> View:
    view = modal(private_metadata=asked, notify_on_close=True)
    await client.views_open(trigger_id=trigger, view=view)
    return slack.top_view(ALICE)


@pytest.fixture
def composing(
    slack: FakeSlack,
    web_client: AsyncWebClient,
    trigger: str,
    socket_bot: AsyncSocketModeHandler,
    submitted: list[Json],
) -> Composing:
    """Open a view between Slack and a bot that acks its submission with what is asked for."""

    async def start(asked: str) -> View:
        return await opened(slack, web_client, trigger, asked)

    return start


async def refused(client: AsyncWebClient, method: str, **args: object) -> str:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=args)
    return str(caught.value.response["error"])


async def test_a_trigger_opens_one_view_within_three_seconds(
    slack: FakeSlack,
    web_client: AsyncWebClient,
    trigger: str,
    pass_time: Callable[[float], None],
) -> None:
    other = (await slack.command(ALICE, CHANNEL, "send")).trigger_id
    assert await refused(web_client, "views.open", trigger_id=trigger, view={}) == (
        "invalid_arguments"
    )
    await web_client.views_open(trigger_id=trigger, view=modal())
    assert slack.top_view(ALICE).body["title"] == plain("Compose")

    async def opening(trigger_id: str) -> str:
        return await refused(web_client, "views.open", trigger_id=trigger_id, view=modal())

    assert await opening(trigger) == "exchanged_trigger_id"
    pass_time(3.1)
    assert await opening(other) == "expired_trigger_id"
    assert await opening("1.2.x") == "invalid_trigger_id"
    assert slack.violations == ["unsupported type: None [json-pointer:/view/type]"]


async def test_a_submission_carries_the_state_and_closes_the_view(
    slack: FakeSlack, composing: Composing, submitted: list[Json]
) -> None:
    view = await composing("")
    done = await slack.submit(ALICE, view, {"body": "hello", "kinds": ["page"]})
    values = submitted[0]["view"]["state"]["values"]
    assert values["body"]["text"] == {"type": "plain_text_input", "value": "hello"}
    assert values["kinds"]["kind"]["selected_options"][0]["value"] == "page"
    assert (done.error, done.response_url, slack.views(ALICE)) == ("", "", [])


async def test_errors_are_shown_and_leave_the_view_open(
    slack: FakeSlack, composing: Composing
) -> None:
    view = await composing("errors")
    done = await slack.submit(ALICE, view, {"body": "hello"})
    assert (done.error, view.errors, view.open) == ("", {"body": "too long"}, True)


async def test_update_push_and_clear_work_on_the_stack(
    slack: FakeSlack, composing: Composing
) -> None:
    first = await composing("push")
    await slack.submit(ALICE, first, {"body": "hello"})
    second = slack.top_view(ALICE)
    assert (second.previous, second.root) == (first.id, first.id)
    with pytest.raises(Impossible, match="on top"):
        await slack.submit(ALICE, first, {})
    await slack.submit(ALICE, second, {"body": "x"})
    assert slack.views(ALICE) == []


async def test_an_update_replaces_the_view_in_place(slack: FakeSlack, composing: Composing) -> None:
    view = await composing("update")
    before = view.hash
    await slack.submit(ALICE, view, {"body": "hello"})
    assert view.body["title"] == plain("Next")
    assert view.hash != before


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ("wrong errors", "invalid_errors"),
        ("bad view", "invalid_view"),
        ("dance", "invalid_response_action"),
    ],
)
async def test_a_bad_response_action_is_a_violation(
    slack: FakeSlack, composing: Composing, asked: str, error: str
) -> None:
    view = await composing(asked)
    done = await slack.submit(ALICE, view, {"body": "hello"})
    assert done.error == error
    assert slack.violations
    assert view.open


async def test_what_slack_would_not_submit_cannot_be_submitted(
    slack: FakeSlack, web_client: AsyncWebClient, trigger: str
) -> None:
    view = await opened(slack, web_client, trigger, "")
    with pytest.raises(Impossible, match="'body' is required"):
        await slack.submit(ALICE, view)
    with pytest.raises(Impossible, match="no input 'nowhere'"):
        await slack.submit(ALICE, view, {"nowhere": "x"})


async def test_a_closed_view_is_told_where_asked_for(
    slack: FakeSlack,
    web_client: AsyncWebClient,
    trigger: str,
    app: AsyncApp,
    socket_bot: AsyncSocketModeHandler,
) -> None:
    @app.view_closed("compose")
    async def closed(ack: AsyncAck) -> None:
        await ack()

    done = await slack.close(ALICE, await opened(slack, web_client, trigger, ""))
    assert done is not None
    assert done.payload["type"] == "view_closed"
    assert done.trigger_id == ""
    other = (await slack.command(ALICE, CHANNEL, "send")).trigger_id
    await web_client.views_open(trigger_id=other, view=modal())
    assert await slack.close(ALICE, slack.top_view(ALICE)) is None


async def test_a_button_in_a_modal_can_update_and_push(
    slack: FakeSlack,
    web_client: AsyncWebClient,
    trigger: str,
    app: AsyncApp,
    socket_bot: AsyncSocketModeHandler,
) -> None:
    @app.action("preview")
    async def preview(ack: AsyncAck, body: Json) -> None:
        await ack()

    view = await opened(slack, web_client, trigger, "")
    done = await slack.click(ALICE, view, "preview")
    assert done.payload["container"] == {"type": "view", "view_id": view.id}
    chosen = await slack.click(ALICE, view, "kind", "page")
    state = chosen.payload["view"]["state"]["values"]["kinds"]["kind"]
    assert state["selected_options"][0]["value"] == "page"

    named = modal("Second", external_id="ours")
    await web_client.views_update(view_id=view.id, view=named, hash=view.hash)
    assert view.state["kinds"]["kind"] == state
    stale = {"view_id": view.id, "view": named, "hash": "stale"}
    assert await refused(web_client, "views.update", **stale) == "hash_conflict"
    await web_client.views_update(external_id="ours", view=modal("Third"))
    gone = {"view_id": "V0", "view": named}
    assert await refused(web_client, "views.update", **gone) == "not_found"
    await web_client.views_push(trigger_id=done.trigger_id, view=modal("On top"))
    assert slack.top_view(ALICE).previous == view.id


async def test_three_views_are_the_most(slack: FakeSlack, web_client: AsyncWebClient) -> None:
    async def trigger() -> str:
        return (await slack.command(ALICE, CHANNEL, "send")).trigger_id

    args = {"trigger_id": await trigger(), "view": modal()}
    assert await refused(web_client, "views.push", **args) == "not_found"
    await web_client.views_open(trigger_id=await trigger(), view=modal())
    await web_client.views_push(trigger_id=await trigger(), view=modal())
    await web_client.views_push(trigger_id=await trigger(), view=modal())
    args = {"trigger_id": await trigger(), "view": modal()}
    assert await refused(web_client, "views.push", **args) == "push_limit_reached"
    await web_client.views_open(trigger_id=await trigger(), view=modal())
    assert len(slack.views(ALICE)) == 1
