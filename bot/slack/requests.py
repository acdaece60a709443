"""What Slack asks of us, on its way to Bolt: whose it is, and what is answered to an odd one.

Bolt reads a body before it looks at the signature, and raises over one that it cannot read. So
the signature is checked here, over the bytes as they came, before anything in them is read.
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
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
        self, body: bytes, query: str, headers: Mapping[str, str], now: float, peer: str | None
    ) -> BoltResponse:
        """Answer one request.

        Args:
            body: as it came.
            query: of its address.
            headers: by names in any case of letters, as aiohttp gives them.
            now: seconds since 1970.
            peer: who called, for the log.
        """
        stamp = headers.get("X-Slack-Request-Timestamp", "")
        given = headers.get("X-Slack-Signature", "")
        if not genuine(self.secret, body, stamp, given, now):
            log.warning("slack.unsigned", peer=peer)
            return BoltResponse(status=401)
        return await dispatched(self.app, mode="http", body=body, query=query, headers=headers)


def genuine(secret: str, body: bytes, stamp: str, given: str, now: float) -> bool:
    """Tell whether Slack has signed a body, lately."""
    if not secret or not _STAMP.fullmatch(stamp) or abs(now - int(stamp)) > FRESH:
        return False
    text = f"v0:{stamp}:".encode() + body
    wanted = f"v0={hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()}"
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogateescape"))


async def dispatched(app: AsyncApp, **asked: Any) -> BoltResponse:  # noqa: ANN401 - Bolt's own
    """Hand a request to Bolt; what it, or we, cannot read is answered with 400 and logged."""
    try:
        if isinstance(body := asked["body"], bytes):
            asked["body"] = body.decode()
        return await app.async_dispatch(AsyncBoltRequest(**asked))
    except _UNREADABLE as exc:
        log.warning("request.malformed", error=type(exc).__name__)
        return BoltResponse(status=400)
