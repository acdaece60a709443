"""Delivery by HTTP: form-encoded requests with Slack's signature over the raw body.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.model import Answer, Json, Retry

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def signed(body: str, secret: str, at: float) -> dict[str, str]:
    """Give the headers of a request that Slack would have sent at this time."""
    stamp = str(int(at))
    base = f"v0:{stamp}:{body}".encode()
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {
        "Content-Type": FORM,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
    }


def headers_of(kind: str, retry: Retry | None) -> dict[str, str]:
    """Give what says how the body is encoded, and how often an event was delivered before."""
    headers = {"Content-Type": JSON if kind == "events_api" else FORM}
    if retry:
        headers |= {"X-Slack-Retry-Num": str(retry.number), "X-Slack-Retry-Reason": retry.reason}
    return headers


def encoded(kind: str, payload: Json) -> str:
    """Encode a command as a form, an interaction as the form field `payload`, an event as JSON."""
    if kind == "events_api":
        return json.dumps(payload)
    if kind == "slash_commands":
        return urlencode(payload, errors="surrogatepass")
    return urlencode({"payload": json.dumps(payload)}, errors="surrogatepass")


def understood(text: str, content_type: str) -> Json:
    """Read an ack's body as Slack does: JSON if it is an object, else plain text."""
    if content_type == "application/json" and text:
        try:
            body = json.loads(text)
        except ValueError:
            return {"text": text}
        if isinstance(body, dict):
            return body
    return {"text": text} if text else {}


class SignedHttp:
    """Posts to the app's request URL."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def post(self, url: str, body: str, headers: dict[str, str], limit: float) -> Answer:
        """Post once; neither redirects nor failures are followed up, as in Slack."""
        started = time.monotonic()
        timeout = aiohttp.ClientTimeout(total=limit)
        try:
            async with self._session.post(
                url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                text = await response.text()
        except TimeoutError:
            return Answer("http", elapsed=time.monotonic() - started, timed_out=True)
        except aiohttp.ClientError:
            return Answer("http", elapsed=time.monotonic() - started)
        read = understood(text, response.content_type)
        return Answer("http", response.status, text, read, time.monotonic() - started)
