"""Who may call the demo's page: no bot is needed to refuse."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from bot.sandbox.browser.guard import HEADERS, TOKEN_HEADER
from bot.sandbox.browser.site import serving
from tests.bot.sandbox.rooms import a_room

ALICE = "U0ALICE"


@dataclass(frozen=True)
class Page:
    """A page that is served, and what calls it."""

    origin: str
    token: str
    http: aiohttp.ClientSession

    async def ask(self, method: str, path: str, **headers: str) -> tuple[int, str]:
        """Ask for something, and give the status and the text of the answer."""
        url, named = f"{self.origin}{path}", {k.replace("_", "-"): v for k, v in headers.items()}
        json = {"user": ALICE, "channel": "C0ONCALL", "text": "hello"} if method == "POST" else None
        async with self.http.request(method, url, headers=named, json=json) as response:
            assert HEADERS.items() <= response.headers.items()
            return response.status, await response.text()


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with a_room() as room, serving(room) as address, aiohttp.ClientSession() as http:
        parts = urlsplit(address)
        yield Page(f"http://{parts.netloc}", parse_qs(parts.query)["token"][0], http)


async def test_the_page_is_on_loopback_and_its_files_ship(page: Page) -> None:
    assert urlsplit(page.origin).hostname == "127.0.0.1"
    status, text = await page.ask("GET", "/")
    assert (status, "/assets/index.js" in text) == (200, True)
    assert (await page.ask("GET", "/assets/index.js"))[0] == 200
    assert (await page.ask("GET", "/assets/icon.svg"))[0] == 200


async def test_nothing_of_the_page_is_written_into_it_or_comes_from_elsewhere(page: Page) -> None:
    _, text = await page.ask("GET", "/")
    assert "<script>" not in text
    assert "<style" not in text
    assert "//" not in text
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy


async def test_a_name_that_was_made_to_point_here_is_refused(page: Page) -> None:
    status, text = await page.ask("GET", "/", Host="evil.example:80")
    assert (status, text) == (403, "This page is served to this machine alone.\n")
    assert (await page.ask("GET", "/", Host="127.0.0.1.evil.example"))[0] == 403
    assert (await page.ask("GET", "/", Host="localhost"))[0] == 200


async def test_another_site_is_refused_even_with_the_token(page: Page) -> None:
    for origin in ("http://evil.example", "http://127.0.0.1:1", "null"):
        known = {"X_Demo_Token": page.token, "Origin": origin}
        assert (await page.ask("POST", "/api/say", **known))[0] == 403
    known = {"X_Demo_Token": page.token, "Origin": page.origin}
    assert (await page.ask("POST", "/api/say", **known))[0] == 200


async def test_without_the_token_nothing_is_done_or_told(page: Page) -> None:
    told = (403, "Open the address that sms-bot demo has printed.\n")
    assert await page.ask("POST", "/api/say") == told
    assert await page.ask("POST", "/api/say", X_Demo_Token="wrong") == told
    assert await page.ask("GET", f"/api/screen?user={ALICE}") == told
    assert await page.ask("GET", f"/api/screen?user={ALICE}&token=h%C3%A9") == told


async def test_a_deed_bears_its_token_in_a_header_which_no_form_can_set(page: Page) -> None:
    assert (await page.ask("POST", f"/api/say?token={page.token}"))[0] == 403
    assert TOKEN_HEADER == "X-Demo-Token"


async def test_no_file_beside_the_built_ones_is_served(page: Page) -> None:
    for path in ("/assets/../sources.json", "/assets/%2e%2e/%2e%2e/site.py", "/site.py"):
        assert (await page.ask("GET", path))[0] in {403, 404}
