"""What is sent to Twilio and what Twilio keeps, as values. Pure: no I/O and no clock.

https://www.twilio.com/docs/messaging/api/message-resource
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

from twilio_core.answers import integer, text_of

BODY_LIMIT = 1600
"""UTF-16 units that one message may have."""
MEDIA_LIMIT = 10
VALIDITY = range(1, 36001)
"""Seconds that a message may wait for delivery."""

_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")


def units(text: str) -> int:
    """Count UTF-16 units, Twilio's measure of a body: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def is_messaging_service(sender: str) -> bool:
    """Tell a Messaging Service (``MG`` and 32 hex digits) from a number or name."""
    return _SERVICE.fullmatch(sender) is not None


def timestamp(moment: datetime) -> str:
    """Write a moment as Twilio reads it: UTC, whole seconds, ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class NewMessage:
    """A message to send. Its options are checked here; numbers are Twilio's to judge.

    Attributes:
        to: E.164 number or channel address (``whatsapp:+1…``). Not in the `repr`.
        sender: number, short code, name, channel address or ``MG…``. Not in the `repr`.
        body: the text, at most 1,600 UTF-16 units. Not in the `repr`.
        media_urls: at most ten public addresses of pictures and the like.
        content_sid: ``HX…`` of a content template, instead of a body.
        content_variables: the template's values, as a JSON object. Not in the `repr`.
        status_callback: where Twilio reports what becomes of the message; empty: nowhere.
        validity_period: seconds after which an undelivered message is given up; None: Twilio's
            36,000.
        send_at: when to send, with its time zone; needs an ``MG…`` sender. None: now.

    Raises:
        ValueError: an option, or a combination of them, that Twilio cannot take.
    """

    to: str = field(repr=False)
    sender: str = field(repr=False)
    body: str = field(default="", repr=False)
    media_urls: tuple[str, ...] = ()
    content_sid: str = ""
    content_variables: str = field(default="", repr=False)
    status_callback: str = field(default="", repr=False)
    validity_period: int | None = None
    send_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be sent."""
        for fault in self._faults():
            raise ValueError(fault)

    def _faults(self) -> Iterator[str]:
        if not self.to.strip():
            yield "a message needs a recipient"
        if not self.sender.strip():
            yield "a message needs a sender"
        if not (self.body or self.media_urls or self.content_sid):
            yield "a message needs a body, media or a content template"
        if units(self.body) > BODY_LIMIT:
            yield f"a body has at most {BODY_LIMIT:,} UTF-16 units"
        if len(self.media_urls) > MEDIA_LIMIT:
            yield f"a message has at most {MEDIA_LIMIT} media"
        if self.validity_period is not None and self.validity_period not in VALIDITY:
            yield f"validity_period is {VALIDITY[0]} to {VALIDITY[-1]:,} seconds"
        if self.send_at is not None and not is_messaging_service(self.sender):
            yield "send_at needs a Messaging Service (MG…) as sender"
        if self.send_at is not None and self.send_at.tzinfo is None:
            yield "send_at needs a time zone"

    def form(self) -> list[tuple[str, str]]:
        """Return the form fields of the request, in Twilio's names."""
        sender = "MessagingServiceSid" if is_messaging_service(self.sender) else "From"
        fields = [("To", self.to), (sender, self.sender), ("Body", self.body)]
        fields += [("MediaUrl", url) for url in self.media_urls]
        fields += [("ContentSid", self.content_sid), ("ContentVariables", self.content_variables)]
        fields += [("StatusCallback", self.status_callback)]
        if self.validity_period is not None:
            fields.append(("ValidityPeriod", str(self.validity_period)))
        if self.send_at is not None:
            fields += [("ScheduleType", "fixed"), ("SendAt", timestamp(self.send_at))]
        return [(name, _sound(value)) for name, value in fields if value]


