"""`POST /alerts/{name}`: what alert sources post, answered once it is committed."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import psycopg
import structlog
from aiohttp import web
from procrastinate.exceptions import ConnectorException
from psycopg_pool import PoolTimeout

from bot.bodies import read_body
from bot.metrics import Metrics
from bot.oncallfile import Alert
from bot.policyfile import PolicyFile, PolicySource
from bot.store.alerts import Route, Taken
from bot.store.codes import NoCodeError
from bot.web import LIMIT
from commands.alerts import read_notice
from commands.notice import Malformed, Notice
from commands.senders import chosen

ALERTS_PATH = "/alerts/"

PATIENCE = 5.0
"""Seconds to write an alert down: its source tries again."""

AT_ONCE = 32_768
"""Bytes of a message that are read at once: 5 ms of work. More is read in a thread, as nothing else
is done meanwhile, such as taking a person's acknowledgement."""

READING = 10.0
"""Seconds for the whole of a message to come."""

log = structlog.get_logger(__name__)


_Answer = tuple[int, str, dict[str, object]]


def alerts(
    source: PolicySource,
    sender: str,
    take: Callable[[Route, Notice], Awaitable[Taken]],
    metrics: Metrics,
    *,
    patience: float = PATIENCE,
    reading: float = READING,
) -> web.RouteDef:
    """Give the route of alerts.

    A name that sms.toml does not have is not found, whoever asks: the names of routes are no
    secrets, their tokens are.

    Args:
        source: gives what sms.toml says now.
        sender: the default From.
        take: writes a message down; it is committed once that returns.
        metrics: counts what becomes of the messages.
        patience: seconds for the database.
        reading: seconds for a message to come whole.
    """
    intake = _Intake(source, sender, take, patience, reading)

    async def alert(request: web.Request) -> web.Response:
        status, outcome, told = await intake.answer(request)
        metrics.alerts.labels(outcome).inc()
        demand = (
            {"WWW-Authenticate": "Bearer"} if status == web.HTTPUnauthorized.status_code else {}
        )
        return web.json_response(told, status=status, headers=demand)

    return web.post(ALERTS_PATH + "{name}", alert)


@dataclass(frozen=True)
class _Intake:
    """What `alerts` was given."""

    source: PolicySource
    sender: str = field(repr=False)
    take: Callable[[Route, Notice], Awaitable[Taken]]
    patience: float
    reading: float

    async def answer(self, request: web.Request) -> _Answer:
        file = self.source.current
        name = request.match_info["name"]
        found = next((each for each in file.alerts if each.name == name), None)
        if found is None:
            return _fault(404, "unknown", "sms.toml has no [[alert]] of this name")
        if not _known(request.headers.get("Authorization", ""), found):
            log.warning("alert.forbidden", route=found.name, peer=request.remote)
            return _fault(401, "forbidden", "send the route's token: Authorization: Bearer TOKEN")
        try:
            body = await read_body(request, LIMIT, self.reading)
        except web.HTTPRequestEntityTooLarge:
            return _fault(413, "too_large", f"send at most {LIMIT:,} bytes")
        except web.HTTPRequestTimeout:
            return _fault(408, "slow", f"send the whole body within {self.reading:g} seconds")
        except web.HTTPBadRequest:
            return _fault(400, "broken", "the body broke off, or cannot be unpacked")
        return await self._read(body, found, file)

    async def _read(self, body: bytes, found: Alert, file: PolicyFile) -> _Answer:
        try:
            if len(body) > AT_ONCE:
                notice = await asyncio.to_thread(read_notice, body, found.shape)
            else:
                notice = read_notice(body, found.shape)
        except Malformed as exc:
            log.warning("alert.malformed", route=found.name)
            return _fault(400, "malformed", str(exc))
        return await self._written(_route(found, file, self.sender), notice)

    async def _written(self, route: Route, notice: Notice) -> _Answer:
        try:
            async with asyncio.timeout(self.patience):
                taken = await self.take(route, notice)
        except NoCodeError as exc:
            log.error("alert.unwritten", route=route.name, why=str(exc))  # noqa: TRY400
            return _fault(503, "unwritten", f"{exc}; send it again")
        except (psycopg.Error, PoolTimeout, ConnectorException, TimeoutError, OSError) as exc:
            log.warning("alert.unwritten", route=route.name, why=type(exc).__name__)
            # it is, if only the answer to the COMMIT did not come; twice is no harm
            return _fault(503, "unwritten", "it may not be written down; send it again")
        about = {} if taken.page is None else {"page": taken.page}
        log.info("alert.taken", route=route.name, did=str(taken.did), **about)
        return 200, taken.did, {"page": taken.page, "did": taken.did}


def _fault(status: int, outcome: str, error: str) -> _Answer:
    return status, outcome, {"error": error}


def _known(header: str, alert: Alert) -> bool:
    """Compare the token in constant time; a route without one is closed."""
    scheme, _, given = header.partition(" ")
    token = alert.token.get_secret_value().encode(errors="surrogateescape")
    same = hmac.compare_digest(given.strip().encode(errors="surrogateescape"), token)
    return same and bool(token) and scheme.casefold() == "bearer"


def _route(alert: Alert, file: PolicyFile, sender: str) -> Route:
    """Give what a route does; that its channel and escalation exist was seen to at the reading."""
    return Route(
        name=alert.name,
        channel=alert.channel,
        sender=chosen(file.policy.channels[alert.channel], sender, ""),
        ladder=file.policy.escalations[alert.escalation.casefold()],
        storm=alert.storm,
        window=alert.storm_window,
    )
