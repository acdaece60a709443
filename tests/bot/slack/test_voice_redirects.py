"""Slack's answers lead nowhere else: token and messages go to the host that was configured."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.slack.views.answers import plain
from bot.slack.voice import Ear, SlackDown, Voice, open_session, web_client


class Elsewhere:
    """A host that redirects, and another one to which it does."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.base_url = ""
        self.other = ""

    async def turn(self, request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": self.other + request.path})

    async def listen(self, request: web.Request) -> web.Response:
        self.heard.append(request.path)
        return web.json_response({"ok": True, "ts": "1.2"})


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    made, runners = Elsewhere(), []
    for handler in (made.listen, made.turn):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runners.append(web.AppRunner(app))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], "127.0.0.1", 0).start()
    made.other, here = (f"http://127.0.0.1:{runner.addresses[0][1]}" for runner in runners)
    made.base_url = f"{here}/api/"
    yield made
    for runner in runners:
        await runner.cleanup()


async def test_nothing_is_carried_to_where_an_answer_redirects(elsewhere: Elsewhere) -> None:
    async with open_session() as session:
        voice = Voice(web_client("xoxb-s3cr3t", elsewhere.base_url, session), session)
        with pytest.raises(SlackDown, match="Redirected"):
            await voice.post("C1", plain("Water in the lab"))
        with pytest.raises(SlackDown, match="Redirected"):
            await voice.whisper(Ear("U1", "C1", f"{elsewhere.base_url}hook"), plain("Water"))
    assert elsewhere.heard == []
