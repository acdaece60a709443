"""Measure the whole bot: start, acknowledgement, first request to Twilio, large sends.

    .venv/bin/python tests/bench/measure.py

The bot is a process of its own, as `sms-bot run`; the local Twilio for the large sends is
another. Prints one JSON object. Nothing here asserts: figures are for people to read.
"""

import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import psycopg

from bot.sandbox.environ import environ
from bot.sandbox.server import FakeSlack
from bot.store import embedded
from twilio_core.testing import FakeTwilio

ONCALL, ALICE = "C0ONCALL", "U0ALICE"
CHANNEL = '[[channel]]\nid = "C0ONCALL"\nallow = ["send"]\nwho = ["*"]\nto = ["directory", "+1"]\n'


def numbers(count: int) -> list[str]:
    """Give as many different numbers."""
    return [f"+1617{2_000_000 + n}" for n in range(count)]


def policy(sizes: Sequence[int]) -> str:
    """Write an sms.toml with one group a size."""
    groups = (
        f'[[group]]\nname = "g{size}"\nmembers = {json.dumps(numbers(size))}\n' for size in sizes
    )
    return CHANNEL + "\n".join(groups)


@contextlib.asynccontextmanager
async def bot(folder: Path, told: dict[str, str]) -> AsyncIterator[tuple[psutil.Process, float]]:
    """Run `sms-bot run` and give its process and the seconds from start to ready."""
    start = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", cwd=folder, env={**os.environ, **told}
    )
    port = told["PORT"]
    async with aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        break
            await asyncio.sleep(0.005)
    ready = time.perf_counter() - start
    try:
        yield psutil.Process(process.pid), ready
    finally:
        process.terminate()
        await process.wait()


async def latencies(slack: FakeSlack, twilio: FakeTwilio, count: int) -> dict[str, float]:
    """Measure command to ack and command to first POST, one command at a time."""
    acks, posts = [], []
    for n in range(count):
        start = time.monotonic()
        done = await slack.command(ALICE, ONCALL, f"send {numbers(count)[n]} hello")
        acks.append(done.answer.elapsed)
        while len(twilio.posts) <= n:
            await asyncio.sleep(0.001)
        posts.append(twilio.posts[n].at - start)
        await asyncio.sleep(0.02)
    return {
        "ack_p50_ms": quantile(acks, 0.5),
        "ack_p99_ms": quantile(acks, 0.99),
        "post_p50_ms": quantile(posts, 0.5),
        "post_p95_ms": quantile(posts, 0.95),
    }


def quantile(seconds: list[float], q: float) -> float:
    """Give a quantile in milliseconds."""
    return round(statistics.quantiles(seconds, n=1000)[int(q * 1000) - 1] * 1000, 1)


async def large(
    slack: FakeSlack, process: psutil.Process, url: str, size: int
) -> dict[str, float | int]:
    """Measure one large send: wall from commit to settled, CPU of the bot, peak memory."""
    before = process.cpu_times()
    peak = process.memory_info().rss
    done = await slack.command(ALICE, ONCALL, f"send g{size} hello")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        while True:
            cursor = await conn.execute(
                "SELECT extract(epoch FROM settled - created)::float8 FROM send"
                " ORDER BY id DESC LIMIT 1"
            )
            row = await cursor.fetchone()
            peak = max(peak, process.memory_info().rss)
            if row and row[0] is not None:
                break
            await asyncio.sleep(0.02)
    after = process.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    return {
        "recipients": size,
        "ack_ms": round(done.answer.elapsed * 1000, 1),
        "wall_s": round(row[0], 3),
        "limit_s": size * 0.1 / 50,
        "cpu_s": round(cpu, 2),
        "peak_mib": peak // 2**20,
    }


async def slow_twilio() -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    """Start a Twilio of 100 ms latency as its own process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "twilio_core.testing", "--port", "0", "--latency", "0.1",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    return process, json.loads(await process.stdout.readline())


async def main() -> None:
    """Measure everything and print it."""
    sizes = (1_000, 10_000)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="sms-bench-") as name:
        folder = Path(name)
        (folder / "sms.toml").write_text(policy(sizes))
        database = embedded.start(folder)
        async with FakeSlack() as slack, FakeTwilio(step=None) as twilio:
            slack.add_user(ALICE, "alice")
            slack.add_channel(ONCALL, "oncall", [ALICE])
            told = environ(
                slack, twilio, DATABASE_URL=database.url, LOG_LEVEL="WARNING", PORT="38471"
            )
            async with bot(folder, told) as (_, ready):
                found["start_to_ready_s"] = round(ready, 2)
                found |= await latencies(slack, twilio, 200)
            process, other = await slow_twilio()
            told |= {
                "TWILIO_URL": other["url"],
                "TWILIO_ACCOUNT_SID": other["account_sid"],
                "TWILIO_AUTH_TOKEN": other["auth_token"],
            }
            found["large"] = []
            for size in sizes:
                async with bot(folder, told) as (running, _):
                    found["large"].append(await large(slack, running, database.url, size))
            process.terminate()
            await process.wait()
        database.stop()
    print(json.dumps(found, indent=1))


asyncio.run(main())
