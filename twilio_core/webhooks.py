"""What Twilio sends to us, and whether it really was Twilio. Pure: no server, no clock.

https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from twilio_core.errors import SignatureMismatch

Params = Mapping[str, str] | Iterable[tuple[str, str]]
"""Form fields: a mapping (a multi-dict keeps its repeats), or the pairs themselves."""

_DEFAULT_PORTS = {"http": 80, "https": 443}


def signature(auth_token: str, url: str, params: Params) -> str:
    """Compute ``X-Twilio-Signature`` for a request.

    Args:
        auth_token: the account's auth token, even where requests use an API key.
        url: the full address as Twilio called it, with its query.
        params: the form fields; blank values count, repeated pairs once.
    """
    return _signed(auth_token, url, _joined(params))


def verify(auth_token: str, url: str, params: Params, given: str | None) -> None:
    """Check a signature, with and without the port: proxies hide it, and Twilio may name it.

    `given` is None where the header is missing.

    Raises:
        SignatureMismatch: none of the spellings of the address gives this signature.
    """
    form = _joined(params)  # once: whoever is not Twilio may have sent a long one
    wanted = [_signed(auth_token, spelling, form) for spelling in _spellings(url)]
    # Every one is compared, so that the time taken tells nothing about which one came close.
    told = (given or "").encode("utf-8", "replace")
    hits = [hmac.compare_digest(each.encode(), told) for each in wanted]
    if not auth_token or not any(hits):
        raise SignatureMismatch("the request is not signed with our auth token")


def _joined(params: Params) -> str:
    return "".join(name + value for name, value in sorted(set(_pairs(params))))


def _signed(auth_token: str, url: str, form: str) -> str:
    text = (url + form).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(auth_token.encode(), text, "sha1")).decode()


def _pairs(params: Params) -> Iterable[tuple[str, str]]:
    return params.items() if isinstance(params, Mapping) else params


def _spellings(url: str) -> list[str]:
    """Return the address as given, without its port and with its port."""
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    host, colon, port = place.rpartition(":")
    if not colon or port.endswith("]"):  # no port, or the last group of a bare IPv6 address
        host, port = place, str(_DEFAULT_PORTS.get(parts.scheme, ""))
    bare, full = f"{user}{at}{host}", f"{user}{at}{host}:{port}"
    return [url, *(parts._replace(netloc=netloc).geturl() for netloc in (bare, full))]


@dataclass(frozen=True)
class StatusCallback:
    """News about a message that we sent.

    Attributes:
        message_sid: Twilio's id of the message (``SM…`` or ``MM…``).
        status: Twilio's word for where it is: sent, delivered, undelivered, failed, read…
        error_code: Twilio's code when it was not delivered.
        to: who it was for. Not in the `repr`.
        from_: who it was from. Not in the `repr`.
        account_sid: the account that sent it.
    """

    message_sid: str
    status: str
    error_code: int | None = None
    to: str = field(default="", repr=False)
    from_: str = field(default="", repr=False)
    account_sid: str = ""

    @classmethod
    def parse(cls, params: Params) -> Self:
        """Read the form; fields that are not known here are passed over.

        Raises:
            ValueError: it names no message or no status.
        """
        form = dict(_pairs(params))
        return cls(
            message_sid=_first(form, "MessageSid", "SmsSid"),
            status=_first(form, "MessageStatus", "SmsStatus"),
            error_code=_number(form.get("ErrorCode", "")),
            to=form.get("To", ""),
            from_=form.get("From", ""),
            account_sid=form.get("AccountSid", ""),
        )


@dataclass(frozen=True)
class InboundMessage:
    """A message from a person to one of our numbers.

    Attributes:
        message_sid: Twilio's id of the message.
        from_: who wrote. Not in the `repr`.
        to: which of our numbers. Not in the `repr`.
        body: what they wrote; may be empty when there are media. Not in the `repr`.
        media_urls: addresses of attached media, in order.
        opt_out_type: STOP, START or HELP where Advanced Opt-Out is on; else empty.
        messaging_service_sid: ``MG…`` of the service that received it; else empty.
        account_sid: the account that received it.
    """

    message_sid: str
    from_: str = field(repr=False)
    to: str = field(repr=False)
    body: str = field(repr=False)
    media_urls: tuple[str, ...] = ()
    opt_out_type: str = ""
    messaging_service_sid: str = ""
    account_sid: str = ""

    @classmethod
    def parse(cls, params: Params) -> Self:
        """Read the form; fields that are not known here are passed over.

        Raises:
            ValueError: it names no message or no sender.
        """
        form = dict(_pairs(params))
        count = _number(form.get("NumMedia", "")) or 0
        urls = (form.get(f"MediaUrl{n}", "") for n in range(min(count, len(form))))
        return cls(
            message_sid=_first(form, "MessageSid", "SmsMessageSid", "SmsSid"),
            from_=_first(form, "From"),
            to=form.get("To", ""),
            body=form.get("Body", ""),
            media_urls=tuple(url for url in urls if url),
            opt_out_type=form.get("OptOutType", ""),
            messaging_service_sid=form.get("MessagingServiceSid", ""),
            account_sid=form.get("AccountSid", ""),
        )


def _first(form: Mapping[str, str], *names: str) -> str:
    for name in names:
        if form.get(name):
            return form[name]
    raise ValueError(f"the webhook has no {names[0]}")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
