"""Who may call the demo's page: this machine, by its own name, with the address that was printed.

A page of another site can make a browser call loopback, by a name that it lets point there (DNS
rebinding) or by a form. Neither knows the token, and both are told by Host and Origin. The token
is no cookie, since a browser gives its cookies to every port of a host.
"""

import secrets
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

TOKEN_HEADER: Final = "X-Demo-Token"  # noqa: S105 - its name
_OURS: Final = frozenset({"127.0.0.1", "localhost"})

HEADERS: Final = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; object-src 'none'",
        "Cache-Control": "no-cache",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
)
"""Of every answer: nothing is loaded from elsewhere, and nobody elsewhere loads it."""


@dataclass(frozen=True)
class Guard:
    """Lets requests of one page pass.

    Attributes:
        token: what the page was opened with.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)

    def middleware(self) -> Middleware:
        """Give what stands before every route."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            response = web.Response(status=403, text=why) if (why := self._why(request)) else None
            if response is not None:
                response.headers.update(HEADERS)
                return response
            return await handler(request)

        return check

    def _why(self, request: web.Request) -> str:
        """Say why a request is refused; empty if it is not."""
        host = request.headers.get("Host", "")
        if (urlsplit(f"//{host}").hostname or "") not in _OURS:
            return "This page is served to this machine alone.\n"
        if request.headers.get("Origin", f"http://{host}") != f"http://{host}":
            return "Another site asks for this.\n"
        if request.path.startswith("/api/") and not self._knows(request):
            return "Open the address that sms-bot demo has printed.\n"
        return ""

    def _knows(self, request: web.Request) -> bool:
        """Tell whether it bears the token; a stream cannot set headers, so it stands in its query.

        https://html.spec.whatwg.org/multipage/server-sent-events.html
        """
        given = request.headers.get(TOKEN_HEADER, "")
        if request.method == "GET":
            given = given or request.query.get("token", "")
        return secrets.compare_digest(given.encode(), self.token.encode())


async def decorate(_request: web.Request, response: web.StreamResponse) -> None:
    """Put the headers on an answer before it leaves."""
    response.headers.update(HEADERS)
