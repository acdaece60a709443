"""What the fake keeps: messages as Twilio shows them, requests as they came, and lists in pages."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import islice
from typing import Any, Self
from urllib.parse import urlencode

from twilio_core.codes import explain
from twilio_core.messages import units
from twilio_core.testing.rules import Form, first, moment

VERSION = "2010-04-01"
_PAGE = 50
_MAX_PAGE = 1000
_DAY = timedelta(days=1)


def new_sid(prefix: str) -> str:
    """Make up an id; random, since ids of an earlier fake may still stand in a database."""
    return prefix + secrets.token_hex(16)


@dataclass(frozen=True)
class Seen:
    """A request as it came.

    Attributes:
        method: HTTP method.
        path: without the query.
        query: decoded.
        form: decoded; empty for other methods than POST.
        at: the event loop's clock, seconds.
    """

    method: str
    path: str
    query: Form = field(repr=False)
    form: Form = field(repr=False)
    at: float

    @property
    def account(self) -> str:
        """The account that the path names; empty when it is no path of the API."""
        parts = self._parts()
        return parts[0] if parts else ""

    @property
    def resource(self) -> list[str]:
        """The parts after the account: ``["Messages", "SM…"]``."""
        return self._parts()[1:]

    @property
    def creates(self) -> bool:
        """It asks for a new message."""
        return self.method == "POST" and self.resource == ["Messages"]

    def _parts(self) -> list[str]:
        root = f"/{VERSION}/Accounts/"
        if not (self.path.startswith(root) and self.path.endswith(".json")):
            return []
        return self.path.removeprefix(root).removesuffix(".json").split("/")


@dataclass
class Stored:
    """One message; `status` and what goes with it change while it is delivered."""

    account_sid: str
    to: str = field(repr=False)
    from_: str = field(repr=False)
    body: str = field(repr=False)
    status: str
    service: str = ""
    direction: str = "outbound-api"
    media: int = 0
    callback: str = field(default="", repr=False)
    error_code: int | None = None
    date_sent: datetime | None = None
    date_created: datetime = field(default_factory=lambda: datetime.now(UTC))
    date_updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    send_at: datetime | None = None
    sid: str = ""

    @classmethod
    def new(cls, account_sid: str, form: Form) -> Self:
        """Make the message that a form asks for."""
        service, send_at = first(form, "MessagingServiceSid"), first(form, "SendAt")
        return cls(
            account_sid=account_sid,
            to=first(form, "To"),
            from_="" if service else first(form, "From"),
            body=first(form, "Body"),
            status="scheduled" if send_at else "accepted" if service else "queued",
            service=service,
            media=len(form.get("MediaUrl", ())),
            callback=first(form, "StatusCallback"),
            send_at=moment(send_at) if send_at else None,
        )

    def __post_init__(self) -> None:
        """Give it an id: MM… when it carries media."""
        self.sid = self.sid or new_sid("MM" if self.media else "SM")

    def move(self, status: str, error_code: int | None = None) -> None:
        """Change the status, with the moments that go with it."""
        self.status = status
        self.error_code = error_code
        self.date_updated = datetime.now(UTC)
        if status == "sent":
            self.date_sent = self.date_updated

    def json(self) -> dict[str, Any]:
        """Return it as Twilio's API shows it."""
        uri = f"/{VERSION}/Accounts/{self.account_sid}/Messages/{self.sid}"
        failed = self.error_code is not None
        return {
            "account_sid": self.account_sid,
            "api_version": VERSION,
            "body": self.body,
            "date_created": format_datetime(self.date_created),
            "date_sent": format_datetime(self.date_sent) if self.date_sent else None,
            "date_updated": format_datetime(self.date_updated),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": explain(self.error_code).meaning if failed else None,
            "from": self.from_ or None,
            "messaging_service_sid": self.service or None,
            "num_media": str(self.media),
            "num_segments": str(segments(self.body) if self.from_ else 0),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }

    def callback_form(self) -> dict[str, str]:
        """Return what Twilio posts to the status callback."""
        form = {
            "AccountSid": self.account_sid,
            "ApiVersion": VERSION,
            "From": self.from_,
            "MessageSid": self.sid,
            "MessageStatus": self.status,
            "SmsSid": self.sid,
            "SmsStatus": self.status,
            "To": self.to,
        }
        return form if self.error_code is None else {**form, "ErrorCode": str(self.error_code)}

    def inbound_form(self) -> dict[str, str]:
        """Return what Twilio posts when a person writes."""
        form = {
            "AccountSid": self.account_sid,
            "ApiVersion": VERSION,
            "Body": self.body,
            "From": self.from_,
            "MessageSid": self.sid,
            "NumMedia": "0",
            "NumSegments": str(segments(self.body)),
            "SmsMessageSid": self.sid,
            "SmsSid": self.sid,
            "SmsStatus": self.status,
            "To": self.to,
        }
        return form | ({"MessagingServiceSid": self.service} if self.service else {})


