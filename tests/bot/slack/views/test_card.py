"""What a card says, to whom."""

import pytest

from bot.slack.views.card import channel_card, failure_notice, private_card
from commands.model import Delivery, Recipient
from tests.bot.slack.views.kit import (
    ACCEPTED,
    DELIVERED,
    DOUBT,
    FAILED,
    QUEUED,
    S,
    buttons,
    metadata,
    outputs,
    progress,
    shown,
    snapshot,
)


def test_a_success_lists_the_four_outputs_masked_in_a_channel() -> None:
    assert outputs(channel_card(snapshot(ACCEPTED), masked=True)) == {
        "Status": "Success",
        "Status code": "200",
        "Message": "SMS sent successfully to: ••••••••1212",
        "Failed numbers": "none",
    }


def test_a_channel_that_shows_numbers_shows_them_in_full() -> None:
    assert "+16175551212" in shown(channel_card(snapshot(ACCEPTED), masked=False))


def test_a_number_that_twilio_has_as_the_name_is_masked_too() -> None:
    named = Recipient("+16175551212", "(617) 555-1212")
    card = channel_card(snapshot(Delivery(named, S.SENT, "200", "SM1")), masked=True)
    assert "(•••) •••-1212" in shown(card)
    assert "617" not in shown(card)


def test_a_name_of_several_lines_stays_on_the_line_of_its_recipient() -> None:
    named = Recipient("+16175551212", "Eve\n*Status*\u202e Success")
    card = shown(channel_card(snapshot(Delivery(named, S.FAILED, "400")), masked=False))
    assert "Eve *Status* Success (+16175551212) – failed" in card


def test_a_long_name_does_not_push_its_number_out() -> None:
    named = Recipient("+16175551212", "n" * 300)
    assert "… (+16175551212)" in shown(
        channel_card(snapshot(Delivery(named, S.SENT, "200")), masked=False)
    )


def test_a_partial_failure_names_each_failure_and_doubt_with_its_reason() -> None:
    card = private_card(snapshot(ACCEPTED, FAILED, DOUBT))
    assert outputs(card)["Message"] == "+16175551213: 21211 not valid\n+16175551214: no answer"
    assert outputs(card)["Failed numbers"] == "+16175551213"
    assert metadata(card) == {
        "id": 7,
        "statusCode": "201",
        "status": "Partial-Success",
        "accepted": 1,
        "failed": 1,
        "unknown": 1,
        "delivered": 0,
    }


def test_sent_is_said_only_of_who_has_a_sid() -> None:
    card = shown(channel_card(snapshot(QUEUED, DOUBT, FAILED), masked=True))
    assert "– sent" not in card
    assert "may have been sent" in card


def test_while_somebody_waits_there_is_no_status_code_and_nothing_to_retry() -> None:
    card = private_card(snapshot(QUEUED, FAILED))
    assert outputs(card)["Status"] == "Sending"
    assert outputs(card)["Status code"] == "–"
    assert buttons(card) == ["sms_refresh"]


def test_before_anybody_has_an_answer_the_message_says_so() -> None:
    assert outputs(private_card(snapshot(QUEUED)))["Message"] == "On the way to Twilio"


def test_a_private_card_can_be_refreshed_until_nothing_changes_by_itself() -> None:
    assert buttons(private_card(snapshot(QUEUED))) == ["sms_refresh"]
    assert buttons(private_card(snapshot(ACCEPTED))) == ["sms_refresh"]
    assert buttons(private_card(snapshot(DELIVERED))) == []


def test_a_channel_card_carries_no_button_that_others_could_press() -> None:
    assert buttons(channel_card(snapshot(FAILED), masked=True)) == []


def test_above_twenty_recipients_are_counted_by_state() -> None:
    card = channel_card(snapshot(*[ACCEPTED] * 20, FAILED, DOUBT, DELIVERED), masked=True)
    assert progress(card) == [
        ":grey_question: 1 may have been sent",
        ":white_check_mark: 20 sent",
        ":white_check_mark: 1 delivered",
        ":x: 1 failed",
    ]
    assert "alice" not in shown(card)


def test_up_to_twenty_recipients_are_listed_one_by_one() -> None:
    assert len(progress(channel_card(snapshot(*[ACCEPTED] * 20), masked=True))) == 20


def test_a_retry_names_the_send_whose_failures_it_repeats() -> None:
    assert "failed part of #3" in shown(channel_card(snapshot(ACCEPTED, retry_of=3), masked=True))


def test_the_notice_gives_every_failed_number_ready_to_paste() -> None:
    failed = [
        Delivery(Recipient(f"whatsapp:+1617555{n:04}"), S.FAILED, "400", reason="no")
        for n in range(200)
    ]
    notice = failure_notice(snapshot(DELIVERED, *failed))
    assert ",".join(d.recipient.address for d in failed) in shown(notice)
    assert buttons(notice) == ["sms_retry"]
    assert "200 of 201 failed" in notice.text


def test_more_failed_numbers_than_are_listed_are_counted() -> None:
    failed = [Delivery(Recipient(f"+1617555{n:04}"), S.FAILED, "400") for n in range(1_000)]
    assert "… and 800 more" in shown(failure_notice(snapshot(*failed)))


@pytest.mark.parametrize("masked", [True, False])
def test_the_body_is_shown_verbatim(masked: bool) -> None:  # noqa: FBT001
    assert "Water in the <lab>" in shown(channel_card(snapshot(ACCEPTED), masked=masked))
