"""Decipher what came back: an object, a page, or an error that says what to do next. Pure.

Answers come in Twilio's error JSON, as problem documents (RFC 9457), as HTML of something in
between, empty or cut short; every one of them ends in exactly one class of the error tree.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self, TypedDict

from twilio_core.codes import TABLE, Scope, explain
from twilio_core.errors import AccountRefused, OutcomeUnknown, Rejected, Throttled, TwilioError

_PHONE_LIKE = re.compile(r"\+?\d(?:[\s().-]{0,2}\d){4,}")
_TOO_LARGE = 10**9
_TEXT_LIMIT = 200
"""Characters of a foreign text that a reason repeats."""


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, read to its end or to the limit.

    Attributes:
        status: HTTP status.
        headers: header fields by lower-case name.
        body: undone of its content encoding; possibly cut short.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def request_id(self) -> str:
        """Twilio's id of the request, empty when the answer is not from Twilio."""
        return self.headers.get("twilio-request-id", "")


def decipher(answer: Answer, *, about_message: bool = False) -> dict[str, Any]:
    """Return the JSON object of a 2xx answer.

    Args:
        answer: what came back.
        about_message: the request named one message, so 404 is about it, not the account.

    Raises:
        TwilioError: any other answer, as the class that tells what to do next.
    """
    if answer.status // 100 != HTTPStatus.OK // 100:
        raise _refusal(answer, about_message=about_message)
    data = _json_object(answer.body)
    if data is None:
        raise garbled(answer)
    return data


def garbled(answer: Answer) -> OutcomeUnknown:
    """Say that a good status came with a body nobody can use: something was perhaps done."""
    return OutcomeUnknown(
        "the answer is not one of Twilio's; the request may have been processed",
        status=answer.status,
        request_id=answer.request_id,
    )


class _Known(TypedDict):
    """What every error of the tree carries besides its reason."""

    status: int
    code: int | None
    request_id: str


def _refusal(answer: Answer, *, about_message: bool) -> TwilioError:
    code, text = _detail(answer.body)
    info = explain(code, answer.status)
    reason, scope = info.meaning, info.scope
    if text and code not in TABLE and (code is not None or scope is Scope.MESSAGE):
        reason = text
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        scope = Scope.DOUBT  # whatever the body says: the server did not finish its work
    elif about_message and answer.status == HTTPStatus.NOT_FOUND:
        reason, scope = "Twilio has no such message", Scope.MESSAGE
    known: _Known = {"status": answer.status, "code": code, "request_id": answer.request_id}
    match scope:
        case Scope.ACCOUNT:
            return AccountRefused(reason, **known)
        case Scope.DOUBT:
            return OutcomeUnknown(reason, **known)
        case Scope.THROTTLE:
            return Throttled(reason, retry_after=_retry_after(answer), **known)
        case _:
            return Rejected(reason, scope=scope, **known)


def _detail(body: bytes) -> tuple[int | None, str]:
    """Find code and text in Twilio's error JSON or in a problem document (RFC 9457)."""
    data = _json_object(body) or {}
    code = integer(data.get("code"))
    if code is None:  # a problem document names the code at the end of its type
        code = integer(str(data.get("type", "")).rpartition("/")[2])
    texts = (data.get(name) for name in ("message", "detail", "title"))
    return code, next((scrub(text) for text in texts if isinstance(text, str) and text), "")


def scrub(text: str) -> str:
    """Take anything like a phone number out of a foreign text, which may end in a log."""
    return _PHONE_LIKE.sub("…", " ".join(text.split()))[:_TEXT_LIMIT]


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def integer(value: object) -> int | None:
    """Read a whole number of up to nine digits, maybe in a string; None for anything else.

    Twilio's codes have five; one of twenty would not fit where a caller keeps it.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value < _TOO_LARGE else None
    text = value if isinstance(value, str) else ""
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else None


def _retry_after(answer: Answer) -> float | None:
    try:
        seconds = float(answer.headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


@dataclass(frozen=True)
class Page:
    """One page of a list.

    Attributes:
        items: its JSON objects, in Twilio's order.
        next_uri: where the next page is, relative to the host; empty on the last.
        etag: what a conditional request may name; empty when Twilio gave none.
        request_id: Twilio's id of the request.
    """

    items: tuple[Mapping[str, Any], ...] = field(repr=False)
    next_uri: str = field(repr=False)
    etag: str
    request_id: str

    @classmethod
    def parse(cls, answer: Answer, key: str) -> Self:
        """Read the page whose items stand under `key`.

        Raises:
            TwilioError: the answer is a refusal, or no page.
        """
        data = decipher(answer)
        items = data.get(key)
        if not isinstance(items, list):
            raise garbled(answer)
        return cls(
            items=tuple(item for item in items if isinstance(item, dict)),
            next_uri=text_of(data, "next_page_uri"),
            etag=answer.headers.get("etag", ""),
            request_id=answer.request_id,
        )


def text_of(data: Mapping[str, Any], name: str) -> str:
    """Read a text that may be null or missing: both are empty."""
    value = data.get(name)
    return value if isinstance(value, str) else ""
