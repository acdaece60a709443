"""The buttons under a send: each decided anew, each once, each answered to the person alone."""

from dataclasses import replace
from typing import Any

import pytest

from bot.slack.views.card import failure_notice, private_card
from bot.slack.voice import Ear
from bot.tasks import Task
from tests.bot.slack.kit import ALICE, AWAY, BOB, ONCALL, ONE, TWO, Desk, Private, Shown, Wait

DECISIONS = pytest.mark.parametrize("button", ["sms_again", "sms_leave"])


async def failed_send(desk: Desk, channel: str = ONCALL) -> int:
    send = await desk.books.send(ONE, channel=channel)
    await desk.books.settle(ONE, "failed", "400")
    return send


async def doubtful_send(desk: Desk, channel: str = ONCALL) -> int:
    """A send with one recipient in doubt, whom nobody looks for any more."""
    send = await desk.books.send(ONE, channel=channel)
    await desk.books.doubt(ONE, looked_for=False)
    desk.books.jobs.deferred.clear()
    return send


async def notice(desk: Desk, send: int, ear: Ear) -> None:
    snap = await desk.books.cards.snapshot(send)
    assert snap is not None
    await desk.voice.whisper(ear, failure_notice(snap))


async def states(desk: Desk, send: int) -> list[str]:
    snap = await desk.books.cards.snapshot(send)
    assert snap is not None
    return [delivery.state.value for delivery in snap.shown]


# -- Retry failed -------------------------------------------------------------------------


async def test_retry_failed_sends_again_once_and_keeps_the_list_of_numbers(
    either: Desk, private: Private, eventually: Wait, shown: Shown
) -> None:
    await notice(either, await failed_send(either), Ear(ALICE, ONCALL))
    [message] = private()
    assert (await either.slack.click(ALICE, message, "sms_retry")).error == ""
    await eventually(lambda: "Sending again to 1 recipient, as #2" in private()[-1].text)
    await either.slack.click(ALICE, message, "sms_retry")
    await eventually(lambda: "was sent to again before" in private()[-1].text)
    assert await either.sends() == 2
    assert ONE in shown(message)


async def test_a_redelivered_click_on_retry_failed_sends_nothing_more(
    either: Desk, private: Private, eventually: Wait
) -> None:
    await notice(either, await failed_send(either), Ear(ALICE, ONCALL))
    done = await either.slack.click(ALICE, private()[0], "sms_retry")
    await eventually(lambda: "as #2" in private()[-1].text)
    await either.slack.redeliver(done)
    await eventually(lambda: "was sent to again before" in private()[-1].text)
    assert await either.sends() == 2


