"""What Slack asks of us, on its way to Bolt: whose it is, and what is answered to an odd one.

Bolt reads a body before it looks at the signature, and raises over one that it cannot read. So
the signature is checked here, over the bytes as they came, before anything in them is read.
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse

FRESH = 300
"""Seconds that a request's timestamp may differ from our clock: an older one is a replay."""

_STAMP = re.compile(r"[0-9]{1,12}")
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, RecursionError)
"""What Bolt raises over a payload of another shape than Slack's."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Signed:
    """Answers requests that come by HTTP.

    Attributes:
        app: takes those that are Slack's.
        secret: what Slack signs with.
    """

    app: AsyncApp
    secret: str = field(repr=False)

    async def answer(
        self,
        headers: Mapping[str, str],
        read: Callable[[], Awaitable[bytes]],
        now: float,
        *,
        query: str = "",
        peer: str | None = None,
    ) -> BoltResponse:
        """Answer one request; nothing is read of one that bears no fresh signature.

        Args:
            headers: by names in any case of letters, as aiohttp gives them.
            read: gives the body as it came.
            now: seconds since 1970.
            query: of its address.
            peer: who called, for the log.
        """
        stamp = headers.get("X-Slack-Request-Timestamp", "")
        given = headers.get("X-Slack-Signature", "")
        body = await read() if given and _fresh(stamp, now) else b""
        if not genuine(self.secret, body, stamp, given, now):
            log.warning("slack.unsigned", peer=peer)
            return BoltResponse(status=401)
        return await dispatched(self.app, mode="http", body=body, query=query, headers=headers)


def genuine(secret: str, body: bytes, stamp: str, given: str, now: float) -> bool:
    """Tell whether Slack has signed a body, lately."""
    if not secret or not _fresh(stamp, now):
        return False
    text = f"v0:{stamp}:".encode() + body
    wanted = f"v0={hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()}"
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogateescape"))


def _fresh(stamp: str, now: float) -> bool:
    return _STAMP.fullmatch(stamp) is not None and abs(now - int(stamp)) <= FRESH


async def dispatched(app: AsyncApp, **asked: Any) -> BoltResponse:  # noqa: ANN401 - Bolt's own
    """Hand a request to Bolt; what it, or we, cannot read is answered with 400 and logged."""
    try:
        if isinstance(body := asked["body"], bytes):
            asked["body"] = body.decode()
        return await app.async_dispatch(AsyncBoltRequest(**asked))
    except _UNREADABLE as exc:
        log.warning("request.malformed", error=type(exc).__name__)
        return BoltResponse(status=400)
