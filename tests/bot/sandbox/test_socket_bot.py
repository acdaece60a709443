import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.respond.async_respond import AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.model import Impossible
from bot.sandbox.server import FakeSlack
from tests.bot.kit import Eventually

ALICE, BOB, CHANNEL = "U0ALICE", "U0BOB", "C0ONCALL"
Json = dict[str, Any]
Buttons = Callable[..., list[Json]]
Bot = AsyncSocketModeHandler


async def test_a_commands_ack_text_is_seen_by_its_typist_alone(
    slack: FakeSlack, app: AsyncApp, socket_bot: Bot
) -> None:
    @app.command("/sms")
    async def sms(ack: AsyncAck, command: Json) -> None:
        await ack(f"got {command['text']} in {command['channel_name']}")

    done = await slack.command(ALICE, CHANNEL, "send +16175551212 hi @bob")

    assert done.error == ""
    assert done.body == {"text": "got send +16175551212 hi <@U0BOB|bob> in oncall"}
    assert [m.text for m in slack.seen_by(ALICE, CHANNEL)] == [done.body["text"]]
    assert slack.seen_by(BOB, CHANNEL) == []
    assert done.status == 200
    assert done.answer.transport == "socket"


async def test_no_ack_in_time_is_an_operation_timeout(
    slack: FakeSlack, app: AsyncApp, socket_bot: Bot, eventually: Eventually
) -> None:
    slack.ack_limit = 0.5

    @app.command("/sms")
    async def sms(ack: AsyncAck) -> None:
        await asyncio.sleep(0.7)
        await ack("too late")

    done = await slack.command(ALICE, CHANNEL, "help")
    await eventually(lambda: slack.late_acks)

    assert (done.timed_out, done.error, done.status) == (True, "operation_timeout", 0)
    said = [m.text for m in slack.seen_by(ALICE, CHANNEL)]
    assert said == ['/sms failed with the error "operation_timeout"']
    assert len(slack.late_acks) == 1


async def test_a_public_answer_publishes_the_typed_command(
    slack: FakeSlack, app: AsyncApp, socket_bot: Bot
) -> None:
    @app.command("/sms")
    async def sms(ack: AsyncAck) -> None:
        await ack(text="ok", response_type="in_channel")

    await slack.command(ALICE, CHANNEL, "send +16175551212 hi")
    said = [(m.author, m.text) for m in slack.seen_by(BOB, CHANNEL)]
    assert said == [(ALICE, "/sms send +16175551212 hi"), ("U0SMSBOT", "ok")]


async def test_bad_blocks_in_an_ack_are_a_violation_and_not_shown(
    slack: FakeSlack, app: AsyncApp, socket_bot: Bot
) -> None:
    @app.command("/sms")
    async def sms(ack: AsyncAck) -> None:
        await ack(text="x", blocks=[{"type": "section"}])

    await slack.command(ALICE, CHANNEL, "help")
    assert slack.seen_by(ALICE, CHANNEL) == []
    assert slack.violations == ["ack: needs text or fields [json-pointer:/blocks/0]"]


async def test_redelivery_repeats_the_trigger_id(
    slack: FakeSlack, app: AsyncApp, socket_bot: Bot
) -> None:
    seen: list[str] = []

    @app.command("/sms")
    async def sms(ack: AsyncAck, command: Json) -> None:
        seen.append(command["trigger_id"])
        await ack()

    done = await slack.command(ALICE, CHANNEL, "help")
    again = await slack.redeliver(done)
    same = await slack.redeliver(done, same_envelope=True)
    assert seen == [done.trigger_id] * 3
    assert done.envelope_id != again.envelope_id
    assert done.envelope_id == same.envelope_id
    assert slack.seen_by(ALICE, CHANNEL) == []  # an empty ack shows nothing


