"""How soon a page is on its way while ordinary messages wait: `python -m tests.bench.paging`.

A hundred commands and a hundred alerts, one every `APART` seconds, while twice ten thousand
ordinary deliveries wait at a Twilio that takes 100 ms. Prints milliseconds from the command, or the
alert's request, to the page's request at Twilio. Nothing here asserts.
"""

import asyncio
import json
import statistics
from collections.abc import Awaitable, Callable, Sequence

import aiohttp

from tests.bench.bot_side import ALERT_TOKEN, BotSide, bot, server
from tests.bench.local import BrokenError
from twilio_core.testing import FakeTwilio

WAITING = 10_000
PAGES = 100
APART = 0.1
LATENCY = 0.1
IN_FLIGHT = 50
_PATIENCE = 20.0


async def measure() -> dict[str, object]:
    """Measure both ways in."""
    async with server([WAITING]) as database, FakeTwilio(step=None, latency=LATENCY) as twilio:
        async with bot(database, twilio, IN_FLIGHT) as side:
            for text in ("one", "two"):
                await side.command(f"send g{WAITING} {text}")
            commands = await _paced(twilio, lambda n: _command(side, n))
            left = await _waiting(side)
        async with (
            bot(database, twilio, IN_FLIGHT) as side,
            aiohttp.ClientSession() as session,
        ):
            for text in ("three", "four"):
                await side.command(f"send g{WAITING} {text}")
            alerts = await _paced(twilio, lambda n: _alert(side, session, n))
            left_too = await _waiting(side)
    return {"command": _quantiles(commands), "alert": _quantiles(alerts),
            "waiting_at_the_end": [left, left_too]}  # fmt: skip


async def _paced(twilio: FakeTwilio, ask: Callable[[int], Awaitable[str]]) -> list[float]:
    """Ask for pages, and give the seconds that each took to Twilio."""
    clock = asyncio.get_running_loop().time
    began: dict[str, float] = {}
    first = clock() + 1.0
    for n in range(PAGES):
        await asyncio.sleep(max(0.0, first + n * APART - clock()))
        start = clock()
        began[await ask(n)] = start
    found: dict[str, float] = {}
    for _ in range(round(_PATIENCE / APART)):
        for post in twilio.posts:
            body = post.form["Body"][0].partition(". Reply")[0]
            if body in began:
                found.setdefault(body, post.at)
        if len(found) == PAGES:
            return [found[body] - start for body, start in began.items()]
        await asyncio.sleep(APART)
    raise BrokenError(f"only {len(found)} of {PAGES} pages have reached Twilio")


async def _command(side: BotSide, n: int) -> str:
    await side.command(f"page +1617888{n:04} Water in the lab {n}")
    return f"Water in the lab {n}"


async def _alert(side: BotSide, session: aiohttp.ClientSession, n: int) -> str:
    said = f"Fire in the lab {n}"
    labels = {"alertname": said}
    body = {
        "version": "4",
        "groupKey": f"bench-{n}",
        "status": "firing",
        "commonAnnotations": {"summary": said},
        "commonLabels": labels,
        "alerts": [{"status": "firing", "labels": labels, "annotations": {"summary": said},
                    "fingerprint": f"{n:016}"}],
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {ALERT_TOKEN}"}
    url = f"{side.address}/alerts/bench"
    async with session.post(url, json=body, headers=headers) as answer:
        if not answer.ok:
            raise BrokenError(f"the alert was answered with {answer.status}")
    return said


async def _waiting(side: BotSide) -> int:
    return await side.count("SELECT count(*) FROM delivery WHERE state = 'queued'")


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    found = {"p50_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98], "most_ms": max(seconds)}
    return {name: round(value * 1000, 1) for name, value in found.items()}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure()), indent=2))