def segments(body: str) -> int:
    """Count SMS, roughly: ASCII as GSM-7, all else as UCS-2."""
    alone, joined = (160, 153) if body.isascii() else (70, 67)
    size = units(body)
    return 1 if size <= alone else -(-size // joined)


def selected(messages: Iterable[Stored], query: Form) -> Iterable[Stored]:
    """Filter by To, From and DateSent; a message without a date fails every date."""
    to, from_ = first(query, "To"), first(query, "From")
    span = _span(query)
    for each in messages:
        if (to and each.to != to) or (from_ and each.from_ != from_):
            continue
        if span is None or (each.date_sent and span[0] <= each.date_sent <= span[1]):
            yield each


def _span(query: Form) -> tuple[datetime, datetime] | None:
    low, high = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    given = {name: first(query, name) for name in ("DateSent", "DateSent>", "DateSent<")}
    if not any(given.values()):
        return None
    if given["DateSent"]:
        low = moment(given["DateSent"][:10])
        high = low + _DAY
    if given["DateSent>"]:
        low = moment(given["DateSent>"])
    if given["DateSent<"]:
        high = moment(given["DateSent<"])
    return low, high


def page(key: str, items: Iterable[Mapping[str, Any]], path: str, query: Form) -> dict[str, Any]:
    """Cut one page out of a list whose items have a `sid`.

    A token names the last item of the page before, so that what is added at the top meanwhile
    neither repeats nor hides anything.
    """
    size = min(max(int(first(query, "PageSize") or _PAGE), 1), _MAX_PAGE)
    number = int(first(query, "Page") or 0)
    rest = iter(items)
    if after := first(query, "PageToken").removeprefix("PA"):
        rest = iter(list(_after(rest, after)))
    cut: Sequence[Mapping[str, Any]] = list(islice(rest, size + 1))
    shown = cut[:size]
    following = None
    if len(cut) > size:
        token = {"PageSize": size, "Page": number + 1, "PageToken": f"PA{shown[-1]['sid']}"}
        following = _uri(path, query, token)
    return {
        key: shown,
        "start": number * size,
        "end": number * size + max(len(shown) - 1, 0),
        "page": number,
        "page_size": size,
        "uri": _uri(path, query, {"PageSize": size, "Page": number}),
        "first_page_uri": _uri(path, query, {"PageSize": size, "Page": 0}),
        "previous_page_uri": None,
        "next_page_uri": following,
    }


def _after(items: Iterable[Mapping[str, Any]], sid: str) -> Iterable[Mapping[str, Any]]:
    passed = False
    for item in items:
        if passed:
            yield item
        passed = passed or item["sid"] == sid


def _uri(path: str, query: Form, paging: Mapping[str, object]) -> str:
    kept = {name: first(query, name) for name in query if not name.startswith("Page")}
    return f"{path}?{urlencode({**kept, **paging})}"