def _sound(text: str) -> str:
    """Join surrogate pairs and replace lone halves, which no form encoding can carry."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@dataclass(frozen=True)
class Message:
    """A message as Twilio has it.

    Attributes:
        sid: Twilio's id, ``SM…`` or ``MM…``.
        status: queued, accepted, scheduled, sending, sent, delivered, undelivered, failed, read,
            canceled, receiving or received.
        to: recipient. Not in the `repr`.
        from_: sender; empty while a Messaging Service chooses. Not in the `repr`.
        body: the text. Not in the `repr`.
        error_code: why it was not delivered.
        error_message: the same in Twilio's words. Not in the `repr`.
        date_created: when Twilio took it.
        date_sent: when it left Twilio; None while it waits.
        direction: inbound, outbound-api, outbound-call or outbound-reply.
        num_segments: SMS it is billed as; 0 while a Messaging Service has not chosen a sender.
        messaging_service_sid: ``MG…``, or empty.
        request_id: Twilio's id of the request that told us.
    """

    sid: str
    status: str = ""
    to: str = field(default="", repr=False)
    from_: str = field(default="", repr=False)
    body: str = field(default="", repr=False)
    error_code: int | None = None
    error_message: str = field(default="", repr=False)
    date_created: datetime | None = None
    date_sent: datetime | None = None
    direction: str = ""
    num_segments: int = 0
    messaging_service_sid: str = ""
    request_id: str = ""

    @classmethod
    def parse(cls, data: Mapping[str, Any], request_id: str = "") -> Self | None:
        """Read Twilio's JSON; None when it carries no SID and so is no message."""
        if not (sid := text_of(data, "sid")):
            return None
        return cls(
            sid=sid,
            status=text_of(data, "status"),
            to=text_of(data, "to"),
            from_=text_of(data, "from"),
            body=text_of(data, "body"),
            error_code=integer(data.get("error_code")),
            error_message=text_of(data, "error_message"),
            date_created=_date(data.get("date_created")),
            date_sent=_date(data.get("date_sent")),
            direction=text_of(data, "direction"),
            num_segments=integer(data.get("num_segments")) or 0,
            messaging_service_sid=text_of(data, "messaging_service_sid"),
            request_id=request_id,
        )


@dataclass(frozen=True)
class CallerId:
    """A number that the account has verified, and what it is called.

    Attributes:
        sid: Twilio's id, ``PN…``.
        phone_number: E.164. Not in the `repr`.
        friendly_name: a name given to it, often the number itself. Not in the `repr`.
    """

    sid: str
    phone_number: str = field(repr=False)
    friendly_name: str = field(default="", repr=False)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read Twilio's JSON."""
        return cls(
            text_of(data, "sid"), text_of(data, "phone_number"), text_of(data, "friendly_name")
        )


@dataclass(frozen=True)
class OwnNumber:
    """A number of the account's own, which it can send from.

    Attributes:
        sid: Twilio's id, ``PN…``.
        phone_number: E.164. Not in the `repr`.
        sms: whether it can send and receive messages.
        sms_url: where Twilio posts what people write to it; empty for nowhere.
        sms_method: how: ``POST`` or ``GET``.
        sms_application_sid: ``AP…`` of an application that takes the place of that address; empty
            without one.
    """

    sid: str
    phone_number: str = field(repr=False)
    sms: bool = False
    sms_url: str = ""
    sms_method: str = ""
    sms_application_sid: str = ""

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read Twilio's JSON."""
        able = data.get("capabilities")
        return cls(
            sid=text_of(data, "sid"),
            phone_number=text_of(data, "phone_number"),
            sms=isinstance(able, dict) and (able.get("sms") is True or able.get("SMS") is True),
            sms_url=text_of(data, "sms_url"),
            sms_method=text_of(data, "sms_method"),
            sms_application_sid=text_of(data, "sms_application_sid"),
        )


@dataclass(frozen=True)
class Account:
    """The account behind the credentials.

    Attributes:
        sid: ``AC…``.
        friendly_name: its name.
        status: active, suspended or closed.
        type: Full or Trial.
    """

    sid: str
    friendly_name: str = ""
    status: str = ""
    type: str = ""

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read Twilio's JSON."""
        return cls(*(text_of(data, name) for name in ("sid", "friendly_name", "status", "type")))


def _date(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):  # the latter: of a year beyond the machine's numbers
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
