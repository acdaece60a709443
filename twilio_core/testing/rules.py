"""Twilio's rules for a request, as tables and pure functions.

The tables of fields equal Twilio's own OpenAPI description; a contract test holds them to it.
Magic numbers are Twilio's, and those of the range +1 500 555 that it leaves unused are ours:

    To +15005550001 21211   …0002 21612   …0003 21408   …0004 21610   …0009 21614
    From +15005550001 21212   …0007 21606   …0008 21611
    To +15005550408 taken, then silence          …0429 429 once, then taken
    To +15005550500 taken, then 500              …0503 an HTML 503, not taken
    To +15005553NNN taken, ends undelivered with the code 30NNN: …3003 is 30003, phone off
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from twilio_core.messages import units
from twilio_core.testing.outcomes import Ends, Error, Html, Outcome, ServerError, Silence

Form = Mapping[str, Sequence[str]]
Fields = Mapping[str, Mapping[str, Any]]


def _sid(prefix: str) -> dict[str, Any]:
    pattern = f"^{prefix}[0-9a-fA-F]{{32}}$"
    return {"type": "string", "minLength": 34, "maxLength": 34, "pattern": pattern}


def _one_of(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


_TEXT = {"type": "string"}
_FLAG = {"type": "boolean"}
_PHONE = {"type": "string", "format": "phone-number"}
_URI = {"type": "string", "format": "uri"}
_MOMENT = {"type": "string", "format": "date-time"}
_CHANNEL = "(whatsapp|messenger|rcs):.+"
_NAME = "(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}"
_INTENTS = (
    "otp notifications marketing fraud security customercare delivery education polling"
    " announcements events"
)

CREATE: Fields = {
    "To": {**_PHONE, "pattern": rf"^(\+[1-9]\d{{6,14}}|{_CHANNEL})$"},
    "From": {**_PHONE, "pattern": rf"^(\+[1-9]\d{{6,14}}|\d{{3,8}}|{_NAME}|{_CHANNEL})$"},
    "MessagingServiceSid": _sid("MG"),
    "Body": {"type": "string", "minLength": 1, "maxLength": 1600},
    "MediaUrl": {"type": "array", "items": _URI, "maxItems": 10},
    "ContentSid": _sid("HX"),
    "ContentVariables": _TEXT,
    "StatusCallback": _URI,
    "ApplicationSid": _sid("AP"),
    "MaxPrice": {"type": "number"},
    "ProvideFeedback": _FLAG,
    "Attempt": {"type": "integer"},
    "ValidityPeriod": {"type": "integer", "minimum": 1, "maximum": 36000},
    "ForceDelivery": _FLAG,
    "ContentRetention": _one_of("retain", "discard"),
    "AddressRetention": _one_of("retain", "obfuscate"),
    "SmartEncoded": _FLAG,
    "PersistentAction": {"type": "array", "items": _TEXT},
    "TrafficType": _one_of("free"),
    "ShortenUrls": _FLAG,
    "ScheduleType": _one_of("fixed"),
    "SendAt": _MOMENT,
    "SendAsMms": _FLAG,
    "RiskCheck": _one_of("enable", "disable"),
    "FallbackFrom": _PHONE,
    "MessageIntent": _one_of(*_INTENTS.split()),
}
UPDATE: Fields = {"Body": _TEXT, "Status": _one_of("canceled")}
_PAGING: Fields = {
    "PageSize": {"type": "integer", "format": "int64", "minimum": 1, "maximum": 1000},
    "Page": {"type": "integer", "minimum": 0},
    "PageToken": _TEXT,
}
LIST_MESSAGES: Fields = {
    "To": _PHONE,
    "From": _PHONE,
    "DateSent": _MOMENT,
    "DateSent<": _MOMENT,
    "DateSent>": _MOMENT,
    **_PAGING,
}
LIST_CALLER_IDS: Fields = {"PhoneNumber": _PHONE, "FriendlyName": _TEXT, **_PAGING}
LIST_NUMBERS: Fields = {
    "PhoneNumber": _PHONE,
    "FriendlyName": _TEXT,
    "Beta": _FLAG,
    "Origin": _TEXT,
    **_PAGING,
}

_ANSWERED = {
    "To": 21211,
    "From": 21212,
    "MessagingServiceSid": 21701,
    "Body": 21617,
    "MediaUrl": 21620,
    "ContentSid": 21655,
    "StatusCallback": 21609,
    "ValidityPeriod": 21624,
    "SendAt": 35114,
}
"""Fields whose fault Twilio answers with an error; others it ignores without a word."""

_MAGIC = "+1500555"
GOOD_SENDER = "+15005550006"
_TO_MAGIC = {"0001": 21211, "0002": 21612, "0003": 21408, "0004": 21610, "0009": 21614}
_FROM_MAGIC = {"0001": 21212, "0007": 21606, "0008": 21611}
_TO_OUTCOMES: Mapping[str, Outcome] = {
    "0408": Silence(accepted=True),
    "0500": ServerError(500, accepted=True),
    "0503": Html(503),
}
THROTTLED_ONCE = f"{_MAGIC}0429"
_SOONEST, _LATEST = timedelta(seconds=300), timedelta(days=35)


def magic(to: str) -> Outcome | None:
    """Return what always happens to a message for this number, None for an ordinary one."""
    last = to.removeprefix(_MAGIC)
    if not re.fullmatch(r"\d{4}", last):
        return None
    if last.startswith("3"):
        return Ends("undelivered", 30000 + int(last[1:]))
    if last in _TO_MAGIC:
        return Error(_TO_MAGIC[last])
    return _TO_OUTCOMES.get(last)


def first(form: Form, name: str) -> str:
    """Return the first value of a field; empty when it is missing."""
    return (form.get(name) or [""])[0]


def refuse(form: Form, now: datetime) -> Error | None:
    """Return why Twilio would not take this message, None when it would."""
    return next((Error(code) for code in _faults(form, now)), None)


def _faults(form: Form, now: datetime) -> Iterator[int]:
    to, sender, service = (first(form, name) for name in ("To", "From", "MessagingServiceSid"))
    if not to:
        yield 21604
    if not sender and not service:
        yield 21603
    if not any(first(form, name) for name in ("Body", "MediaUrl", "ContentSid")):
        yield 21602
    for name, code in _ANSWERED.items():
        if not all(_fits(value, CREATE[name]) for value in form.get(name, ()) if value):
            yield code
    if len(form.get("MediaUrl", ())) > CREATE["MediaUrl"]["maxItems"]:
        yield 21623
    if sender and sender.removeprefix(_MAGIC) in _FROM_MAGIC:
        yield _FROM_MAGIC[sender.removeprefix(_MAGIC)]
    if sender == to:
        yield 21266
    yield from _schedule_faults(form, now)


def _schedule_faults(form: Form, now: datetime) -> Iterator[int]:
    kind, send_at = first(form, "ScheduleType"), first(form, "SendAt")
    if bool(kind) != bool(send_at):
        yield 35111
    if send_at and not first(form, "MessagingServiceSid"):
        yield 35118
    if send_at and not _SOONEST <= moment(send_at) - now <= _LATEST:
        yield 35114


def moment(text: str) -> datetime:
    """Read a date or a moment; without a zone it is UTC."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def ignored(fields: Fields, form: Form) -> Iterator[str]:
    """Name what Twilio would pass over without a word; a client should send none of it."""
    for name, values in form.items():
        spec = fields.get(name)
        if spec is None:
            yield f"{name} is not a field of this request"
            continue
        if len(values) > 1 and spec["type"] != "array":
            yield f"{name} is given more than once"
        answered = fields is CREATE and name in _ANSWERED
        if not answered and not all(_fits(value, spec) for value in values if value):
            yield f"{name} is malformed"


def _fits(value: str, spec: Mapping[str, Any]) -> bool:
    match spec["type"]:
        case "array":
            return _fits(value, spec["items"])
        case "boolean":
            return value in {"true", "false"}
        case "integer":
            low, high = spec.get("minimum", 0), spec.get("maximum", 1 << 31)
            return bool(re.fullmatch(r"\d{1,10}", value)) and low <= int(value) <= high
        case "number":
            return bool(re.fullmatch(r"\d+(\.\d+)?", value))
        case _:
            return _text_fits(value, spec)


def _text_fits(value: str, spec: Mapping[str, Any]) -> bool:
    if units(value) > spec.get("maxLength", len(value) * 2):
        return False
    if value not in spec.get("enum", [value]):
        return False
    if not re.search(spec.get("pattern", ""), value):
        return False
    if spec.get("format") == "uri":
        return bool(re.match(r"https?://[^/?#\s]+", value))
    return spec.get("format") != "date-time" or _is_moment(value)


def _is_moment(value: str) -> bool:
    try:
        moment(value)
    except ValueError:
        return False
    return True
