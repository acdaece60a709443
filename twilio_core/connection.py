"""The connection to Twilio: an HTTP client made for many requests, and what its failures mean."""

import ssl
from functools import cache

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from twilio_core.errors import OutcomeUnknown, Unreachable


class Http(httpx.AsyncClient):
    """An HTTP client with a short way to its transport."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(transport=transport)
        self._short = transport

    async def hand(self, request: httpx.Request) -> httpx.Response:
        """Send a request as it is; the body of the answer is still to be read.

        Without cookies, hooks, redirects and auth flow, of which `TwilioClient` needs none: they
        cost a sixth of the CPU of a request.
        """
        if self.is_closed:
            raise RuntimeError("the client has been closed")
        response = await self._short.handle_async_request(request)
        response.request = request
        return response


def open_http(*, limit: int = 100) -> httpx.AsyncClient:
    """Open an HTTP client made for many requests at once.

    httpx's own pool scans every connection for every request and collapses above 20 in flight
    (1,000 posts at 100 in flight: 12 s), so aiohttp carries the bytes. Queue in your own workers,
    never in the pool: what waits there counts against the connect timeout.

    Args:
        limit: connections at most; no fewer than the caller has requests in flight.
    """
    limits = httpx.Limits(max_connections=limit)
    return Http(AiohttpTransport(verify=_trust(), limits=limits))


@cache
def _trust() -> ssl.SSLContext:
    """Read whom to trust, once for all clients: it takes 25 ms of CPU each time."""
    return httpx.create_ssl_context()


_NEVER_LEFT_AIOHTTP = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)
_NEVER_LEFT_HTTPX = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_WHY = (
    (aiohttp.ClientConnectorDNSError, "the name of the Twilio URL's host cannot be resolved"),
    (aiohttp.ClientConnectorCertificateError, "the certificate of the Twilio URL is not trusted"),
    (aiohttp.ClientConnectorSSLError, "no TLS connection to the Twilio URL"),
    (aiohttp.ConnectionTimeoutError, "no connection to the Twilio URL in time"),
    (httpx.TimeoutException, "no connection to the Twilio URL in time"),
    (httpx.InvalidURL, "the Twilio URL is not a usable address"),
)


def lost(exc: Exception) -> Unreachable | OutcomeUnknown:
    """Tell an exchange that never left from one that may have been processed.

    httpx-aiohttp turns every `aiohttp.ClientConnectionError` into `httpx.ConnectTimeout`, a
    reset after the write as well. So with aiohttp its own exception, the cause, decides; and
    what is not proved to be before the write counts as after it.
    """
    root: BaseException = exc
    if isinstance(exc.__cause__, aiohttp.ClientError):
        root = exc.__cause__
    if isinstance(root, aiohttp.ClientError):
        never_left = isinstance(root, _NEVER_LEFT_AIOHTTP)
    else:
        never_left = isinstance(root, _NEVER_LEFT_HTTPX)
    if never_left:
        why = (text for kind, text in _WHY if isinstance(root, kind))
        return Unreachable(next(why, "no connection to the Twilio URL"))
    if isinstance(exc, TimeoutError | httpx.ReadTimeout):
        return OutcomeUnknown("Twilio did not answer in time; it may have been processed")
    return OutcomeUnknown("the connection broke before an answer; it may have been processed")
