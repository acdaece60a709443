"""What a card says after Twilio was asked: doubts, deliveries, retries."""

from dataclasses import replace

import pytest

from bot.gateway import FOUND
from bot.slack.views.card import Doubt, channel_card, failure_notice, private_card
from bot.slack.views.outcomes import answer_of, retried
from bot.store.doubts import NOT_LISTED
from commands.model import Delivery
from commands.outcome import LeftAlone, Sending, SendingAgain
from commands.snapshot import Retry, Snapshot
from tests.bot.slack.views.kit import (
    ACCEPTED,
    DELIVERED,
    DOUBT,
    FAILED,
    S,
    buttons,
    footnotes,
    labels,
    metadata,
    outputs,
    progress,
    shown,
    snapshot,
    title,
)

UNKNOWN = replace(DOUBT, reason=f"no answer{NOT_LISTED}")
UNDELIVERED = replace(FAILED, state=S.UNDELIVERED, code="1001", sid="SM2", error_code=30003,
                      reason="30003 the phone is off")  # fmt: skip


def looked_for() -> Snapshot:
    return snapshot(ACCEPTED, DOUBT, looking=1, doubt=1)


def unknown(**changes: object) -> Snapshot:
    return snapshot(ACCEPTED, UNKNOWN, doubt=1, **changes)


# -- doubts -------------------------------------------------------------------------------


def test_while_twilio_is_looked_at_the_send_is_still_sending_and_says_so() -> None:
    card = channel_card(looked_for(), masked=True)
    assert title(card) == "SMS to 2 recipients: Sending"
    assert (outputs(card)["Status"], outputs(card)["Status code"]) == ("Sending", "–")
    assert (metadata(card)["statusCode"], metadata(card)["unknown"]) == ("", 1)
    assert footnotes(card) == [
        "Looking at Twilio for 1 message that got no answer. Nothing is sent again meanwhile."
    ]


def test_while_twilio_is_looked_at_nobody_is_asked_for_a_decision() -> None:
    card = private_card(looked_for())
    assert buttons(card) == ["sms_refresh"]
    assert "Ask these people" not in shown(card)


def test_a_message_found_at_twilio_is_sent_and_says_that_it_was_found() -> None:
    found = replace(DOUBT, state=S.ACCEPTED, code="200", sid="SM9", reason=FOUND)
    card = channel_card(snapshot(ACCEPTED, found), masked=True)
    assert progress(card)[1].endswith("1214 – sent: found at Twilio, not sent again")
    assert outputs(card)["Status"] == "Success"
    assert footnotes(card) == []


def test_after_the_grace_it_is_said_that_twilios_list_does_not_show_it_either() -> None:
    card = channel_card(unknown(), masked=True)
    assert progress(card)[1].endswith(
        "may have been sent: no answer; Twilio's list does not show it"
    )
    assert footnotes(card) == []


@pytest.mark.parametrize(("deliveries", "words"), [
    ([UNKNOWN], "SMS to 1 recipient: Unknown"),
    ([UNKNOWN, UNKNOWN], "SMS to 2 recipients: Unknown"),
    ([UNKNOWN, FAILED], "SMS to 2 recipients: Failed, 1 unknown"),
    ([UNKNOWN, ACCEPTED], "SMS to 2 recipients: Partial-Success, 1 unknown"),
    ([FAILED], "SMS to 1 recipient: Failed"),
])  # fmt: skip
def test_a_title_does_not_call_failed_what_may_have_arrived(
    deliveries: list[Delivery], words: str
) -> None:
    card = channel_card(snapshot(*deliveries), masked=True)
    assert (title(card), card.text) == (words, words)


def test_the_sender_is_asked_what_becomes_of_those_in_doubt() -> None:
    for message in (private_card(unknown()), failure_notice(unknown())):
        assert labels(message) == {"Send again (1)": "7:1", "Leave it": "7:1", "Refresh": "7"}
        assert "nobody knows. Ask these people. If you send again" in shown(message)
        assert UNKNOWN.recipient.address in shown(message)


def test_the_buttons_carry_the_latest_attempt_in_doubt() -> None:
    notice = failure_notice(snapshot(UNKNOWN, doubt=3))
    values = {Doubt.unpack(value) for value in labels(notice).values()}
    assert values == {Doubt(7, 3)}


