"""What Twilio says of a message after its request, or does not, read into our words."""

from datetime import UTC, datetime

import pytest

from bot.gateway import FOUND, address_of, called_back, found, in_doubt, looked_up, unposted
from bot.store.outbox import Claim, Letter
from commands.model import DeliveryState, Kind
from twilio_core import Message, StatusCallback

TO = "+16175551212"
TOKEN = "0" * 31 + "1"


def test_the_address_of_a_callback_leads_back_to_its_row_and_attempt() -> None:
    letter = Letter("+15005550006", "Water", Kind.SEND, TOKEN, datetime.now(UTC))
    address = address_of(letter, Claim(7, TO, 3))
    report = called_back(address, StatusCallback("SM1", "delivered"))
    assert report is not None
    assert (report.delivery_id, report.attempt, report.token) == (7, 3, TOKEN)
    assert (report.sid, report.status, report.source) == ("SM1", "delivered", "callback")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "7",
        "7-1",
        f"7-1-{TOKEN}-1",
        f"x-1-{TOKEN}",
        f"7-x-{TOKEN}",
        f"-7-1-{TOKEN}",
        f"7--{TOKEN}",
        f"\u0667-1-{TOKEN}",
        f"{1 << 63}-1-{TOKEN}",
        f"7-{1 << 31}-{TOKEN}",
    ],
)
def test_an_address_that_no_row_can_have_names_none(address: str) -> None:
    assert called_back(address, StatusCallback("SM1", "delivered")) is None


@pytest.mark.parametrize("address", [f"{(1 << 63) - 1}-1-x", f"7-{(1 << 31) - 1}-x"])
def test_the_greatest_numbers_that_the_ledger_holds_are_read(address: str) -> None:
    assert called_back(address, StatusCallback("SM1", "delivered")) is not None


def test_a_failure_is_told_in_plain_words_with_its_code() -> None:
    report = looked_up(7, Message("SM1", "undelivered", error_code=30006))
    assert (report.error_code, report.source) == (30006, "poll")
    assert report.reason.startswith("30006 ")
    assert len(report.reason) > len("30006 ")


@pytest.mark.parametrize("code", [None, 0, 1 << 31])
def test_a_failure_without_a_usable_code_is_told_as_one_without_reason(code: int | None) -> None:
    report = looked_up(7, Message("SM1", "Failed", error_code=code))
    assert report.error_code is None
    assert report.reason == "Twilio gave no reason (failed)"


def test_what_goes_well_needs_no_words() -> None:
    report = looked_up(7, Message("SM1", "delivered", error_code=30003))
    assert (report.error_code, report.reason) == (None, "")


def test_a_message_that_was_found_says_that_it_was_not_sent_again() -> None:
    assert found(7, Message("SM1", "sent")).reason == FOUND


def test_a_message_that_was_found_failed_says_why_it_failed() -> None:
    report = found(7, Message("SM1", "failed", error_code=30006))
    assert report.reason.startswith("30006 ")


def test_an_interrupted_message_may_have_been_sent() -> None:
    settled = in_doubt(Claim(7, TO, 2))
    assert (settled.delivery_id, settled.attempt, settled.state) == (7, 2, DeliveryState.IN_DOUBT)
    assert settled.code == "1001"
    assert settled.reason.endswith("it may have been sent")


def test_who_was_not_posted_to_waits_for_nothing() -> None:
    settled = unposted(Claim(7, TO, 2))
    assert (settled.delivery_id, settled.attempt, settled.state) == (7, 2, DeliveryState.QUEUED)
    assert (settled.code, settled.reason, settled.pause) == ("", "", None)
