"""What the doctor looks at in tests, and a server that stands for one of those it asks."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.doctor import Check

CHANNEL = """
[[channel]]
id = "C1"
name = "#one"
allow = ["send", "page"]
who = ["*"]
to = ["+1"]
"""
ALERTS = """
[[contact]]
name = "one"
number = "+16175551212"

[[escalation]]
name = "db"
steps = [ { to = ["one"], wait = "5m" } ]

[[alert]]
name = "ci"
channel = "C1"
escalation = "db"
token_env = "CI_TOKEN"
"""

Look = Callable[..., Awaitable[Check]]
"""Gives one check by its name, with facts of the database and changes of the environment."""


def add(home: Path, text: str) -> None:
    path = home / "sms.toml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


@asynccontextmanager
async def serving(*routes: web.RouteDef) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(routes)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")