async def test_who_fails_after_a_retry_can_be_retried_alone(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    send = await at_desk.books.send(ONE, TWO)
    await at_desk.books.settle(ONE, "failed", "400")
    await at_desk.books.settle(TWO, "accepted")
    await notice(at_desk, send, Ear(ALICE, ONCALL))
    await at_desk.slack.click(ALICE, private()[0], "sms_retry")
    await eventually(lambda: "as #2" in private()[-1].text)
    await at_desk.books.hear(send, TWO, "undelivered", 30003)
    await at_desk.slack.click(ALICE, private()[0], "sms_retry")
    await eventually(lambda: "as #3" in private()[-1].text)
    repeated = [await at_desk.books.cards.snapshot(number) for number in (2, 3)]
    assert [[d.recipient.address for d in snap.shown] for snap in repeated if snap] == [
        [ONE],
        [TWO],
    ]


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


async def test_retry_failed_by_another_in_a_direct_message_is_not_decided_by_the_sends_channel(
    at_desk: Desk, eventually: Wait
) -> None:
    await notice(at_desk, await failed_send(at_desk), Ear(BOB, ""))
    [message] = at_desk.slack.channel_messages(BOB)
    await at_desk.slack.click(BOB, message, "sms_retry")
    await eventually(lambda: at_desk.slack.seen_by(BOB, BOB)[-1] is not message)
    assert ":no_entry:" in str(at_desk.slack.seen_by(BOB, BOB)[-1].blocks)
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


# -- Send again, Leave it -----------------------------------------------------------------


async def test_send_again_queues_those_in_doubt_and_has_the_same_send_go_on(
    either: Desk, private: Private, eventually: Wait
) -> None:
    send = await doubtful_send(either)
    await notice(either, send, Ear(ALICE, ONCALL))
    assert (await either.slack.click(ALICE, private()[0], "sms_again")).error == ""
    await eventually(lambda: "Sending again to 1 recipient of #1" in private()[-1].text)
    assert await states(either, send) == ["queued"]
    assert Task.DRAIN in [order.task for order in either.books.jobs.deferred]
    assert await either.sends() == 1


async def test_send_again_clicked_twice_or_redelivered_queues_once(
    either: Desk, private: Private, eventually: Wait
) -> None:
    await notice(either, await doubtful_send(either), Ear(ALICE, ONCALL))
    message = private()[0]
    done = await either.slack.click(ALICE, message, "sms_again")
    await eventually(lambda: "Sending again" in private()[-1].text)
    await either.slack.redeliver(done)
    await either.slack.click(ALICE, message, "sms_again")
    await eventually(lambda: sum("is in doubt any more" in m.text for m in private()) == 2)
    assert len(either.books.jobs.taken(Task.DRAIN)) == 1


async def test_where_all_in_doubt_have_opted_out_the_answer_says_that_nothing_is_sent(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    send = await doubtful_send(at_desk)
    await at_desk.books.run("INSERT INTO opt_out SELECT sender, %s, 'STOP', now() FROM send", ONE)
    await notice(at_desk, send, Ear(ALICE, ONCALL))
    await at_desk.slack.click(ALICE, private()[0], "sms_again")
    words = "Nothing more is sent: 1 recipient in doubt has opted out, and nothing is sent to them."
    await eventually(lambda: private()[-1].text == words)
    assert await states(at_desk, send) == ["in_doubt"]


@DECISIONS
async def test_an_old_button_does_not_decide_about_a_later_doubt(
    at_desk: Desk, private: Private, eventually: Wait, button: str
) -> None:
    send = await doubtful_send(at_desk)
    await notice(at_desk, send, Ear(ALICE, ONCALL))
    await at_desk.books.doubt(ONE, looked_for=False)
    await at_desk.slack.click(ALICE, private()[0], button)
    await eventually(lambda: "is in doubt any more" in private()[-1].text)
    assert await states(at_desk, send) == ["in_doubt"]


@DECISIONS
async def test_nothing_is_decided_while_twilio_is_still_looked_at(
    at_desk: Desk, private: Private, eventually: Wait, button: str
) -> None:
    send = await doubtful_send(at_desk)
    await notice(at_desk, send, Ear(ALICE, ONCALL))
    await at_desk.books.run("UPDATE delivery SET next_check = now()")
    await at_desk.slack.click(ALICE, private()[0], button)
    await eventually(lambda: "is in doubt any more" in private()[-1].text)
    assert await states(at_desk, send) == ["in_doubt"]


async def test_leave_it_sends_nothing_and_is_told_on_the_card(
    either: Desk, private: Private, eventually: Wait
) -> None:
    send = await doubtful_send(either)
    await notice(either, send, Ear(ALICE, ONCALL))
    done = await either.slack.click(ALICE, private()[0], "sms_leave")
    await eventually(lambda: "nothing more is sent" in private()[-1].text)
    await either.slack.redeliver(done)
    await eventually(lambda: len(private()) == 3)
    snap = await either.books.cards.snapshot(send)
    assert snap is not None
    assert (snap.left_by, snap.unknowns) == (ALICE, 1)
    assert [order.task for order in either.books.jobs.deferred] == [Task.CARD]


async def test_who_left_it_may_still_send_again(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    send = await doubtful_send(at_desk)
    await notice(at_desk, send, Ear(ALICE, ONCALL))
    await at_desk.slack.click(ALICE, private()[0], "sms_leave")
    await eventually(lambda: len(private()) == 2)
    await at_desk.slack.click(ALICE, private()[0], "sms_again")
    await eventually(lambda: "Sending again" in private()[-1].text)
    assert await states(at_desk, send) == ["queued"]


@pytest.mark.parametrize(("button", "state"), [("sms_again", "queued"), ("sms_leave", "in_doubt")])
async def test_a_decision_can_be_made_in_the_direct_message_that_the_notice_came_as(
    at_desk: Desk, eventually: Wait, button: str, state: str
) -> None:
    send = await doubtful_send(at_desk, AWAY)
    await notice(at_desk, send, Ear(ALICE, AWAY))
    [message] = at_desk.slack.channel_messages(ALICE)
    await at_desk.slack.click(ALICE, message, button)
    await eventually(lambda: "of #1" in at_desk.slack.seen_by(ALICE, ALICE)[-1].text)
    assert await states(at_desk, send) == [state]


@DECISIONS
@pytest.mark.parametrize("channel", [ONCALL, ""])
async def test_nobody_but_the_sender_decides_in_the_channel_or_in_a_direct_message(
    at_desk: Desk, eventually: Wait, button: str, channel: str
) -> None:
    send = await doubtful_send(at_desk)
    await notice(at_desk, send, Ear(BOB, channel))
    place = channel or BOB
    [message] = [m for m in at_desk.slack.seen_by(BOB, place) if "#1" in m.text]
    await at_desk.slack.click(BOB, message, button)
    await eventually(lambda: at_desk.slack.seen_by(BOB, place)[-1] is not message)
    assert ":no_entry:" in str(at_desk.slack.seen_by(BOB, place)[-1].blocks)
    assert await states(at_desk, send) == ["in_doubt"]
    snap = await at_desk.books.cards.snapshot(send)
    assert snap is not None
    assert snap.left_by == ""


async def test_who_may_not_send_any_more_does_not_send_again(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    send = await doubtful_send(at_desk)
    await notice(at_desk, send, Ear(ALICE, ONCALL))
    at_desk.policy = replace(at_desk.policy, channels={})
    await at_desk.slack.click(ALICE, private()[0], "sms_again")
    await eventually(lambda: len(private()) == 2)
    assert await states(at_desk, send) == ["in_doubt"]


@DECISIONS
async def test_a_decision_that_fails_is_told_privately_and_decides_nothing(
    at_desk: Desk, private: Private, eventually: Wait, told: list[Any], button: str
) -> None:
    send = await doubtful_send(at_desk)
    await notice(at_desk, send, Ear(ALICE, ONCALL))
    await at_desk.books.run("ALTER TABLE audit ADD CHECK (action = '') NOT VALID")
    assert (await at_desk.slack.click(ALICE, private()[0], button)).error == ""
    await eventually(lambda: "not certain" in private()[-1].text)
    assert await states(at_desk, send) == ["in_doubt"]
    assert ONE not in str(told)


# -- Refresh ------------------------------------------------------------------------------


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
