"""FakeTwilio: a faithful Twilio on loopback, at the real seam: HTTP."""

import asyncio
import base64
import hashlib
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import parse_qs

from aiohttp import web

from twilio_core.testing import rules
from twilio_core.testing.courier import Courier, Delivered
from twilio_core.testing.deliveries import Deliveries
from twilio_core.testing.numbers import Owned, caller_id, incoming_number
from twilio_core.testing.outcomes import Delayed, Ends, Error, Late, Outcome
from twilio_core.testing.port import HOST, Port
from twilio_core.testing.records import VERSION, Seen, Stored, new_sid, page, selected
from twilio_core.testing.replies import as_json, error, odd, takes

ANY = "*"
"""In `script`: the next request, whatever it asks."""
_AT_ONCE = 0.001
"""Seconds for requests that run; aiohttp takes 0 for "as long as they like"."""
_WAITING = frozenset({"queued", "accepted", "scheduled"})
_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START = frozenset({"START", "YES", "UNSTOP"})


@dataclass(eq=False)
class FakeTwilio:
    """One account. ``async with FakeTwilio() as twilio:`` or `start` and `stop`.

    Like Twilio it passes over what it does not know; unlike Twilio it remembers that in
    `violations`, which a test of a client should find empty.

    Attributes:
        port: 0 for any free one.
        latency: seconds before each answer.
        step: seconds between two states of a delivery; None: only `move` changes a state.
        limit: POSTs at once before 429/20429; None: no limit.
        daily_cap: messages before 429/63038; None: no cap.
        listing_lag: seconds before a new message shows in lists.
        test_credentials: Twilio's test mode: only POST, no Messaging Service, nothing kept.
        standard_key: the API key may not read the account, as a Standard one.
        trial: only verified numbers can be sent to (21608).
        account_status: active, suspended or closed; only an active one sends (20005).
        verified: number and friendly name of each caller id.
        owned: the numbers of its own; what it sends from need not be among them.
        opted_out: numbers that said STOP (21610).
        inbound_url: where inbound messages are posted; empty: nowhere.
        callback_copies: how often each status callback is posted.
        standing: what every message to a number meets, once nothing is scripted for it.
        messages: every message there is, oldest first, by SID.
        requests: every request, in order.
        violations: what clients sent that Twilio would have passed over.
        peak: the most POSTs that were in flight at once.
    """

    port: int = 0
    latency: float = 0.0
    step: float | None = 0.02
    limit: int | None = None
    daily_cap: int | None = None
    listing_lag: float = 0.0
    test_credentials: bool = False
    standard_key: bool = False
    trial: bool = False
    account_sid: str = field(default_factory=lambda: new_sid("AC"))
    auth_token: str = field(default_factory=lambda: new_sid(""), repr=False)
    api_key: str = field(default_factory=lambda: new_sid("SK"))
    api_secret: str = field(default_factory=lambda: new_sid(""), repr=False)
    account_status: str = "active"
    verified: list[tuple[str, str]] = field(default_factory=list, repr=False)
    owned: list[Owned] = field(default_factory=lambda: [Owned(rules.GOOD_SENDER)], repr=False)
    opted_out: set[str] = field(default_factory=set, repr=False)
    inbound_url: str = ""
    callback_copies: int = 1
    standing: dict[str, Outcome] = field(default_factory=dict, repr=False)
    messages: dict[str, Stored] = field(default_factory=dict, init=False, repr=False)
    requests: list[Seen] = field(default_factory=list, init=False, repr=False)
    violations: list[str] = field(default_factory=list, init=False)
    peak: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        """Prepare; nothing is opened yet."""
        pairs = [(self.account_sid, self.auth_token), (self.api_key, self.api_secret)]
        token, self._key = (base64.b64encode(f"{a}:{b}".encode()).decode() for a, b in pairs)
        self._basics = {token, self._key}
        self._scripts: defaultdict[str, deque[Outcome]] = defaultdict(deque)
        self._throttled: set[str] = set()
        self._in_flight = 0
        self._courier = Courier(self.auth_token)
        self._deliveries = Deliveries(self._courier)
        self._port: Port | None = None
        self._listener: asyncio.Server | None = None

    # Life

    async def start(self) -> Self:
        """Listen on loopback; `port` is then the real one."""
        self._over = asyncio.Event()
        self._web = web.Server(self._handle, access_log=None)
        await self.listen()
        return self

    async def stop(self) -> None:
        """Close everything; requests held in silence end without an answer."""
        self._over.set()
        self._deliveries.stop()
        await self.refuse()
        if self._port is not None:
            self._port.close()
            self._port = None
        await self._courier.close()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *exc_info: object) -> None:
        await self.stop()

    async def refuse(self) -> None:
        """Begin an outage: drop every connection and refuse new ones."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        await self._web.shutdown(_AT_ONCE)

    async def listen(self) -> None:
        """Take connections, after an outage on the same port as before."""
        self._port = self._port or Port(self.port)
        self._listener = await self._port.listen(self._web)
        self.port = self._port.number

    # What tests use

    @property
    def url(self) -> str:
        """The Accounts root, for `TWILIO_URL`."""
        return f"http://{HOST}:{self.port}/{VERSION}/Accounts/"

    @property
    def posts(self) -> list[Seen]:
        """Every attempt to create a message, refused ones as well."""
        return [each for each in self.requests if each.creates]

    @property
    def callbacks(self) -> list[Delivered]:
        """Every webhook posted, with the status it was answered with."""
        return self._courier.log

    def script(self, number: str, *outcomes: Outcome) -> None:
        """Let the next messages to a number (or `ANY` request) meet these, one each, in order."""
        self._scripts[number].extend(outcomes)

    async def move(self, sid: str, status: str, error_code: int | None = None) -> None:
        """Change a message's status and post its callback; also backwards, or once more."""
        self.messages[sid].move(status, error_code)
        self._deliveries.report(self.messages[sid], self.callback_copies)
        await self._courier.settle()

    async def settle(self) -> None:
        """Wait until every delivery has ended and every webhook is answered."""
        await self._deliveries.settle()

    async def inbound(self, from_: str, to: str, body: str) -> Stored:
        """Let a person write to one of our numbers; STOP and START do what they do at Twilio."""
        message = Stored(self.account_sid, to, from_, body, "received", direction="inbound")
        message.date_sent = message.date_created
        message.service = self._service_that_wrote_to(from_)
        self.messages[message.sid] = message
        word = body.strip().upper()
        if word in _STOP:
            self.opted_out.add(from_)
        if word in _START:
            self.opted_out.discard(from_)
        if self.inbound_url:
            await self._courier.post(self.inbound_url, message.inbound_form())
        return message

    def _service_that_wrote_to(self, number: str) -> str:
        """Give the Messaging Service of the last message to a number; empty if none sent it."""
        sent = (m for m in reversed(self.messages.values()) if m.direction != "inbound")
        return next((m.service for m in sent if m.to == number), "")

    # HTTP

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        posts = request.method == "POST"
        texts = (request.rel_url.raw_query_string, await request.text() if posts else "")
        query, form = (parse_qs(text, keep_blank_values=True) for text in texts)
        now = asyncio.get_running_loop().time()
        seen = Seen(request.method, request.rel_url.path, query, form, now)
        self.requests.append(seen)
        self._in_flight += posts
        self.peak = max(self.peak, self._in_flight)
        crowded = posts and self.limit is not None and self._in_flight > self.limit
        try:
            await asyncio.sleep(self.latency)
            return await self._meet(request, seen, crowded=crowded)
        finally:
            self._in_flight -= posts

    async def _meet(
        self, request: web.BaseRequest, seen: Seen, *, crowded: bool
    ) -> web.StreamResponse:
        """Let the request meet what is scripted for it, or what Twilio would do."""
        outcome = await _unhurried(self._scripted(ANY))
        if outcome is None and (refusal := self._refuse_caller(request, seen, crowded=crowded)):
            return error(refusal)
        if outcome is None and seen.creates:
            outcome = await _unhurried(self._outcome(seen.form))
        if seen.creates and takes(outcome):
            taken = self._take(seen.form, outcome).json()
        if isinstance(outcome, Late):
            await asyncio.sleep(outcome.seconds)
        elif outcome is not None and not isinstance(outcome, Ends):
            return await odd(outcome, request, self._over)
        return as_json(taken, 201) if seen.creates else self._answer(request, seen)

    def _take(self, form: rules.Form, outcome: Outcome | None) -> Stored:
        end = outcome if isinstance(outcome, Ends) else Ends("delivered", None)
        message = Stored.new(self.account_sid, form)
        if not self.test_credentials:
            self.messages[message.sid] = message
            step, copies = self.step, self.callback_copies
            self._deliveries.start(message, end, step=step, copies=copies)
        return message

    def _refuse_caller(
        self, request: web.BaseRequest, seen: Seen, *, crowded: bool
    ) -> Error | None:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        if crowded:
            return Error(20429, 429)
        if kind != "Basic" or given not in self._basics:
            return Error(20003, 401)
        if seen.account != self.account_sid:
            return Error(20404, 404)
        if self.test_credentials and not seen.creates:
            return Error(20008, 403)
        if self.standard_key and given == self._key and not seen.resource:
            return Error(20003, 401)
        return None

    def _outcome(self, form: rules.Form) -> Outcome | None:
        """Return what a new message meets; None: it is taken and delivered."""
        self.violations.extend(rules.ignored(rules.CREATE, form))
        to = rules.first(form, "To")
        for code in self._refusals(form, to):
            return Error(code, 429 if code in {20429, 63038} else 400)
        if refusal := rules.refuse(form, datetime.now(UTC)):
            return refusal
        if scripted := self._scripted(to):
            return scripted
        if to == rules.THROTTLED_ONCE and to not in self._throttled:
            self._throttled.add(to)
            return Error(20429, 429)
        return self.standing.get(to) or rules.magic(to)

    def _scripted(self, number: str) -> Outcome | None:
        queue = self._scripts.get(number)
        return queue.popleft() if queue else None

    def _refusals(self, form: rules.Form, to: str) -> Iterator[int]:
        if self.account_status != "active":
            yield 20005
        if self.daily_cap is not None and self._sent() >= self.daily_cap:
            yield 63038
        if to in self.opted_out:
            yield 21610
        if self.trial and to not in dict(self.verified):
            yield 21608
        if self.test_credentials and rules.first(form, "From") != rules.GOOD_SENDER:
            yield 21606

    def _sent(self) -> int:
        return sum(each.direction != "inbound" for each in self.messages.values())

    def _answer(self, request: web.BaseRequest, seen: Seen) -> web.StreamResponse:
        match seen.method, seen.resource:
            case "GET", []:
                return as_json(self._account())
            case "GET", ["Messages"]:
                return self._list_messages(seen)
            case "GET", ["OutgoingCallerIds" | "IncomingPhoneNumbers" as whose]:
                known = request.headers.get("If-None-Match", "")
                verified = whose == "OutgoingCallerIds"
                return self._list_caller_ids(seen, known) if verified else self._list_own(seen)
            case "GET" | "POST", ["Messages", sid] if sid in self.messages:
                return self._one(self.messages[sid], seen)
            case _, [] | ["Messages" | "OutgoingCallerIds" | "IncomingPhoneNumbers"]:
                return error(Error(20004, 405, "Method not allowed"))
            case _:
                return error(Error(20404, 404))

    def _account(self) -> dict[str, Any]:
        return {
            "sid": self.account_sid,
            "friendly_name": "Fake Twilio",
            "status": self.account_status,
            "type": "Trial" if self.trial else "Full",
        }

    def _one(self, message: Stored, seen: Seen) -> web.StreamResponse:
        if seen.method == "POST":
            self.violations.extend(rules.ignored(rules.UPDATE, seen.form))
            if rules.first(seen.form, "Status") == "canceled":
                if message.status not in _WAITING:
                    return error(Error(20001, 400, "The message is no longer waiting"))
                message.move("canceled")
            elif "Body" in seen.form:
                message.body = rules.first(seen.form, "Body")
        return as_json(message.json())

    def _list_messages(self, seen: Seen) -> web.StreamResponse:
        self.violations.extend(rules.ignored(rules.LIST_MESSAGES, seen.query))
        shown_until = datetime.now(UTC) - timedelta(seconds=self.listing_lag)
        newest = reversed(self.messages.values())
        shown = (each for each in newest if each.date_created <= shown_until)
        items = (each.json() for each in selected(shown, seen.query))
        return as_json(page("messages", items, seen.path, seen.query))

    def _list_caller_ids(self, seen: Seen, known: str) -> web.StreamResponse:
        self.violations.extend(rules.ignored(rules.LIST_CALLER_IDS, seen.query))
        items = (caller_id(self.account_sid, number, name) for number, name in self.verified)
        shown = page("outgoing_caller_ids", items, seen.path, seen.query)
        etag = f'"{hashlib.sha256(repr(shown).encode()).hexdigest()[:32]}"'
        response = web.Response(status=304) if etag == known else as_json(shown)
        response.headers["ETag"] = etag
        return response

    def _list_own(self, seen: Seen) -> web.StreamResponse:
        self.violations.extend(rules.ignored(rules.LIST_NUMBERS, seen.query))
        wanted = rules.first(seen.query, "PhoneNumber")
        found = (each for each in self.owned if wanted in each.number)  # also parts of numbers
        items = (incoming_number(self.account_sid, each) for each in found)
        return as_json(page("incoming_phone_numbers", items, seen.path, seen.query))


async def _unhurried(outcome: Outcome | None) -> Outcome | None:
    """Let a delay pass; what follows it is the usual answer."""
    if not isinstance(outcome, Delayed):
        return outcome
    await asyncio.sleep(outcome.seconds)
    return None
