"""What the tests of Twilio share: the types of their fixtures, and the activity's outputs."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx

from twilio_core import TwilioClient
from twilio_core.testing import FakeTwilio

SENDER = "+15005550006"

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Listening = Callable[[Answering], AbstractAsyncContextManager[str]]
Clients = Callable[..., TwilioClient]
Inputs = Callable[..., dict[str, object]]

A, B, C = "+16175550001", "+16175550002", "+16175550003"
OUTPUTS = {"statusCode", "status", "message", "failedNumbers", "unknownNumbers"}


def outputs(code: str, status: str, message: str, failed: str = "", unknown: str = "") -> object:
    """Give the four outputs of the activity, and `unknownNumbers`."""
    return {
        "statusCode": code,
        "status": status,
        "message": message,
        "failedNumbers": failed,
        "unknownNumbers": unknown,
    }


BLANKS = [
    ("urlString", "504", "Url String field is blank"),
    ("accountSid", "505", "Account SID field is blank"),
    ("authToken", "506", "Auth Token String field is blank"),
    ("messageBody", "501", "SMS body is blank"),
    ("to", "502", "To field is blank"),
    ("from", "503", "From field is blank"),
]
"""Inputs in the order in which they are checked: name, status code and message."""

FORM: dict[str, str | list[str]] = {"To": "+16175550001", "From": SENDER, "Body": "hi"}


class Ask:
    """Asks the fake as the account, or as somebody else."""

    def __init__(self, twilio: FakeTwilio, http: httpx.AsyncClient) -> None:
        self.twilio, self.http = twilio, http

    async def __call__(
        self,
        method: str,
        path: str,
        auth: tuple[str, str] | None = None,
        **more: Any,  # noqa: ANN401 - whatever httpx takes
    ) -> httpx.Response:
        known = auth or (self.twilio.account_sid, self.twilio.auth_token)
        root = self.twilio.url + self.twilio.account_sid
        url = path if path.startswith("http") else root + path
        return await self.http.request(method, url, auth=known, **more)

    async def post(self, **changes: Any) -> httpx.Response:  # noqa: ANN401 - whatever httpx takes
        form = {name: value for name, value in {**FORM, **changes}.items() if value is not None}
        return await self("POST", "/Messages.json", data=form)

    async def code(self, **changes: Any) -> int | None:  # noqa: ANN401 - whatever httpx takes
        response = await self.post(**changes)
        code: int | None = response.json().get("code")
        return code
