"""The four-output contract: `Send SMS` and `Retrieve Recipients` as one call that never raises.

It keeps the inputs and outputs of an older activity, so that workflows can go on unchanged.
Nothing is sent twice: no answer is ever a reason to try again here.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from twilio_core.client import Credentials, TwilioClient
from twilio_core.connection import open_http
from twilio_core.errors import AccountRefused, TwilioError
from twilio_core.messages import BODY_LIMIT, NewMessage, units
from twilio_core.outcome import (
    Fate,
    Judgement,
    RecipientResult,
    Result,
    conclude,
    failed,
    judge,
    refused,
    verdict,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from twilio_core.answers import Page

__all__ = [
    "Fate",
    "Judgement",
    "RecipientResult",
    "Result",
    "conclude",
    "execute",
    "judge",
    "run",
    "verdict",
]

_SEND = "send sms"
_RECIPIENTS = frozenset({"retrieve recipients", "retrive recipients"})
_UNKNOWN_METHOD = "Unknown method: it is `Send SMS` or `Retrieve Recipients`"


class PageStore:
    """The caller ids as last read, for a few accounts, to answer a 304 from.

    Keys carry a digest of the secret: who changes the token does not see the old list.
    """

    def __init__(self, size: int = 16) -> None:
        """Keep at most `size` accounts; the one unused longest goes first."""
        self._size = size
        self._pages: OrderedDict[str, dict[str, Page]] = OrderedDict()

    def of(self, url: str, credentials: Credentials) -> MutableMapping[str, "Page"]:
        """Return what is remembered for these credentials at this address."""
        parts = (url, credentials.account_sid, *credentials.basic())
        lengths = "".join(f"{len(part)}:{part}" for part in parts)
        key = hashlib.sha256(lengths.encode("utf-8", "surrogatepass")).hexdigest()
        pages = self._pages.setdefault(key, {})
        self._pages.move_to_end(key)
        while len(self._pages) > self._size:
            self._pages.popitem(last=False)
        return pages


_STORE = PageStore()


@dataclass(frozen=True, repr=False)
class _Inputs:
    """The older activity's inputs, as text, trimmed except for the body."""

    method: str
    url: str
    account_sid: str
    auth_token: str
    body: str
    to: tuple[str, ...]
    sender: str

    @classmethod
    def read(cls, inputs: Mapping[str, object]) -> "_Inputs":
        anything: object = inputs  # a caller without types may give what it likes
        given = anything if isinstance(anything, Mapping) else {}

        def raw(name: str) -> str:
            try:
                return _text(given.get(name))
            except Exception:  # noqa: BLE001 - the contract: no input makes it raise; it is blank
                return ""

        def text(name: str) -> str:
            return raw(name).strip()

        entries = (entry.strip() for entry in text("to").split(","))
        return cls(
            method=text("method").casefold() or _SEND,
            url=text("urlString"),
            account_sid=text("accountSid"),
            auth_token=text("authToken"),
            body=raw("messageBody"),
            to=tuple(dict.fromkeys(entry for entry in entries if entry)),
            sender=text("from"),
        )

    def blank(self, *, keyed: bool) -> Iterator[tuple[str, str]]:
        """Name every blank input as code and message, in the order of the contract."""
        checks: list[tuple[str, str, object]] = [
            ("504", "Url String field is blank", self.url),
            ("505", "Account SID field is blank", self.account_sid),
            ("506", "Auth Token String field is blank", self.auth_token or keyed),
        ]
        if self.method == _SEND:
            checks += [
                ("501", "SMS body is blank", self.body.strip()),
                ("502", "To field is blank", self.to),
                ("503", "From field is blank", self.sender),
            ]
        return ((code, message) for code, message, value in checks if not value)


async def run(
    inputs: Mapping[str, object],
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    concurrency: int = 50,
) -> dict[str, str]:
    """Do what the inputs ask and return the four outputs, plus `unknownNumbers`.

    Args:
        inputs: accountSid, authToken, urlString, method, messageBody, to, from; what is missing
            or None is blank.
        transport: carries the requests in tests; by default a new connection pool.
        concurrency: messages in flight at once.
    """
    result = await execute(inputs, transport=transport, concurrency=concurrency)
    return result.outputs()


async def execute(
    inputs: Mapping[str, object],
    *,
    api_key: tuple[str, str] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    concurrency: int = 50,
    store: PageStore = _STORE,
) -> Result:
    """Do what the inputs ask; the result also tells every recipient's own outcome.

    Args:
        inputs: as for `run`.
        api_key: key and secret to use instead of the auth token, which may then be blank.
        transport: as for `run`.
        concurrency: as for `run`.
        store: where lists of caller ids are remembered from call to call.
    """
    given = _Inputs.read(inputs)
    key, secret = api_key or ("", "")
    if given.method not in {_SEND, *_RECIPIENTS}:
        return refused("1001", _UNKNOWN_METHOD)
    for code, message in given.blank(keyed=bool(key)):
        return refused(code, message, given.to if given.method == _SEND else ())
    if given.method == _SEND and units(given.body) > BODY_LIMIT:
        why = Judgement("400", Fate.FAILED, 21617, "the message is over 1,600 characters")
        return verdict([failed(to, why) for to in given.to])
    credentials = Credentials(given.account_sid, given.auth_token, key, secret)
    pages = store.of(given.url, credentials)
    async with _opened(transport, concurrency) as http:
        client = TwilioClient(http, credentials, given.url, remembered=pages)
        if given.method == _SEND:
            return verdict(await _send_all(client, given, concurrency))
        return await _recipients(client)


@asynccontextmanager
async def _opened(
    transport: httpx.AsyncBaseTransport | None, concurrency: int
) -> "AsyncIterator[httpx.AsyncClient]":
    http = httpx.AsyncClient(transport=transport) if transport else open_http(limit=concurrency)
    async with http:
        yield http


async def _send_all(
    client: TwilioClient, given: _Inputs, concurrency: int
) -> list[RecipientResult]:
    """Send with a few workers over one iterator: 10,000 recipients are not 10,000 tasks."""
    results: dict[str, RecipientResult] = {}
    waiting = iter(given.to)
    stopped: list[Judgement] = []

    async def work() -> None:
        for to in waiting:
            if stopped:
                results[to] = failed(to, stopped[0])
                continue
            try:
                results[to] = await _send_one(client, given, to)
            except TwilioError as error:
                results[to] = failed(to, judge(error))
                if isinstance(error, AccountRefused):
                    stopped.append(judge(error).unsent())

    workers = min(max(concurrency, 1), len(given.to))
    await asyncio.gather(*(work() for _ in range(workers)))
    return [results[to] for to in given.to]


async def _send_one(client: TwilioClient, given: _Inputs, to: str) -> RecipientResult:
    message = await client.create(NewMessage(to, given.sender, given.body))
    return RecipientResult(to, "200", message.sid, None, "", Fate.ACCEPTED)


async def _recipients(client: TwilioClient) -> Result:
    try:
        numbers = [each.phone_number for each in await client.verified()]
    except TwilioError as error:
        why = judge(error)
        return refused(why.code, why.of_a_read())
    return Result("200", "Success", ",".join(filter(None, numbers)), "", "")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return str.__str__(value)  # without what a subclass makes of it
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "replace")
    if isinstance(value, Sequence | set | frozenset):
        return ",".join(_text(entry) for entry in value)
    return str(value)