def test_the_notice_counts_failures_and_doubts_apart() -> None:
    both = failure_notice(snapshot(DELIVERED, FAILED, FAILED, UNKNOWN, doubt=1))
    assert title(both) == "SMS #7: 2 of 4 failed, 1 of 4 unknown (may have been sent)"
    assert list(labels(both)) == ["Retry failed (2)", "Send again (1)", "Leave it"]
    one = failure_notice(unknown())
    assert title(one) == "SMS #7: 1 of 2 unknown (may have been sent)"


def test_those_left_as_they_are_are_told_with_who_decided_and_asked_about_no_more() -> None:
    snap = unknown(left_by="U0ALICE")
    assert footnotes(channel_card(snap, masked=True)) == [
        "<@U0ALICE> left those that may have been sent as they are: nothing is sent again."
    ]
    card = private_card(snap)
    assert buttons(card) == ["sms_refresh"]
    assert "Ask these people:" in shown(card)


def test_that_doubts_were_left_is_no_news_once_they_are_resolved() -> None:
    snap = snapshot(ACCEPTED, DELIVERED, left_by="U0ALICE")
    assert footnotes(channel_card(snap, masked=True)) == []


# -- deliveries and retries ---------------------------------------------------------------


def test_undelivered_is_a_failure_with_its_reason_and_can_be_retried() -> None:
    snap = snapshot(DELIVERED, UNDELIVERED)
    card = channel_card(snap, masked=True)
    assert progress(card)[1] == ":x: bob (••••••••1213) – undelivered: 30003 the phone is off"
    assert outputs(card)["Status"] == "Partial-Success"
    assert outputs(card)["Failed numbers"] == "••••••••1213"
    assert metadata(card)["failed"] == 1
    assert labels(failure_notice(snap)) == {"Retry failed (1)": "7"}


def test_the_card_says_who_retries_how_many_and_where() -> None:
    retries = (Retry(8, "U0ALICE", 2), Retry(9, "U0BOB", 1))
    card = channel_card(snapshot(FAILED, FAILED, FAILED, retries=retries), masked=True)
    assert footnotes(card) == [
        "<@U0ALICE> sends again to 2 recipients that failed, as #8.",
        "<@U0BOB> sends again to 1 recipient that failed, as #9.",
    ]


def test_only_who_was_not_sent_to_again_is_offered_for_a_retry() -> None:
    some = snapshot(FAILED, FAILED, DELIVERED, retries=(Retry(8, "U0ALICE", 1),))
    assert list(labels(failure_notice(some))) == ["Retry failed (1)"]
    every = snapshot(FAILED, FAILED, DELIVERED, retries=(Retry(8, "U0ALICE", 2),))
    assert buttons(failure_notice(every)) == []


def test_of_many_retries_the_latest_are_named() -> None:
    retries = tuple(Retry(n, "U0ALICE", 1) for n in range(8, 20))
    notes = footnotes(channel_card(snapshot(FAILED, retries=retries), masked=True))
    assert [note.rpartition("#")[2] for note in notes] == ["15.", "16.", "17.", "18.", "19."]


# -- numbers ------------------------------------------------------------------------------


def test_a_number_within_a_reason_is_masked_in_a_channel_and_whole_in_private() -> None:
    snap = snapshot(replace(FAILED, reason="+1 617 555 1213 is not\nvalid"))
    assert "617" not in shown(channel_card(snap, masked=True))
    assert progress(channel_card(snap, masked=True))[0].endswith(
        "failed: +• ••• ••• 1213 is not valid"
    )
    assert "+1 617 555 1213 is not valid" in shown(private_card(snap))


# -- what the buttons answer --------------------------------------------------------------


@pytest.mark.parametrize(("outcome", "words"), [
    (SendingAgain(7, 2), "Sending again to 2 recipients of #7."),
    (SendingAgain(7, 0), "Nobody of #7 is in doubt any more. Nothing more is sent."),
    (LeftAlone(7, 1),
     "Left as it is, nothing more is sent: 1 recipient of #7 may have the message, or not."),
])  # fmt: skip
def test_a_decision_is_answered_in_words(outcome: SendingAgain | LeftAlone, words: str) -> None:
    answer = answer_of(outcome)
    assert answer is not None
    assert answer.text == words


def test_a_retry_is_answered_with_the_number_of_its_send() -> None:
    assert retried(Sending(8, 1, False, 1)).text == (
        "Sending again to 1 recipient, as #8. Who has opted out by then is left out."
    )
    assert "retried before, as #8" in retried(Sending(8, 1, True, 1)).text


def test_a_send_needs_no_answer_beside_its_card() -> None:
    assert answer_of(Sending(8, 1, False, 1)) is None
