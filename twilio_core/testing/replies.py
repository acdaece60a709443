"""How the fake answers: Twilio's JSON, or the odd ends that a script asks for."""

import asyncio
import json
import socket
import struct
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from twilio_core.codes import TABLE
from twilio_core.testing.outcomes import (
    Ends,
    Error,
    Html,
    Late,
    Outcome,
    Raw,
    ServerError,
    Silence,
)
from twilio_core.testing.records import new_sid

_RST = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: closing resets
_ENCODE = json.JSONEncoder(separators=(",", ":")).encode


def as_json(data: Mapping[str, Any], status: int = 200) -> web.Response:
    """Answer as Twilio does, with a request id."""
    headers = {"Twilio-Request-Id": new_sid("RQ"), "Content-Type": "application/json"}
    return web.Response(status=status, body=_ENCODE(data).encode(), headers=headers)


def error(refusal: Error) -> web.Response:
    """Answer with Twilio's error JSON."""
    known = TABLE.get(refusal.code)
    return as_json(
        {
            "code": refusal.code,
            "message": refusal.text or (known.meaning if known else "Unknown error"),
            "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
            "status": refusal.status,
        },
        refusal.status,
    )


def takes(outcome: Outcome | None) -> bool:
    """Tell whether Twilio has the message in the end, whatever it answers."""
    return (
        outcome is None or isinstance(outcome, Ends | Late) or getattr(outcome, "accepted", False)
    )


async def odd(
    outcome: Outcome, request: web.BaseRequest, over: asyncio.Event
) -> web.StreamResponse:
    """Answer as the outcome says, or not at all; silence ends when the fake does."""
    match outcome:
        case Error():
            return error(outcome)
        case ServerError(status):
            code = 20503 if status == HTTPStatus.SERVICE_UNAVAILABLE else 20500
            return error(Error(code, status))
        case Html(status):
            text = "<html><body><h1>Out of service</h1></body></html>"
            return web.Response(status=status, text=text, content_type="text/html")
        case Raw(status, body, headers):
            return web.Response(status=status, body=body, headers=headers)
    if isinstance(outcome, Silence):
        await over.wait()
    return _reset(request)


def _reset(request: web.BaseRequest) -> web.Response:
    """Break the connection, so that nothing of the answer arrives."""
    if request.transport is not None:
        raw: socket.socket = request.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        request.transport.abort()
    return web.Response()
