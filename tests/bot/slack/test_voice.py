"""What each refusal of Slack's means, and which way a private word takes."""

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from bot.sandbox.door import Outage
from bot.sandbox.server import FakeSlack
from bot.slack.message import Message
from bot.slack.views.answers import plain
from bot.slack.voice import (
    Ear,
    NotMember,
    NotShown,
    SlackDown,
    Voice,
    web_client,
)
from tests.bot.slack.kit import ALICE, AWAY, ONCALL, Broken, Calls, Private

HELLO = plain("hello")


def url(slack: FakeSlack, channel: str = ONCALL) -> str:
    return str(slack.base_url + slack.workspace.new_url(ALICE, channel))


async def test_a_message_is_posted_with_its_metadata_and_updated_in_place(
    slack: FakeSlack, voice: Voice
) -> None:
    metadata = {"event_type": "sms_send", "event_payload": {"id": 1}}
    ts = await voice.post(ONCALL, Message("one", HELLO.blocks, metadata))
    await voice.update(ONCALL, ts, HELLO)
    [message] = slack.channel_messages(ONCALL)
    assert message.metadata == metadata
    assert [v.text for v in slack.history(message)] == ["one", "hello"]


@pytest.mark.parametrize("error", ["not_in_channel", "channel_not_found", "is_archived"])
async def test_a_channel_that_is_closed_to_the_bot_is_told_apart(
    slack: FakeSlack, voice: Voice, error: str
) -> None:
    slack.fail("chat.postMessage", error)
    with pytest.raises(NotMember, match=error):
        await voice.post(ONCALL, HELLO)


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_too_long", "token_revoked"])
async def test_what_slack_will_never_take_is_not_shown(
    slack: FakeSlack, voice: Voice, error: str
) -> None:
    slack.fail("chat.postMessage", error)
    with pytest.raises(NotShown, match=error):
        await voice.post(ONCALL, HELLO)


async def test_a_rate_limit_says_when_to_come_back(slack: FakeSlack, voice: Voice) -> None:
    slack.limit("chat.update", 1, 7)
    with pytest.raises(SlackDown) as down:
        await voice.update(ONCALL, "1.2", HELLO)
    assert down.value.retry_after == 7


@pytest.mark.parametrize("kind", ["html", "refused"])
async def test_an_outage_passes(slack: FakeSlack, voice: Voice, kind: Outage) -> None:
    slack.outage(kind=kind)
    with pytest.raises(SlackDown):
        await voice.post(ONCALL, HELLO)
    with pytest.raises(SlackDown):
        await voice.whisper(Ear(ALICE, ONCALL, url(slack)), HELLO)
    await slack.recover()
    assert await voice.post(ONCALL, HELLO)


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (503, "<html>", "text/html"),
        (500, "no", "text/plain"),
        (502, "{", "application/json"),
        (200, '{"ok": false, "error": "fatal_error"}', "application/json"),
        (200, '{"ok": false, "error": "update_failed"}', "application/json"),
        (200, "<html>", "text/html"),
        (200, "", "text/html"),
    ],
)
async def test_an_answer_that_nobody_can_read_passes(
    broken: Broken, session: aiohttp.ClientSession, status: int, text: str, kind: str
) -> None:
    voice = Voice(web_client("xoxb-1", await broken(status, text, kind), session), session)
    with pytest.raises(SlackDown):
        await voice.post(ONCALL, HELLO)


async def test_a_client_error_without_slacks_words_is_final(
    broken: Broken, session: aiohttp.ClientSession
) -> None:
    voice = Voice(web_client("xoxb-1", await broken(404, "", "text/html"), session), session)
    with pytest.raises(NotShown, match="HTTP 404"):
        await voice.post(ONCALL, HELLO)


async def test_a_whisper_takes_the_response_url_where_the_bot_is_no_member(
    slack: FakeSlack, voice: Voice, private: Private, calls: Calls
) -> None:
    await voice.whisper(Ear(ALICE, AWAY, url(slack, AWAY)), HELLO)
    [message] = private(channel=AWAY)
    assert message.text == "hello"
    assert calls("chat.postEphemeral") == []


