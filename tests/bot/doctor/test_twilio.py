"""The doctor on senders, and where their replies go."""

from pathlib import Path

import pytest

from tests.bot.doctor.kit import Look, add
from twilio_core.testing import FakeTwilio, Owned

SENDER = "+15005550006"
SERVICE = "MG" + "0a" * 16


@pytest.mark.parametrize(
    ("sender", "detail", "advised"),
    [
        ("ACME", "alphanumeric sender ACME: it is one way", True),
        (SERVICE, f"Messaging Service {SERVICE}: its numbers", False),
        ("12345", "short code •2345: that the account has it is not looked up", False),
        ("whatsapp:+15005550006", "channel address whatsapp:••••••••0006: that", False),
    ],
)
async def test_what_is_not_looked_up_is_said(
    look: Look, sender: str, detail: str, *, advised: bool
) -> None:
    found = await look("Twilio sender", TWILIO_FROM=sender)
    assert found.ok
    assert found.detail.startswith(detail)
    assert bool(found.remedy) is advised


async def test_a_number_of_somebody_else_is_a_fault(look: Look, twilio: FakeTwilio) -> None:
    twilio.owned = []
    found = await look("Twilio sender")
    assert not found.ok
    assert found.detail == "number ••••••••0006 is none of the account's numbers"


async def test_a_number_that_cannot_send_messages_is_a_fault(
    look: Look, twilio: FakeTwilio
) -> None:
    twilio.owned = [Owned(SENDER, sms=False)]
    found = await look("Twilio sender")
    assert not found.ok
    assert "capability SMS" in found.remedy


PUBLIC = "https://sms.example.com/x"
INBOUND = f"{PUBLIC}/twilio/inbound"


@pytest.mark.parametrize(
    ("owned", "words"),
    [
        (Owned(SENDER, sms_url=INBOUND), "what comes in is posted to this bot"),
        (Owned(SENDER), "replies are posted nowhere"),
        (Owned(SENDER, sms_url=f"{INBOUND}2"), "replies are posted to another address"),
        (Owned(SENDER, sms_url=INBOUND, sms_method="GET"), "replies come by GET"),
        (Owned(SENDER, sms_url=INBOUND, sms_application_sid="AP1"), "an application (AP1) decides"),
    ],
)
async def test_where_replies_go_is_compared_with_the_public_address(
    look: Look, twilio: FakeTwilio, owned: Owned, words: str
) -> None:
    twilio.owned = [owned]
    found = await look("Twilio sender", PUBLIC_URL=PUBLIC)
    assert found.ok
    assert words in found.detail
    assert (INBOUND in found.remedy) is ("this bot" not in words)
    assert twilio.violations == []


async def test_the_senders_of_channels_are_looked_at_too(
    look: Look, twilio: FakeTwilio, home: Path
) -> None:
    add(home, f'from = ["+16175550100", "{SENDER}"]\n')
    found = await look("Twilio sender")
    assert not found.ok
    assert len(found.detail.splitlines()) == 2
    assert found.detail.startswith("number ••••••••0100 is none of the account's numbers")
