"""Twilio's Messages and OutgoingCallerIds over an injected httpx client: the only I/O here.

Nothing is ever tried again by itself: a request that failed before it left, was throttled or is
in doubt ends in an error that says which (`twilio_core.errors`), and the caller decides. (aiohttp
itself asks a GET, never a POST, once more when its connection breaks before any answer.)
"""

import asyncio
import base64
from collections.abc import AsyncIterable, AsyncIterator, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote, urlencode

import aiohttp
import httpx

from twilio_core.answers import Answer, Page, decipher, garbled
from twilio_core.connection import Http, lost
from twilio_core.errors import AccountRefused, TwilioError
from twilio_core.messages import Account, CallerId, Message, NewMessage, OwnNumber, timestamp
from twilio_core.redirects import accounts_root, next_hop, same_origin

DEFAULT_URL = "https://api.twilio.com/2010-04-01/Accounts/"
CONNECT_TIMEOUT = 5.0
"""Seconds for DNS, TCP and TLS together."""
MAX_REDIRECTS = 5
ANSWER_LIMIT = 1 << 20
"""Bytes read of an answer about one message; more is not Twilio's."""
LIST_LIMIT = 1 << 24
"""Bytes read of a page: 1,000 messages of 1,600 escaped characters fit."""
MAX_PAGE = 1000
MAX_PAGES = 1000
"""A list of more pages than this, 1,000,000 entries at the most, is taken to have no end."""
_FORM = (b"Content-Type", b"application/x-www-form-urlencoded")
_MESSAGES = "/Messages.json"


@dataclass(frozen=True)
class Credentials:
    """Who we are to Twilio; the `repr` shows the account only.

    Attributes:
        account_sid: ``AC…``.
        auth_token: its secret; also what webhooks are signed with.
        api_key: ``SK…``, used for requests instead of the token when given.
        api_secret: the key's secret.
    """

    account_sid: str
    auth_token: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    api_secret: str = field(default="", repr=False)

    def basic(self) -> tuple[str, str]:
        """Return user and password of the requests."""
        if self.api_key:
            return self.api_key, self.api_secret
        return self.account_sid, self.auth_token