async def test_a_button_in_a_channel_message_replaces_or_answers(
    slack: FakeSlack,
    app: AsyncApp,
    socket_bot: Bot,
    web_client: AsyncWebClient,
    buttons: Buttons,
    eventually: Eventually,
) -> None:
    bodies: list[Json] = []

    @app.action("retry")
    async def retry(ack: AsyncAck, body: Json, respond: AsyncRespond) -> None:
        await ack()
        bodies.append(body)
        await respond("working", replace_original=True)
        await respond("by the way")

    await web_client.chat_postMessage(channel=CHANNEL, text="card", blocks=buttons("retry"))
    (card,) = slack.channel_messages(CHANNEL)
    done = await slack.click(ALICE, card, "retry", "v", "row")
    await eventually(lambda: len(slack.seen_by(ALICE, CHANNEL)) == 2)

    assert (done.error, bodies[0]["trigger_id"]) == ("", done.trigger_id)
    assert bodies[0]["message"]["text"] == "card"
    assert bodies[0]["actions"][0]["value"] == "v"
    assert bodies[0]["container"]["is_ephemeral"] is False
    assert [v.text for v in slack.history(card)] == ["card", "working"]
    assert [m.text for m in slack.seen_by(ALICE, CHANNEL)] == ["working", "by the way"]
    assert [m.text for m in slack.seen_by(BOB, CHANNEL)] == ["working"]
    assert (await slack.redeliver(done)).payload is done.payload


async def test_a_button_in_an_ephemeral_comes_without_its_message(
    slack: FakeSlack,
    app: AsyncApp,
    socket_bot: Bot,
    web_client: AsyncWebClient,
    buttons: Buttons,
    eventually: Eventually,
) -> None:
    @app.action("dismiss")
    async def dismiss(ack: AsyncAck, respond: AsyncRespond) -> None:
        await ack()
        await respond(delete_original=True)

    send = web_client.chat_postEphemeral
    await send(channel=CHANNEL, user=ALICE, blocks=buttons("dismiss"), text="x")
    (private,) = slack.seen_by(ALICE, CHANNEL)
    done = await slack.click(ALICE, private, "dismiss")
    await eventually(lambda: slack.seen_by(ALICE, CHANNEL) == [])
    assert "message" not in done.payload
    assert done.payload["container"]["is_ephemeral"]
    with pytest.raises(Impossible, match="does not see"):
        await slack.click(ALICE, private, "dismiss")


async def test_a_menu_in_a_message_tells_what_was_chosen(
    slack: FakeSlack, app: AsyncApp, socket_bot: Bot, web_client: AsyncWebClient
) -> None:
    @app.action("pick")
    async def pick(ack: AsyncAck) -> None:
        await ack()

    option = {"text": {"type": "plain_text", "text": "One"}, "value": "1"}
    menu = {"type": "static_select", "action_id": "pick", "options": [option]}
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "?"}, "accessory": menu}]
    await web_client.chat_postMessage(channel=CHANNEL, text="card", blocks=blocks)
    (card,) = slack.channel_messages(CHANNEL)
    done = await slack.click(ALICE, card, "pick", "One")
    assert done.payload["actions"][0]["selected_option"] == option
    (values,) = done.payload["state"]["values"].values()
    assert values == {"pick": {"type": "static_select", "selected_option": option}}
    with pytest.raises(Impossible, match="no option"):
        await slack.click(ALICE, card, "pick", "Two")
    with pytest.raises(Impossible, match="no 'poke'"):
        await slack.click(ALICE, card, "poke", block="elsewhere")


async def test_shortcuts_are_delivered(
    slack: FakeSlack, app: AsyncApp, socket_bot: Bot, web_client: AsyncWebClient
) -> None:
    seen: list[str] = []

    @app.shortcut("compose")
    async def compose(ack: AsyncAck, shortcut: Json) -> None:
        seen.append(shortcut["type"])
        await ack()

    await web_client.chat_postMessage(channel=CHANNEL, text="card")
    await slack.global_shortcut(ALICE, "compose")
    done = await slack.message_shortcut(ALICE, slack.channel_messages(CHANNEL)[0], "compose")
    assert seen == ["shortcut", "message_action"]
    assert done.response_url


async def test_people_act_only_where_they_are(slack: FakeSlack, socket_bot: Bot) -> None:
    with pytest.raises(Impossible, match="no member"):
        await slack.command(BOB, "C0LOUNGE", "help")


async def test_nobody_listening_is_dispatch_failed(slack: FakeSlack) -> None:
    done = await slack.command(ALICE, "C0SECRET", "help", should_escape=False)
    assert (done.error, done.answer.transport) == ("dispatch_failed", "none")
    assert done.payload["channel_name"] == "privategroup"
