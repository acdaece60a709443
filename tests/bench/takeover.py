"""How long it takes until a killed process is taken over, and its doubts are resolved.

    .venv/bin/python -m tests.bench.takeover

Two processes share a send to 600; one is killed with SIGKILL in the middle. Prints for each of
five runs the seconds from the kill to the takeover of its recipients, and to the last of them being
found at Twilio.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from bot.sandbox.environ import environ
from bot.sandbox.server import FakeSlack
from bot.store import embedded
from twilio_core.testing import FakeTwilio

RUNS, RECIPIENTS, MIDWAY = 5, 600, 100
NUMBERS = [f"+1617{2_000_000 + n}" for n in range(RECIPIENTS)]
POLICY = f"""
[[channel]]
id = "C0ONCALL"
allow = ["send"]
who = ["*"]
to = ["+1"]

[[group]]
name = "everybody"
members = {NUMBERS}
"""
AFTER = """
SELECT min(extract(epoch FROM at)) FILTER (WHERE source = 'takeover')::float8,
    max(extract(epoch FROM at)) FILTER (WHERE source = 'found')::float8,
    count(*) FILTER (WHERE source = 'takeover'), count(*) FILTER (WHERE source = 'found'),
    (SELECT count(*) FROM delivery
     WHERE state IN ('queued', 'sending') OR state = 'in_doubt' AND next_check IS NULL)
FROM event
"""


async def main() -> None:
    """Measure and print."""
    for run in range(1, RUNS + 1):
        with tempfile.TemporaryDirectory(prefix="sms-takeover-") as name:
            folder = Path(name)
            (folder / "sms.toml").write_text(POLICY + '[timing]\nin_doubt = "10s"\n')
            server = embedded.start(folder)
            try:
                print(f"run {run}: {await once(folder, server.url)}")
            finally:
                server.stop()


async def once(folder: Path, url: str) -> str:
    """Kill one of two processes, and say when what followed."""
    async with FakeSlack() as slack, FakeTwilio(step=None, latency=0.2) as twilio:
        slack.add_user("U0ALICE", "alice")
        slack.add_channel("C0ONCALL", "oncall", ["U0ALICE"])
        told = environ(slack, twilio, DATABASE_URL=url, LOG_LEVEL="ERROR")
        processes = []
        for count in (1, 2):
            processes.append(
                await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "bot", "run", cwd=folder, env={**os.environ, **told}
                )
            )
            await slack.connected(20, count=count)
        try:
            await slack.command("U0ALICE", "C0ONCALL", "send everybody hello")
            with psycopg.connect(url, autocommit=True) as conn:
                while _owners(conn) < len(processes) or len(twilio.posts) < MIDWAY:
                    await asyncio.sleep(0.01)
                killed = time.time()
                processes[0].send_signal(signal.SIGKILL)
                return await _watch(conn, killed)
        finally:
            for process in processes:
                if process.returncode is None:
                    process.kill()
                await process.wait()


def _owners(conn: psycopg.Connection) -> int:
    row = conn.execute("SELECT count(DISTINCT owner) FROM delivery").fetchone()
    return int(row[0]) if row else 0


async def _watch(conn: psycopg.Connection, killed: float) -> str:
    while True:
        await asyncio.sleep(0.1)
        row = conn.execute(AFTER).fetchone()
        taken, found, doubts, resolved, left = row or (None, None, 0, 0, 1)
        asked = conn.execute("SELECT count(*) FROM event WHERE source = 'not found'").fetchone()
        if taken and doubts and asked and doubts == resolved + asked[0]:
            last = f"{found - killed:.1f} s" if found else "–"
            return (
                f"taken over after {taken - killed:.1f} s; {doubts} in doubt, {resolved} found "
                f"by {last}, {asked[0]} not listed; {left} left to their sender"
            )


if __name__ == "__main__":
    asyncio.run(main())