@dataclass(frozen=True)
class _Request:
    """What to ask. `path` continues the account's own URL; `limit` is in bytes."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    limit: int = ANSWER_LIMIT


class TwilioClient:
    """One Twilio account.

    Every method raises one class of `TwilioError` and nothing else (except `ValueError` for
    arguments that cannot be asked for).
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        credentials: Credentials,
        base_url: str = DEFAULT_URL,
        *,
        timeout: float = 15.0,
        remembered: MutableMapping[str, Page] | None = None,
    ) -> None:
        """Bind account and connection.

        Args:
            http: carries the requests; closed by `aclose`.
            credentials: sent to the origin of `base_url` and nowhere else.
            base_url: the Accounts root, with or without its last slash.
            timeout: seconds for one whole request, redirects and body included.
            remembered: the caller ids as last read, by address, to answer a 304 from; kept in
                this client alone by default.
        """
        self._http = http
        self._account = _quoted(credentials.account_sid)
        pair = ":".join(credentials.basic()).encode("utf-8", "replace")
        # Built once: httpx would make each of them anew for every request, at 0.3 ms of CPU.
        self._headers = [
            (b"Authorization", b"Basic " + base64.b64encode(pair)),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"gzip, deflate"),
            (b"User-Agent", b"twilio_core (slack-sms-bot)"),
        ]
        self._base_url = base_url
        self._create_url: httpx.URL | None = None
        self._timeout = timeout
        # The connect phase must end first: only then does the whole timeout mean "it has left".
        connect = min(CONNECT_TIMEOUT, timeout * 0.8)
        phases = httpx.Timeout(timeout, connect=connect, pool=connect)
        self._extensions = {"timeout": phases.as_dict()}
        self._remembered: MutableMapping[str, Page] = {} if remembered is None else remembered

    async def create(self, message: NewMessage) -> Message:
        """Hand one message to Twilio; its SID in the result is the proof that Twilio has it."""
        answer = await self._ask(_Request("POST", _MESSAGES, form=tuple(message.form())))
        return _message(answer, decipher(answer))

    async def fetch(self, sid: str) -> Message:
        """Read one message as it is now."""
        answer = await self._ask(_Request("GET", f"/Messages/{_quoted(sid)}.json"))
        return _message(answer, decipher(answer, about_message=True))

    async def cancel(self, sid: str) -> Message:
        """Stop a message that has not been sent yet."""
        path = f"/Messages/{_quoted(sid)}.json"
        answer = await self._ask(_Request("POST", path, form=(("Status", "canceled"),)))
        return _message(answer, decipher(answer, about_message=True))

    async def account(self) -> Account:
        """Read the account itself: the cheapest proof that address and credentials are right."""
        answer = await self._ask(_Request("GET", ".json"))
        return Account.parse(decipher(answer))

    async def list_messages(
        self,
        *,
        to: str = "",
        from_: str = "",
        date_sent_after: datetime | None = None,
        date_sent_before: datetime | None = None,
        page_size: int = 50,
    ) -> AsyncIterator[Message]:
        """Read messages, newest first, all pages, each page when it is wanted.

        A message has no `date_sent` while it is queued, so a date leaves those out; and new ones
        may be missing for minutes: absence proves nothing.

        Args:
            to: only to this address.
            from_: only from this address.
            date_sent_after: only sent at or after this moment.
            date_sent_before: only sent at or before this moment.
            page_size: messages in one answer, 1 to 1000.
        """
        # The sign belongs to the key: in the value Twilio ignores it without a word.
        dates = [("DateSent>", date_sent_after), ("DateSent<", date_sent_before)]
        query = [("To", to), ("From", from_)]
        query += [(name, timestamp(moment)) for name, moment in dates if moment is not None]
        query += [("PageSize", str(_page_size(page_size)))]
        wanted = tuple((name, value) for name, value in query if value)
        first = _Request("GET", "/Messages.json", query=wanted, limit=LIST_LIMIT)
        async for page in self._pages(first, "messages", {}):
            for item in page.items:
                if message := Message.parse(item, page.request_id):
                    yield message

    async def caller_ids(self) -> AsyncIterator[CallerId]:
        """Read the account's verified numbers, all pages; what did not change is not sent again."""
        query = (("PageSize", str(MAX_PAGE)),)
        first = _Request("GET", "/OutgoingCallerIds.json", query=query, limit=LIST_LIMIT)
        async for page in self._pages(first, "outgoing_caller_ids", self._remembered):
            for item in page.items:
                yield CallerId.parse(item)

    async def verified(self) -> tuple[CallerId, ...]:
        """Return all verified numbers of the account."""
        return tuple([each async for each in self.caller_ids()])

    async def own_number(self, number: str) -> OwnNumber | None:
        """Read one of the account's own numbers; None if it is none of them."""
        query = (("PhoneNumber", number), ("PageSize", str(MAX_PAGE)))
        first = _Request("GET", "/IncomingPhoneNumbers.json", query=query, limit=LIST_LIMIT)
        async for page in self._pages(first, "incoming_phone_numbers", {}):
            for found in map(OwnNumber.parse, page.items):
                if found.phone_number == number:  # the filter also finds parts of numbers
                    return found
        return None

    async def aclose(self) -> None:
        """Close the HTTP client."""
        await self._http.aclose()

    async def _pages(
        self, first: _Request, key: str, remembered: MutableMapping[str, Page]
    ) -> AsyncIterator[Page]:
        """Follow `next_page_uri`, verbatim, on the same origin only, never in a circle."""
        seen: dict[str, Page] = {}
        url = self._url(first)
        while str(url) not in seen and len(seen) < MAX_PAGES:
            old = remembered.get(str(url))
            etag = (("If-None-Match", old.etag),) if old and old.etag else ()
            answer = await self._ask(replace(first, headers=etag), url)
            page = old if old and answer.status == httpx.codes.NOT_MODIFIED else None
            page = page or Page.parse(answer, key)
            seen[str(url)] = page
            yield page
            if not page.next_uri:
                remembered.clear()
                remembered.update(seen)
                return
            url = _next_page(url, page.next_uri)
        raise garbled(answer)  # a circle, or no end

    def _url(self, request: _Request) -> httpx.URL:
        creates = request.path is _MESSAGES and not request.query
        if creates and self._create_url:
            return self._create_url
        root = accounts_root(self._base_url)
        query = f"?{urlencode(request.query)}" if request.query else ""
        url = httpx.URL(f"{root}/{self._account}{request.path}{query}")
        if creates:
            self._create_url = url
        return url

    async def _ask(self, request: _Request, url: httpx.URL | None = None) -> Answer:
        """Ask once, follow what may be followed, and let nothing but the error tree out."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._follow(request, url or self._url(request))
        except TwilioError:
            raise
        except Exception as exc:  # transports differ, and some errors pass them unmapped
            raise lost(exc) from exc

    async def _follow(self, request: _Request, url: httpx.URL) -> Answer:
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._exchange(request, url)
            hop = next_hop(request.method, url, answer)
            if hop is None:
                return answer
            url = hop
        raise AccountRefused("the Twilio URL redirects without end", status=answer.status)

    async def _exchange(self, request: _Request, url: httpx.URL) -> Answer:
        posts = request.method == "POST"
        headers = [*self._headers, *([_FORM] if posts else [])]
        headers += [(name.encode(), value.encode()) for name, value in request.headers]
        built = httpx.Request(
            request.method,
            url,
            content=urlencode(request.form).encode() if posts else None,
            headers=headers,
            extensions=self._extensions,
        )
        if isinstance(self._http, Http):
            response = await self._http.hand(built)
        else:
            response = await self._http.send(built, auth=None, stream=True, follow_redirects=False)
        try:
            body = await _read(response, request.limit)
        finally:
            await response.aclose()
        return Answer(response.status_code, _fields(response.headers), body)


def _fields(headers: httpx.Headers) -> dict[str, str]:
    return {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in headers.raw}


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")


async def _read(response: httpx.Response, limit: int) -> bytes:
    """Read a body up to `limit`. A status that is known stays known when the body breaks off."""
    body = bytearray()
    # As it comes, where it is not packed: the way through httpx's decoders costs as much again.
    packed = "content-encoding" in response.headers
    chunks = response.aiter_bytes() if packed else cast("AsyncIterable[bytes]", response.stream)
    try:
        async for chunk in chunks:
            body += chunk
            if len(body) > limit:
                break
    except (httpx.HTTPError, aiohttp.ClientError):
        return b""
    return bytes(body[:limit])


def _message(answer: Answer, data: dict[str, Any]) -> Message:
    message = Message.parse(data, answer.request_id)
    if message is None:
        raise garbled(answer)
    return message


def _page_size(size: int) -> int:
    if not 1 <= size <= MAX_PAGE:
        raise ValueError(f"page_size is 1 to {MAX_PAGE:,}")
    return size


def _next_page(url: httpx.URL, uri: str) -> httpx.URL:
    try:
        joined = url.join(uri)
    except (httpx.InvalidURL, ValueError) as exc:  # the latter: of half a surrogate pair
        raise AccountRefused("the list's next page has no usable address") from exc
    if not same_origin(url, joined):
        raise AccountRefused("the list's next page is on another host, which is not asked")
    return joined
