"""The numbers of the fake's account, as Twilio shows them: verified ones, and its own."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from twilio_core.testing.records import VERSION

_LONG_AGO = "Thu, 01 Jan 2026 00:00:00 +0000"


@dataclass(frozen=True)
class Owned:
    """A number that the account can send from.

    Attributes:
        number: E.164. Not in the `repr`.
        sms: whether it can send and receive messages.
        sms_url: where Twilio posts what people write to it; empty for nowhere.
        sms_method: how: ``POST`` or ``GET``.
        sms_application_sid: ``AP…`` of an application that takes the place of that address.
    """

    number: str = field(repr=False)
    sms: bool = True
    sms_url: str = ""
    sms_method: str = "POST"
    sms_application_sid: str = ""


def caller_id(account_sid: str, number: str, name: str) -> dict[str, Any]:
    """Show a verified number."""
    return _entry(account_sid, number, name, "OutgoingCallerIds")


def incoming_number(account_sid: str, owned: Owned) -> dict[str, Any]:
    """Show a number of the account's own.

    https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
    """
    return {
        **_entry(account_sid, owned.number, owned.number, "IncomingPhoneNumbers"),
        "capabilities": {"voice": True, "sms": owned.sms, "mms": owned.sms, "fax": False},
        "sms_url": owned.sms_url,
        "sms_method": owned.sms_method,
        "sms_fallback_url": "",
        "sms_fallback_method": "POST",
        "sms_application_sid": owned.sms_application_sid or None,
        "status_callback": "",
        "status_callback_method": "POST",
        "voice_url": "",
        "voice_method": "POST",
        "voice_application_sid": None,
        "trunk_sid": None,
        "origin": "twilio",
        "status": "in-use",
        "beta": False,
        "api_version": VERSION,
    }


def _entry(account_sid: str, number: str, name: str, resource: str) -> dict[str, Any]:
    sid = "PN" + hashlib.sha256(number.encode()).hexdigest()[:32]
    return {
        "sid": sid,
        "account_sid": account_sid,
        "phone_number": number,
        "friendly_name": name,
        "date_created": _LONG_AGO,
        "date_updated": _LONG_AGO,
        "uri": f"/{VERSION}/Accounts/{account_sid}/{resource}/{sid}.json",
    }