async def test_a_response_url_used_up_gives_way_to_an_ephemeral_message(
    slack: FakeSlack, voice: Voice, private: Private, calls: Calls
) -> None:
    ear = Ear(ALICE, ONCALL, url(slack))
    for _ in range(6):
        await voice.whisper(ear, HELLO)
    assert len(private()) == 6
    assert len(calls("chat.postEphemeral")) == 1
    assert "metadata" not in calls("chat.postEphemeral")[0].args


async def test_a_response_url_known_to_have_ended_is_not_tried(
    slack: FakeSlack, voice: Voice, calls: Calls
) -> None:
    ended = datetime.now(UTC) - timedelta(seconds=1)
    await voice.whisper(Ear(ALICE, ONCALL, url(slack), ended), HELLO)
    assert calls("response_url") == []
    assert len(calls("chat.postEphemeral")) == 1


async def test_where_nothing_else_works_a_direct_message_is_sent(
    slack: FakeSlack, voice: Voice
) -> None:
    await voice.whisper(Ear(ALICE, AWAY), HELLO)
    assert [m.text for m in slack.channel_messages(ALICE)] == ["hello"]


async def test_without_a_channel_a_direct_message_is_the_only_way(
    slack: FakeSlack, voice: Voice, calls: Calls
) -> None:
    await voice.whisper(Ear(ALICE, ""), HELLO)
    assert calls("chat.postEphemeral") == []
    assert len(slack.channel_messages(ALICE)) == 1


async def test_a_person_who_is_gone_is_not_told_and_the_caller_knows(
    slack: FakeSlack, voice: Voice
) -> None:
    with pytest.raises(NotShown, match="channel_not_found"):
        await voice.whisper(Ear("U0GONE", AWAY), HELLO)


async def test_a_response_url_that_is_rate_limited_says_when_to_come_back(
    slack: FakeSlack, voice: Voice
) -> None:
    slack.limit("response_url", 1, 1)
    with pytest.raises(SlackDown) as down:
        await voice.whisper(Ear(ALICE, ONCALL, url(slack)), HELLO)
    assert down.value.retry_after == 1


async def test_an_answer_to_a_button_can_take_the_place_of_its_message(
    slack: FakeSlack, voice: Voice, private: Private
) -> None:
    ear = Ear(ALICE, ONCALL, url(slack))
    await voice.whisper(ear, HELLO)
    [message] = private()
    button = slack.base_url + slack.workspace.new_url(ALICE, ONCALL, message)
    await voice.whisper(Ear(ALICE, ONCALL, button), plain("new"), replace=True)
    assert [m.text for m in private()] == ["new"]


async def test_a_call_that_slack_does_not_answer_is_given_up(
    broken: Broken, session: aiohttp.ClientSession
) -> None:
    address = await broken(200, "{}", "application/json", silent=True)
    voice = Voice(web_client("xoxb-1", address, session, timeout=1), session)
    with pytest.raises(SlackDown, match="TimeoutError"):
        await voice.post(ONCALL, HELLO)
    with pytest.raises(SlackDown, match="TimeoutError"):
        await voice.whisper(Ear(ALICE, ONCALL, address), HELLO)


async def test_neither_words_nor_response_url_stand_in_a_repr(slack: FakeSlack) -> None:
    ear = Ear(ALICE, ONCALL, url(slack))
    assert ear.url not in repr(ear)
    assert "hello" not in repr(HELLO)


async def test_what_slack_may_take_later_is_noted_and_what_it_took(
    slack: FakeSlack, voice: Voice
) -> None:
    with pytest.raises(NotMember):
        await voice.post(AWAY, HELLO)
    assert (voice.link.error, voice.link.answered) == ("", None)
    slack.fail("chat.postMessage", "internal_error")
    with pytest.raises(SlackDown):
        await voice.post(ONCALL, HELLO)
    assert voice.link.error == "internal_error"
    await voice.post(ONCALL, HELLO)
    assert voice.link.answered is not None


async def test_a_home_is_published_for_one_person(slack: FakeSlack, voice: Voice) -> None:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}
    await voice.publish(ALICE, {"type": "home", "blocks": [block]})
    assert slack.home(ALICE).body["blocks"][0]["text"]["text"] == "hello"
    with pytest.raises(NotShown, match="user_not_found"):
        await voice.publish("U0NOBODY", {"type": "home", "blocks": [block]})
