"""Each thing to do at the page reaches an app, and what the app does reaches the screen."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.say.async_say import AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.browser.deeds import DEEDS
from bot.sandbox.browser.room import Room
from bot.sandbox.browser.screen import screen
from bot.sandbox.browser.switches import Switches
from bot.sandbox.server import FakeSlack
from twilio_core.testing import FakeTwilio

ALICE, ONCALL = "U0ALICE", "C0ONCALL"

Wait = Callable[..., Awaitable[None]]

PEOPLE_INPUT = {
    "type": "input",
    "block_id": "people",
    "label": {"type": "plain_text", "text": "People"},
    "element": {"type": "multi_external_select", "action_id": "people", "min_query_length": 0},
}
VIEW = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "A form"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [PEOPLE_INPUT],
}
BUTTON = {
    "type": "actions",
    "block_id": "row",
    "elements": [
        {"type": "button", "action_id": "go", "value": "7",
         "text": {"type": "plain_text", "text": "Go"}}
    ],
}  # fmt: skip
OPTION = {"text": {"type": "plain_text", "text": "bob"}, "value": "B"}


@pytest.fixture
async def room(slack: FakeSlack, socket_bot: AsyncSocketModeHandler) -> AsyncIterator[Room]:
    async with FakeTwilio(step=None) as twilio:
        yield Room(slack, twilio, Switches(twilio))


@pytest.fixture
def heard(app: AsyncApp) -> list[dict[str, Any]]:
    """An app that answers with a button and a form; gives what it hears."""
    bodies: list[dict[str, Any]] = []

    async def answer(ack: AsyncAck, body: dict[str, Any], say: AsyncSay) -> None:
        bodies.append(body)
        await ack()
        await say(text="Shall we?", blocks=[BUTTON])

    async def form(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        bodies.append(body)
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=VIEW)

    async def offer(ack: AsyncAck, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack(options=[OPTION])

    async def take(ack: AsyncAck, body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack()

    async def home(body: dict[str, Any], client: AsyncWebClient) -> None:
        bodies.append(body)
        view = {"type": "home", "blocks": [BUTTON]}
        await client.views_publish(user_id=body["event"]["user"], view=view)

    app.command("/sms")(answer)
    app.action("go")(form)
    app.shortcut("form")(form)
    app.options("people")(offer)
    app.view("form")(take)
    app.event("app_home_opened")(home)
    return bodies


async def do(room: Room, deed: str, **told: object) -> dict[str, Any]:
    return await DEEDS[deed](room, ALICE, told)


async def until(eventually: Wait, room: Room, name: str) -> Any:  # noqa: ANN401 - what JSON holds
    await eventually(lambda: screen(room, ALICE)[name])
    return screen(room, ALICE)[name]


async def test_from_a_command_to_a_submitted_form(
    room: Room, heard: list[dict[str, Any]], eventually: Wait
) -> None:
    assert await do(room, "command", channel=ONCALL, text="send bob") == {}
    assert room.typed == ["send bob"]
    await eventually(lambda: screen(room, ALICE)["channels"][0]["messages"])
    (message,) = screen(room, ALICE)["channels"][0]["messages"]
    assert (message["bot"], message["blocks"][0]["block_id"]) == (True, "row")

    at = {"channel": ONCALL, "ts": message["ts"]}
    assert await do(room, "click", **at, block="row", action="go", value="7") == {}
    (view,) = await until(eventually, room, "views")
    assert (view["title"]["text"], view["submit"]["text"]) == ("A form", "Send")

    offered = await do(room, "suggest", view=view["id"], action="people", query="b")
    assert offered == {"groups": [{"label": "", "options": [OPTION]}]}
    assert await do(room, "submit", view=view["id"], values={"people": ["B"]}) == {}
    assert screen(room, ALICE)["views"] == []
    chosen = heard[-1]["view"]["state"]["values"]["people"]["people"]["selected_options"]
    assert chosen == [OPTION]


async def test_a_form_is_closed_without_a_word(
    room: Room, heard: list[dict[str, Any]], eventually: Wait
) -> None:
    assert await do(room, "shortcut", id="form") == {}
    (view,) = await until(eventually, room, "views")
    assert await do(room, "close", view=view["id"]) == {}
    assert screen(room, ALICE)["views"] == []


async def test_a_home_is_opened_and_its_button_pressed(
    room: Room, heard: list[dict[str, Any]], eventually: Wait
) -> None:
    assert await do(room, "home", tab="home") == {}
    home = await until(eventually, room, "home")
    assert await do(room, "click", view=home["id"], block="row", action="go", value="7") == {}
    assert await until(eventually, room, "views")


async def test_a_message_is_sent_on_by_its_shortcut(
    room: Room, heard: list[dict[str, Any]], eventually: Wait
) -> None:
    assert await do(room, "say", channel=ONCALL, text="Water & <light>") == {}
    (message,) = screen(room, ALICE)["channels"][0]["messages"]
    assert message["text"] == "Water &amp; &lt;light&gt;"
    assert await do(room, "forward", channel=ONCALL, ts=message["ts"], id="form") == {}
    assert heard[-1]["message"]["text"] == "Water &amp; &lt;light&gt;"


async def test_a_phone_replies_and_a_number_and_twilio_misbehave(room: Room) -> None:
    number = "+16175551213"
    assert await do(room, "reply", number=number, text="STOP") == {}
    assert await do(room, "service", value="slow") == {}
    bob = screen(room, ALICE)["phones"][1]
    assert (bob["name"], bob["trick"]) == ("bob", "stopped")
    assert [(m["mine"], m["body"]) for m in bob["messages"]] == [(True, "STOP")]
    assert await do(room, "trick", number=number, value="landline") == {}
    assert screen(room, ALICE)["phones"][1]["trick"] == "landline"
    assert screen(room, ALICE)["twilio"]["service"] == "slow"


async def test_what_stands_in_a_thread_is_shown_under_its_message(room: Room) -> None:
    workspace = room.slack.workspace
    parent = room.slack.say(ALICE, ONCALL, "Who is awake?")
    answer = room.slack.say(ALICE, ONCALL, "I am")
    answer.thread = parent.ts
    messages = screen(room, ALICE)["channels"][0]["messages"]
    assert workspace.answers(parent) == [answer]
    assert [[a["text"] for a in m["answers"]] for m in messages] == [["I am"]]


async def test_what_one_person_is_told_another_does_not_see(
    room: Room, slack: FakeSlack, web_client: AsyncWebClient
) -> None:
    await web_client.chat_postEphemeral(channel=ONCALL, user=ALICE, text="psst")
    seen = [screen(room, user)["channels"][0]["messages"] for user in (ALICE, "U0BOB")]
    assert [[m["private"] for m in each] for each in seen] == [[True], []]
