"""Clicks: a retry, a refresh, the pages of a listing, each answered to the person alone."""

from dataclasses import replace
from typing import Any

import pytest

from bot.sandbox.model import Message
from bot.slack.views.card import failure_notice, private_card
from bot.slack.voice import Ear
from tests.bot.slack.kit import ALICE, AWAY, BOB, ONCALL, ONE, Desk, Private, Shown, Wait


async def failed_send(desk: Desk, channel: str = ONCALL) -> int:
    send = await desk.books.send(ONE, channel=channel)
    await desk.books.settle(ONE, "failed", "400")
    return send


async def notice(desk: Desk, send: int, ear: Ear) -> None:
    snap = await desk.books.cards.snapshot(send)
    assert snap is not None
    await desk.voice.whisper(ear, failure_notice(snap))


async def test_retry_failed_sends_again_once_and_keeps_the_list_of_numbers(
    either: Desk, private: Private, eventually: Wait, shown: Shown
) -> None:
    await notice(either, await failed_send(either), Ear(ALICE, ONCALL))
    [message] = private()
    assert (await either.slack.click(ALICE, message, "sms_retry")).error == ""
    await eventually(lambda: "Sending again to 1, as #2" in private()[-1].text)
    await either.slack.click(ALICE, message, "sms_retry")
    await eventually(lambda: "retried before, as #2" in private()[-1].text)
    assert await either.sends() == 2
    assert ONE in shown(message)


async def test_retry_failed_works_from_the_direct_message_that_the_notice_came_as(
    at_desk: Desk, eventually: Wait
) -> None:
    send = await failed_send(at_desk, AWAY)
    await notice(at_desk, send, Ear(ALICE, AWAY))
    [message] = at_desk.slack.channel_messages(ALICE)
    await at_desk.slack.click(ALICE, message, "sms_retry")
    await eventually(lambda: "as #2" in str([m.text for m in at_desk.slack.seen_by(ALICE, ALICE)]))
    card = await at_desk.books.cards.card(2)
    assert card is not None
    assert card.channel == AWAY


async def test_retry_failed_by_another_is_decided_for_that_person(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    rules = at_desk.policy.channels[ONCALL]
    at_desk.policy = replace(at_desk.policy, channels={ONCALL: replace(rules, who=(ALICE,))})
    await notice(at_desk, await failed_send(at_desk), Ear(BOB, ONCALL))
    await at_desk.slack.click(BOB, private(BOB)[0], "sms_retry")
    await eventually(lambda: len(private(BOB)) == 2)
    assert "who" in str(private(BOB)[1].blocks)
    assert await at_desk.sends() == 1


async def test_a_retry_that_fails_is_told_privately(
    at_desk: Desk, private: Private, eventually: Wait, told: list[Any]
) -> None:
    await notice(at_desk, await failed_send(at_desk), Ear(ALICE, ONCALL))
    await at_desk.books.run("ALTER TABLE audit ADD CHECK (action = '')  NOT VALID")
    done = await at_desk.slack.click(ALICE, private()[0], "sms_retry")
    assert done.error == ""
    await eventually(lambda: "not certain" in private()[-1].text)
    assert ONE not in str(told)


async def test_refresh_shows_the_state_of_now_in_the_same_message_also_in_a_direct_one(
    at_desk: Desk, eventually: Wait
) -> None:
    send = await at_desk.books.send(ONE, channel=AWAY)
    snap = await at_desk.books.cards.snapshot(send)
    assert snap is not None
    await at_desk.voice.whisper(Ear(ALICE, AWAY), private_card(snap))
    [message] = at_desk.slack.channel_messages(ALICE)
    await at_desk.books.settle(ONE, "accepted")
    await at_desk.slack.click(ALICE, message, "sms_refresh")
    await eventually(lambda: "Success" in message.text)


async def test_a_send_of_somebody_else_is_not_shown_by_refresh(
    at_desk: Desk, private: Private, eventually: Wait, shown: Shown
) -> None:
    snap = await at_desk.books.cards.snapshot(await at_desk.books.send(ONE))
    assert snap is not None
    await at_desk.voice.whisper(Ear(BOB, ONCALL), private_card(snap))
    [message] = private(BOB)
    await at_desk.books.settle(ONE, "accepted")
    await at_desk.slack.click(BOB, message, "sms_refresh")
    await eventually(lambda: "Only who sent it" in private(BOB)[-1].text)
    assert "Sending" in message.text


async def listing(desk: Desk, private: Private, text: str = "recipients phone") -> Message:
    desk.twilio.verified = [(f"+1617555{n:04}", f"Phone {n:02} & <co>") for n in range(45)]
    await desk.slack.command(ALICE, ONCALL, text)
    return private()[-1]


async def test_pages_are_turned_in_place_and_a_filter_of_slacks_own_signs_is_kept(
    either: Desk, private: Private, eventually: Wait
) -> None:
    answer = await listing(either, private, "recipients & <co>")
    assert "45 can be reached" in answer.text
    await either.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: "Page 2 of 3" in str(answer.blocks))
    assert "45 can be reached" in answer.text
    await either.slack.click(ALICE, answer, "sms_previous")
    await eventually(lambda: "Page 1 of 3" in str(answer.blocks))


async def test_a_page_of_what_is_no_longer_allowed_is_refused_beside_the_listing(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    answer = await listing(at_desk, private)
    at_desk.policy = replace(at_desk.policy, channels={})
    await at_desk.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: len(private()) == 2)
    await at_desk.slack.click(ALICE, answer, "sms_share")
    await eventually(lambda: len(private()) == 3)
    assert "Page 1 of 3" in str(answer.blocks)
    assert at_desk.slack.channel_messages(ONCALL) == []


@pytest.mark.parametrize(("error", "words"), [
    ("not_in_channel", "/invite"), ("invalid_blocks", "did not take it"),
    ("ratelimited", "in a minute"),
])  # fmt: skip
async def test_a_share_that_slack_does_not_take_says_why(
    at_desk: Desk, private: Private, eventually: Wait, error: str, words: str
) -> None:
    answer = await listing(at_desk, private)
    at_desk.slack.fail("chat.postMessage", error, 99)
    assert (await at_desk.slack.click(ALICE, answer, "sms_share")).error == ""
    await eventually(lambda: words in private()[-1].text)


async def test_an_answer_waits_for_a_slack_that_is_busy(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    answer = await listing(at_desk, private)
    at_desk.slack.limit("response_url", 1, 1)
    await at_desk.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: "Page 2 of 3" in str(answer.blocks))


async def test_an_answer_that_nobody_takes_is_logged_and_costs_nothing_else(
    at_desk: Desk, private: Private, eventually: Wait, told: list[Any]
) -> None:
    answer = await listing(at_desk, private)
    at_desk.slack.fail("*", "token_revoked", 999)
    await at_desk.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: [e for e in told if e["event"] == "answer.lost"])
    assert "hooks" not in str(told)


async def test_a_listing_that_fails_on_a_click_is_told_privately(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    answer = await listing(at_desk, private)
    at_desk.policy = replace(at_desk.policy, channels={})
    await at_desk.books.run("ALTER TABLE audit ADD CHECK (action = '') NOT VALID")
    await at_desk.slack.click(ALICE, answer, "sms_next")
    await eventually(lambda: "not certain" in private()[-1].text)
