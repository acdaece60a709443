"""The numbers that an account owns: of the client, and of the fake."""

import pytest

from tests.twilio_core.kit import Ask, Clients
from twilio_core import OwnNumber
from twilio_core.testing import FakeTwilio, Owned

ONE, OTHER = "+16175550100", "+16175550101"


async def test_a_number_of_the_account_is_told_with_what_it_can_do(
    twilio: FakeTwilio, clients: Clients
) -> None:
    url = "https://sms.example.com/twilio/inbound"
    twilio.owned = [Owned(OTHER, sms=False), Owned(ONE, sms_url=url, sms_method="GET")]
    found = await clients().own_number(ONE)
    assert found
    assert (found.phone_number, found.sms, found.sms_url, found.sms_method) == (
        ONE,
        True,
        url,
        "GET",
    )
    assert found.sms_application_sid == ""
    other = await clients().own_number(OTHER)
    assert other
    assert not other.sms
    assert twilio.violations == []


async def test_an_application_in_the_place_of_an_address_is_told(
    twilio: FakeTwilio, clients: Clients
) -> None:
    twilio.owned = [Owned(ONE, sms_application_sid="AP" + "0a" * 16)]
    found = await clients().own_number(ONE)
    assert found
    assert found.sms_application_sid == "AP" + "0a" * 16


async def test_a_number_of_somebody_else_is_none(twilio: FakeTwilio, clients: Clients) -> None:
    twilio.owned = [Owned(ONE)]
    assert await clients().own_number(OTHER) is None
    twilio.owned = []
    assert await clients().own_number(ONE) is None


async def test_a_number_that_only_holds_the_one_asked_for_is_another(
    twilio: FakeTwilio, clients: Clients
) -> None:
    twilio.owned = [Owned(f"{ONE}9", sms=False), Owned(ONE)]
    found = await clients().own_number(ONE)
    assert found
    assert found.sms
    twilio.owned = [Owned(f"{ONE}9")]
    assert await clients().own_number(ONE) is None


async def test_numbers_are_listed_all_or_by_a_part(ask: Ask) -> None:
    ask.twilio.owned = [Owned(ONE), Owned(OTHER)]
    whole = await ask("GET", "/IncomingPhoneNumbers.json")
    assert len(whole.json()["incoming_phone_numbers"]) == 2
    one = await ask("GET", f"/IncomingPhoneNumbers.json?PhoneNumber=%2B{ONE[1:]}")
    assert [n["phone_number"] for n in one.json()["incoming_phone_numbers"]] == [ONE]


@pytest.mark.parametrize("given", [None, "sms", {}, {"sms": "yes"}, {"voice": True}])
def test_what_is_not_said_to_be_able_is_not(given: object) -> None:
    assert not OwnNumber.parse({"capabilities": given}).sms


def test_capabilities_are_read_in_either_case() -> None:
    assert OwnNumber.parse({"capabilities": {"SMS": True}}).sms


def test_no_number_shows_in_a_repr() -> None:
    assert ONE not in repr((OwnNumber("PN1", ONE), Owned(ONE)))


async def test_numbers_can_only_be_listed(ask: Ask) -> None:
    assert (await ask("POST", "/IncomingPhoneNumbers.json")).status_code == 405
    await ask("GET", "/IncomingPhoneNumbers.json?Number=1")
    assert ask.twilio.violations == ["Number is not a field of this request"]
