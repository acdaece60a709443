"""The Web API over HTTP: tokens, scopes, faults, and Slack's way of saying no (200, ok: false)."""

import asyncio
import time
from collections.abc import Collection

from aiohttp import web

from bot.sandbox import arguments
from bot.sandbox.faults import Faults
from bot.sandbox.methods import Method, Methods
from bot.sandbox.model import Call, Json, Refused
from bot.sandbox.socket_mode import SocketMode

SCOPES = (
    *("commands", "chat:write", "channels:read", "groups:read"),
    *("users:read", "users.profile:read", "usergroups:read"),
)


class WebApi:
    """Answers ``/api/{method}``.

    Attributes:
        scopes: what the bot token may do.
        calls: every call there was, oldest first.
    """

    def __init__(
        self,
        methods: Methods,
        faults: Faults,
        sockets: SocketMode,
        tokens: dict[str, str],
        scopes: Collection[str],
    ) -> None:
        self._methods = methods
        self._faults = faults
        self._sockets = sockets
        self._tokens = tokens
        self.scopes = tuple(scopes)
        self.calls: list[Call] = []

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one call, record it, and take as long as told."""
        started = time.monotonic()
        name = request.match_info["method"]
        args: Json = {}
        try:
            token, args = await arguments.read(request)
            method = self._admit(name, token)
            self._fault(name, args)
            args = arguments.nested(args)
            answer: Json = {"ok": True} | method.run(args)
        except Refused as no:
            answer = {"ok": False, "error": no.error} | no.extra
        self.calls.append(Call(name, args, started, str(answer.get("error", ""))))
        await asyncio.sleep(self._faults.latency)
        retry_after = answer.pop("retry_after", None)
        if retry_after is not None:
            headers = {"Retry-After": str(retry_after)}
            return web.json_response(answer, status=429, headers=headers)
        return web.json_response(answer, headers=self._headers(name))

    def _admit(self, name: str, token: str) -> Method:
        """Find the method, and check the token and its scopes."""
        method = self._methods.table.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        if not token:
            raise Refused("not_authed")
        kind = self._tokens.get(token)
        if kind is None:
            raise Refused("invalid_auth")
        if kind != method.token:
            raise Refused("not_allowed_token_type")
        if method.scope and method.scope not in self.scopes:
            provided = ",".join(self.scopes)
            raise Refused("missing_scope", needed=method.scope, provided=provided)
        if name == "apps.connections.open" and not self._sockets.enabled:
            raise Refused("forbidden_team")
        return method

    def _fault(self, name: str, args: Json) -> None:
        error, retry_after = self._faults.verdict(name, args)
        if error:
            raise Refused(error, **({"retry_after": retry_after} if retry_after else {}))

    def _headers(self, name: str) -> dict[str, str]:
        method = self._methods.table.get(name)
        needed = method.scope if method else ""
        return {"x-oauth-scopes": ",".join(self.scopes), "x-accepted-oauth-scopes": needed}
