"""Answers to a response_url: five within thirty minutes, private unless they say otherwise.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

import asyncio
import time

from aiohttp import web

from bot.sandbox.acks import json_list
from bot.sandbox.blocks import problems
from bot.sandbox.faults import Faults
from bot.sandbox.model import Call, Json, Message, Origin, Refused, ResponseUrl
from bot.sandbox.workspace import BOT_USER, Workspace

_STATUS = {"invalid_url": 404, "expired_url": 404, "used_url": 404}


class Answers:
    """Takes what the app posts to response URLs; errors are an HTTP status and one word."""

    def __init__(
        self, workspace: Workspace, faults: Faults, calls: list[Call], violations: list[str]
    ) -> None:
        self._workspace = workspace
        self._faults = faults
        self._calls = calls
        self._violations = violations

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one post, record it, and take as long as told."""
        started, error, body, wait = time.monotonic(), "", {}, 1
        try:
            body = await self._read(request)
            error, wait = self._faults.verdict("response_url", body)
            if not error:
                self._answer(self._workspace.redeem_url(request.path), body)
        except Refused as no:
            error = no.error
        self._calls.append(Call("response_url", body, started, error))
        await asyncio.sleep(self._faults.latency)
        if error == "ratelimited":
            return web.Response(status=429, text=error, headers={"Retry-After": str(wait)})
        return web.Response(status=_STATUS.get(error, 400) if error else 200, text=error or "ok")

    async def _read(self, request: web.Request) -> Json:
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Refused("invalid_payload")
        return body

    def _answer(self, url: ResponseUrl, body: Json) -> None:
        blocks = json_list(body.get("blocks"))
        text = str(body.get("text") or "")
        found = problems(blocks) if blocks else []
        if found:
            self._violations.extend(f"response_url: {p}" for p in found)
            raise Refused("invalid_blocks")
        if url.source is not None and body.get("delete_original"):
            url.source.deleted = True
            return
        if not (text.strip() or blocks):
            raise Refused("no_text")
        if url.source is not None and body.get("replace_original"):
            self._workspace.edit(url.source, text, blocks, url.source.metadata)
            return
        self._post(url, text, blocks, public=body.get("response_type") == "in_channel")

    def _post(self, url: ResponseUrl, text: str, blocks: list[Json], *, public: bool) -> Message:
        seen = "" if public else url.user
        post, origin = self._workspace.post, Origin.RESPONSE_URL
        return post(url.channel, BOT_USER, origin, text, blocks, visible_to=seen)
