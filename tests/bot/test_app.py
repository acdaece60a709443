"""The whole process as `bot.app.running` builds it, between a local Slack and a local Twilio."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import psycopg
import pytest
from psycopg import sql

from bot.app import running
from bot.config import Config, load
from bot.faults import ConfigFaults
from bot.sandbox.environ import environ
from bot.sandbox.server import FakeSlack
from bot.web import CannotListen
from tests.bot.kit import Eventually
from tests.bot.site import proxied
from twilio_core.testing import FakeTwilio, ServerError

POLICY = """
[[channel]]
id = "C0ONCALL"
allow = ["send"]
who = ["*"]
to = ["+1"]
"""


@dataclass
class World:
    """A workspace, an account, and what the bot is told of them."""

    slack: FakeSlack
    twilio: FakeTwilio
    folder: Path
    database_url: str

    def config(self, **changes: str) -> Config:
        told = environ(self.slack, self.twilio, DATABASE_URL=self.database_url)
        return load({**told, **changes}, self.folder)

    def states(self) -> dict[str, int]:
        """Count the recipients in each state."""
        with psycopg.connect(self.database_url) as conn:
            found = conn.execute("SELECT state, count(*) FROM delivery GROUP BY 1").fetchall()
        return dict(found)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "sms.toml").write_text(POLICY, encoding="utf-8")
    async with FakeSlack() as slack, FakeTwilio(step=None) as twilio:
        slack.add_user("U0ALICE", "alice")
        slack.add_channel("C0ONCALL", "oncall", ["U0ALICE"])
        yield World(slack, twilio, tmp_path, database_url)


async def asked(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def becomes(url: str, status: int) -> str:
    async with asyncio.timeout(30):
        while True:
            found, text = await asked(url)
            if found == status:
                return text
            await asyncio.sleep(0.05)


async def test_the_bot_is_ready_once_database_and_slack_answer(world: World) -> None:
    async with running(world.config()) as bot:
        await world.slack.connected(10)
        assert await becomes(f"{bot.address}/readyz", 200) == "ready\n"
        assert bot.listens


async def test_a_lost_slack_makes_it_unready_and_it_mends_itself(world: World) -> None:
    async with running(world.config()) as bot:
        await world.slack.connected(10)
        world.slack.outage()
        world.slack.drop()
        assert await becomes(f"{bot.address}/readyz", 503) == "Slack is not connected\n"
        assert (await asked(f"{bot.address}/healthz"))[0] == 200
        await world.slack.recover()
        await becomes(f"{bot.address}/readyz", 200)


async def test_a_lost_database_makes_it_unready(world: World, postgres: str) -> None:
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    name = world.database_url.partition("?")[0].rpartition("/")[2]
    async with running(world.config()) as bot:
        await world.slack.connected(10)
        await becomes(f"{bot.address}/readyz", 200)
        with psycopg.connect(postgres, autocommit=True) as conn:
            conn.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
            conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname=%s",
                         (name,))  # fmt: skip
        told = await becomes(f"{bot.address}/readyz", 503)
        with psycopg.connect(postgres, autocommit=True) as conn:
            conn.execute(allow.format(sql.Identifier(name), sql.SQL("true")))
        assert told == "the database does not answer\n"
        await becomes(f"{bot.address}/readyz", 200)


async def test_a_send_survives_connections_that_break_in_the_middle(
    world: World, postgres: str, eventually: Eventually
) -> None:
    name = world.database_url.partition("?")[0].rpartition("/")[2]
    numbers = [f"+1617555{n:04}" for n in range(60)]
    world.twilio.latency = 0.05

    async with running(world.config(), in_flight=5) as bot:
        await world.slack.connected(10)
        await becomes(f"{bot.address}/readyz", 200)
        await world.slack.command("U0ALICE", "C0ONCALL", f"send {','.join(numbers)} Water")
        await eventually(lambda: len(world.twilio.posts) >= 10)
        with psycopg.connect(postgres, autocommit=True) as conn:
            conn.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname=%s",
                         (name,))  # fmt: skip
        await eventually(lambda: not {"queued", "sending"} & set(world.states()), 40)
    assert sum(world.states().values()) == 60
    assert len(world.twilio.posts) == len({post.form["To"][0] for post in world.twilio.posts})
    assert world.states()["accepted"] == len(world.twilio.messages)


async def test_a_worker_alone_sends_what_others_committed_and_serves_no_slack(
    world: World, eventually: Eventually
) -> None:
    async with running(world.config(), listens=False) as worker:
        assert await becomes(f"{worker.address}/readyz", 200) == "ready\n"
        assert world.slack.connections == 0
        assert not worker.listens


async def test_a_worker_alone_needs_no_port_that_the_bot_beside_it_has(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with running(world.config(PORT=port), listens=False) as worker:
            assert await becomes(f"{worker.address}/readyz", 200) == "ready\n"


async def test_over_http_slack_calls_the_listener(world: World) -> None:
    config = world.config(SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET=world.slack.signing_secret)
    async with running(config) as bot:
        world.slack.events_url = f"{bot.address}/slack/events"
        done = await world.slack.command("U0ALICE", "C0ONCALL", "help")
        assert done.error == ""
        forged = await world.slack.post_raw("slash_commands", {"command": "/sms"}, secret="no")
        assert forged.status == 401
        assert await becomes(f"{bot.address}/readyz", 200) == "ready\n"


async def sent(world: World, eventually: Eventually) -> str:
    """Send one message from Slack, and give its SID."""
    await world.slack.connected(10)
    await world.slack.command("U0ALICE", "C0ONCALL", "send +16175551212 Water in the lab")
    await eventually(lambda: world.twilio.messages)
    return next(iter(world.twilio.messages))


async def test_where_twilio_can_call_a_message_is_followed_by_callbacks(
    world: World, eventually: Eventually
) -> None:
    async with proxied("/bots/sms") as (public_url, aim):
        async with running(world.config(PUBLIC_URL=public_url)) as bot:
            aim(bot.address)
            sid = await sent(world, eventually)
            await eventually(lambda: world.states() == {"accepted": 1})
            await world.twilio.move(sid, "delivered")
            assert world.states() == {"delivered": 1}
            _, text = await asked(f"{bot.address}/metrics")
        await world.twilio.stop()  # and with it its connection to the proxy
    assert 'sms_callbacks_total{about="status",status="204"} 1.0' in text
    assert [r for r in world.twilio.requests if r.method == "GET"] == []


async def test_where_it_cannot_it_is_asked(world: World, eventually: Eventually) -> None:
    policy = world.folder / "sms.toml"
    policy.write_text(f'{POLICY}\n[timing]\npoll = "1s"\n', encoding="utf-8")
    async with running(world.config()) as bot:
        world.twilio.messages[await sent(world, eventually)].move("delivered")
        await eventually(lambda: world.states() == {"delivered": 1})
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{bot.address}/twilio/status/1-1-x") as answer,
        ):
            assert answer.status == 404
    assert "StatusCallback" not in world.twilio.posts[0].form


async def test_a_message_in_doubt_is_found_at_twilio_and_not_sent_again(
    world: World, eventually: Eventually
) -> None:
    world.twilio.script("+16175551212", ServerError(500, accepted=True))
    async with running(world.config()):
        await sent(world, eventually)
        await eventually(lambda: world.states() == {"accepted": 1})
    assert len(world.twilio.posts) == 1


async def test_metrics_of_a_send_hold_neither_names_nor_numbers(
    world: World, eventually: Eventually
) -> None:
    async with running(world.config()) as bot:
        await world.slack.connected(10)
        await world.slack.command("U0ALICE", "C0ONCALL", "send +16175551212 Water in the lab")
        await eventually(lambda: world.twilio.messages)
        _, text = await asked(f"{bot.address}/metrics")
    assert 'sms_commands_total{outcome="Sending",verb="send"} 1.0' in text
    assert [w for w in ("6175551212", "U0ALICE", "C0ONCALL", "Water", "AC") if w in text] == []


async def test_a_slack_that_is_away_at_the_start_is_no_reason_not_to_start(world: World) -> None:
    world.slack.outage()
    async with running(world.config()) as bot:
        assert (await asked(f"{bot.address}/readyz"))[0] == 503
        await world.slack.recover()
        await becomes(f"{bot.address}/readyz", 200)


async def test_a_refused_token_is_a_fault_of_the_configuration(world: World) -> None:
    with pytest.raises(ConfigFaults, match="SLACK_BOT_TOKEN: is refused by Slack"):
        async with running(world.config(SLACK_BOT_TOKEN="xoxb-other")):
            pass


async def test_a_taken_port_ends_the_start_and_leaves_nothing_running(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with pytest.raises(CannotListen):
            async with running(world.config(PORT=port)):
                pass
    tasks = {task.get_name() for task in asyncio.all_tasks()}
    assert not tasks & {"jobs", "policy"}


async def test_a_bot_that_is_stopped_as_soon_as_it_has_started_ends(world: World) -> None:
    for pause in (0, 1, 2, 5, 10, 20, 50):
        async with asyncio.timeout(20), running(world.config()):
            for _ in range(pause):
                await asyncio.sleep(0)


async def test_two_bots_live_in_one_process(world: World, tmp_path: Path) -> None:
    config = world.config()
    other = replace(config, settings=config.settings.model_copy(update={"port": 0}))
    async with running(config) as first, running(other) as second:
        assert first.address != second.address
        assert (await asked(f"{first.address}/healthz"))[0] == 200
        assert (await asked(f"{second.address}/healthz"))[0] == 200


async def test_a_worker_takes_alerts_as_well(world: World) -> None:
    (world.folder / "sms.toml").write_text(
        '[[channel]]\nid = "C1"\nallow = ["page"]\n'
        '[[escalation]]\nname = "db"\nsteps = [{ to = ["+16175551212"], wait = "5m" }]\n'
        '[[alert]]\nname = "prom"\nchannel = "C1"\nescalation = "db"\ntoken_env = "PROM_TOKEN"\n',
        encoding="utf-8",
    )
    async with running(world.config(PROM_TOKEN="shh"), listens=False) as bot:
        headers = {"Authorization": "Bearer shh"}
        over = {"alerts": [{"status": "resolved"}]}
        async with aiohttp.ClientSession(headers=headers) as session:
            answer = await session.post(f"{bot.address}/alerts/prom", json=over)
            assert await answer.json() == {"page": None, "did": "nothing"}
