"""The database away for a while, Slack away for a while: everything goes on by itself."""

import asyncio
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bot.store import embedded
from tests.eyes import close
from tests.scenarios.conftest import Build
from tests.scenarios.world import World, payload

NUMBERS = [f"+1617555{n:04}" for n in range(4000, 4300)]
GROUP = f"""
[timing]
in_doubt = "3s"
poll = "1s"

[[group]]
name = "everybody"
members = {NUMBERS}
"""


class OwnPostgres:
    """A server that this test alone uses, and can take away."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = embedded.start(folder).url

    def stop(self) -> None:
        """End it as an administrator in a hurry does."""
        pid = int((self._folder / "postgres" / "postmaster.pid").read_text().split()[0])
        postmaster = psutil.Process(pid)
        os.kill(pid, signal.SIGINT)
        postmaster.wait(20)

    def start(self) -> None:
        """Bring it back, where it was."""
        assert embedded.start(self._folder).url == self.url


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    with tempfile.TemporaryDirectory(prefix="sms-bot-own-", ignore_cleanup_errors=True) as folder:
        server = OwnPostgres(Path(folder))
        yield server
        close(server.url)
        embedded.start(Path(folder)).stop()


@pytest.mark.parametrize("seconds", [0, 30])
async def test_a_database_that_comes_back_finds_everything_as_it_was(
    build: Build, own_postgres: OwnPostgres, seconds: int
) -> None:
    async with build("socket") as world:
        world.database_url = own_postgres.url
        world.add_policy(GROUP)
        world.twilio.latency, world.twilio.step = 0.2, 0.1
        await world.start()
        await world.say("send everybody Water in the lab")
        await world.wait(lambda: len(world.twilio.posts) >= 60)
        await asyncio.to_thread(own_postgres.stop)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(own_postgres.start)
        card = await world.agreed(sent=300)
        assert payload(card)["status"] == "Success"
        assert world.held() == Counter(NUMBERS)
        # and the next command is served as ever
        await world.wait_for_page("/readyz", "ready")
        await world.say("send alice Water is back")
        await world.agreed(2, sent=1)


async def test_while_slack_is_away_the_send_goes_on_and_the_card_follows(
    socket_world: World,
) -> None:
    world = socket_world
    world.twilio.latency = 0.3
    await world.say("send alice, bob Water in the lab")
    world.slack.outage(12)
    await world.wait(lambda: set(world.states().values()) == {"accepted"})
    card = await world.agreed(sent=2)
    assert payload(card)["status"] == "Success"
    assert len(world.slack.channel_messages("C0ONCALL")) == 1


async def test_a_restart_while_slack_is_away_loses_no_last_word(socket_world: World) -> None:
    world = socket_world
    world.twilio.latency = 0.3
    await world.say("send alice, bob Water in the lab")
    world.slack.outage()
    await world.wait(lambda: set(world.states().values()) == {"accepted"})
    await world.stop()
    await world.slack.recover()
    await world.start()
    card = await world.agreed(sent=2)
    assert payload(card)["status"] == "Success"
