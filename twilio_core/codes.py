"""Twilio's error codes in plain words, and what each one stops.

Codes come and go, so the table is asked first and the HTTP class is the default. Meanings are
written for a person at three in the morning: what is wrong, then what helps.
https://www.twilio.com/docs/api/errors
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from types import MappingProxyType


class Scope(StrEnum):
    """How far an error reaches, and so whether anything is worth trying again."""

    ACCOUNT = "account"
    """Every message of this account."""
    SENDER = "sender"
    """Every message from this sender."""
    COUNTRY = "country"
    """Every message to this country."""
    NUMBER = "number"
    """This recipient, for good."""
    MESSAGE = "message"
    """This message, for good."""
    THROTTLE = "throttle"
    """Not processed; the same request may be sent again after a pause."""
    DOUBT = "doubt"
    """It may have been processed."""
    LATER = "later"
    """Not delivered now; perhaps once more, later."""


@dataclass(frozen=True)
class CodeInfo:
    """What one error means.

    Attributes:
        code: Twilio's code; None when only the HTTP status was known.
        meaning: plain words, without the code.
        scope: how far it reaches.
    """

    code: int | None
    meaning: str
    scope: Scope


_MEANINGS: Mapping[Scope, Mapping[int, str]] = {
    Scope.ACCOUNT: {
        10001: "the Twilio account is not active",
        20003: "Twilio does not accept the credentials; check the account SID and the auth token",
        20005: "the Twilio account is not active",
        20006: "these credentials may not use this account",
        20008: "these are test credentials, which can only simulate sending",
        20403: "these credentials may not do this",
        20404: "Twilio does not know this account or address; check the account SID and the URL",
        30002: "the Twilio account is suspended",
        30037: "sending is disabled for this Twilio account",
        30454: "the Twilio account has used up what it may send",
        63038: "the account's daily message limit is reached; it opens again tomorrow",
        90010: "the Twilio account is not active",
    },
    Scope.SENDER: {
        21212: "the sender is not a valid number or name",
        21267: "this name cannot be used as a sender",
        21601: "the sender cannot send or receive SMS",
        21603: "no sender was given",
        21606: "the sender cannot send SMS from this account to this recipient",
        21611: "the sender's queue is full; wait before sending more",
        21616: "the sender fits more than one number; give it in full",
        21659: "the sender is not a number of this account or of this country",
        21660: "the sender belongs to another account",
        21661: "the sender cannot send SMS",
        21701: "the Messaging Service does not exist",
        21702: "the Messaging Service cannot be used",
        21703: "the Messaging Service has no sender for this recipient",
        21704: "the Messaging Service has no senders",
        21705: "the Messaging Service is not valid",
        30022: "the carrier's rate limit for this sender is exceeded",
        30023: "the carrier's daily limit for this sender is reached",
        30027: "the carrier's daily limit for this sender is reached",
        30032: "the toll-free sender is not verified",
        30033: "the sender's A2P 10DLC campaign is suspended",
        30034: "the sender is not registered for A2P 10DLC",
        30035: "the sender's A2P 10DLC registration does not fit",
    },
    Scope.COUNTRY: {
        21408: "this account may not send to that country; enable it in Twilio's geo permissions",
        30018: "that country wants the sender registered first",
        30040: "that country wants the sender registered first",
        30041: "that country does not allow this kind of sender",
    },
    Scope.NUMBER: {
        21211: "the number is not valid",
        21214: "the number cannot be reached",
        21217: "the number is not valid",
        21265: "the number is a short code, which cannot be sent to",
        21266: "the number is the same as the sender",
        21268: "the number is a premium number",
        21604: "no recipient was given",
        21608: "the number is not verified, and a trial account only sends to verified numbers",
        21610: "the recipient has opted out; only their START opens this again",
        21612: "there is no route from this sender to the number",
        21614: "the number is not a mobile number",
        21635: "the number is a landline",
        30004: "the recipient or the carrier blocks messages",
        30005: "the number is unknown or no longer in service",
        30006: "the number is a landline or its carrier cannot be reached",
    },
    Scope.MESSAGE: {
        21602: "the message is empty",
        21605: "the message is over 1,600 characters",
        21609: "the status callback address is not valid",
        21617: "the message is over 1,600 characters",
        21618: "the message was stopped by a content filter",
        21619: "the message is empty",
        21620: "the media address is not valid",
        21621: "the media cannot be sent to this recipient",
        21622: "the media cannot be fetched",
        21623: "the message has too many media",
        21624: "the validity period is not between 1 and 36,000 seconds",
        21654: "the content template is missing",
        21655: "the content template is not valid",
        21656: "the values for the content template are not valid",
        30007: "a carrier filtered the message",
        30019: "the message is too big for the carrier",
        30036: "the message was not delivered before its validity ended",
    },
    Scope.THROTTLE: {
        20429: "too many requests to Twilio at once; this one was not processed",
    },
    Scope.DOUBT: {
        20500: "Twilio had an error of its own; the message may have been sent",
        20503: "Twilio was out of service; the message may have been sent",
    },
    Scope.LATER: {
        30001: "the queue overflowed before the message was sent",
        30003: "the phone is switched off or out of reach",
        30008: "the carrier gave no reason",
        30017: "the carrier's network is congested",
        30020: "the carrier had an error of its own",
        30021: "the carrier had an error of its own",
        30410: "the carrier did not answer in time",
        30500: "the carrier had an error of its own",
        63016: "WhatsApp takes free text only within 24 hours of the recipient's last message",
    },
}

_SCHEDULE = range(35100, 35200)

TABLE: Mapping[int, CodeInfo] = MappingProxyType(
    {
        code: CodeInfo(code, meaning, scope)
        for scope, meanings in _MEANINGS.items()
        for code, meaning in meanings.items()
    }
    | {code: CodeInfo(code, "the schedule is not valid", Scope.MESSAGE) for code in _SCHEDULE}
)
"""Every code that is known by name."""

_BY_STATUS: Mapping[int, tuple[str, Scope]] = {
    HTTPStatus.NOT_MODIFIED: ("nothing changed, but no earlier list is kept here", Scope.ACCOUNT),
    HTTPStatus.UNAUTHORIZED: (TABLE[20003].meaning, Scope.ACCOUNT),
    HTTPStatus.FORBIDDEN: (TABLE[20403].meaning, Scope.ACCOUNT),
    HTTPStatus.NOT_FOUND: (TABLE[20404].meaning, Scope.ACCOUNT),
    HTTPStatus.METHOD_NOT_ALLOWED: ("the Twilio URL does not take this request", Scope.ACCOUNT),
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED: ("the proxy wants credentials", Scope.ACCOUNT),
    HTTPStatus.REQUEST_TIMEOUT: ("Twilio gave up waiting; it may have been sent", Scope.DOUBT),
    HTTPStatus.TOO_MANY_REQUESTS: (TABLE[20429].meaning, Scope.THROTTLE),
    HTTPStatus.INTERNAL_SERVER_ERROR: (TABLE[20500].meaning, Scope.DOUBT),
    HTTPStatus.SERVICE_UNAVAILABLE: (TABLE[20503].meaning, Scope.DOUBT),
}


def explain(code: int | None, http_status: int | None = None) -> CodeInfo:
    """Say what an error means: by Twilio's code if it is known, else by the HTTP status."""
    if code is not None and code in TABLE:
        return TABLE[code]
    return CodeInfo(code, *_by_status(http_status))


def _by_status(status: int | None) -> tuple[str, Scope]:
    if status is None:
        return "Twilio gave no reason", Scope.MESSAGE
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "Twilio did not answer properly; the message may have been sent", Scope.DOUBT
    if status >= HTTPStatus.BAD_REQUEST:
        return "Twilio refused the request without saying why", Scope.MESSAGE
    return "the Twilio URL answers with a redirect that cannot be followed", Scope.ACCOUNT
