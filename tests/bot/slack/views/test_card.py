"""What a card says, to whom."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.slack.message import Message
from bot.slack.views.card import channel_card, failure_notice, private_card
from bot.snapshot import Snapshot
from commands.model import NOT_ACCEPTED, Delivery, DeliveryState, Kind, Recipient

S = DeliveryState
ACCEPTED = Delivery(Recipient("+16175551212", "alice"), S.ACCEPTED, "200", "SM1")
FAILED = Delivery(Recipient("+16175551213", "bob"), S.FAILED, "400", "", 21211, "21211 not valid")
DOUBT = Delivery(Recipient("+16175551214"), S.IN_DOUBT, "1001", reason="no answer")
QUEUED = Delivery(Recipient("+16175551215"), S.QUEUED)


def snapshot(*deliveries: Delivery, retry_of: int | None = None) -> Snapshot:
    return Snapshot(
        send_id=7,
        kind=Kind.SEND,
        channel="C0ONCALL",
        actor="U0ALICE",
        sender="+15005550006",
        body="Water in the <lab>",
        recipients=len(deliveries),
        created=datetime.now(UTC),
        retry_of=retry_of,
        tally=Counter((d.state, d.code) for d in deliveries),
        shown=deliveries[:200],
        failed=tuple(d for d in deliveries if d.state in NOT_ACCEPTED)[:200],
        unknown=tuple(d for d in deliveries if d.state is S.IN_DOUBT)[:200],
    )


def shown(message: Message) -> str:
    return json.dumps([message.text, list(message.blocks)], ensure_ascii=False)


def outputs(message: Message) -> dict[str, str]:
    [section] = [b for b in message.blocks if "fields" in b]
    pairs = (field["text"].split("\n", 1) for field in section["fields"])
    return {name.strip("*"): value for name, value in pairs}


def buttons(message: Message) -> list[str]:
    rows = [b["elements"] for b in message.blocks if b["type"] == "actions"]
    return [button["action_id"] for row in rows for button in row]


def metadata(message: Message) -> dict[str, Any]:
    assert message.metadata is not None
    payload: dict[str, Any] = message.metadata["event_payload"]
    return payload


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


def test_settled_without_a_failure_there_is_no_button() -> None:
    assert buttons(private_card(snapshot(ACCEPTED))) == []


def test_a_channel_card_carries_no_button_that_others_could_press() -> None:
    assert buttons(channel_card(snapshot(FAILED), masked=True)) == []


def test_above_twenty_recipients_are_counted_by_state() -> None:
    card = shown(channel_card(snapshot(*[ACCEPTED] * 20, FAILED), masked=True))
    assert "20 sent" in card
    assert "1 failed" in card
    assert "alice" not in card


def test_a_retry_names_the_send_whose_failures_it_repeats() -> None:
    assert "failed part of #3" in shown(channel_card(snapshot(ACCEPTED, retry_of=3), masked=True))


def test_the_notice_gives_every_failed_number_ready_to_paste() -> None:
    failed = [
        Delivery(Recipient(f"whatsapp:+1617555{n:04}"), S.FAILED, "400", reason="no")
        for n in range(200)
    ]
    notice = failure_notice(snapshot(ACCEPTED, *failed))
    assert ",".join(d.recipient.address for d in failed) in shown(notice)
    assert buttons(notice) == ["sms_retry"]
    assert "200 of 201 failed" in notice.text


def test_more_failed_numbers_than_are_listed_are_counted() -> None:
    failed = [Delivery(Recipient(f"+1617555{n:04}"), S.FAILED, "400") for n in range(1_000)]
    assert "… and 800 more" in shown(failure_notice(snapshot(*failed)))


@pytest.mark.parametrize("masked", [True, False])
def test_the_body_is_shown_verbatim(masked: bool) -> None:  # noqa: FBT001
    assert "Water in the <lab>" in shown(channel_card(snapshot(ACCEPTED), masked=masked))
