"""How soon the composer offers recipients: `python -m tests.bench.suggestions`.

From 10,000 contacts and as many Slack users. Prints milliseconds: of the search and of the drawing
alone, of the whole handler through a real socket, and for how long the event loop, which bot and
local Slack share here, is held meanwhile. Nothing here asserts.
"""

import asyncio
import json
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import running
from bot.config import load
from bot.sandbox.environ import environ
from bot.sandbox.model import View
from bot.sandbox.server import FakeSlack
from bot.slack.views.options import option_groups
from commands import offers
from commands.haystack import Haystack, haystack
from commands.offers import Scope
from commands.rules import ChannelRules, Contact, Policy
from commands.suggest import Offer, Section
from twilio_core.testing import FakeTwilio

CONTACTS = 10_000
MEMBERS = 10_000
ROUNDS = 40
QUERIES = ("", "a", "an", "ann", "anna", "smith", "son9", "+1617555", "9999", "zzz", "Ännä", "é")

_FIRST = ("anna", "Bob", "Çelik", "Dora", "Émile", "Jonas", "Maria-Ann", "Zoë", "Ólafur", "hannes")
_LAST = ("smith", "jones", "Müller", "OBrien", "garcía", "larsson", "ito", "nowak", "khan", "lee")


def _names(count: int) -> list[str]:
    return [f"{_FIRST[n % 10]}.{_LAST[n // 10 % 10]}{n}" for n in range(count)]


def _contacts() -> tuple[Contact, ...]:
    return tuple(Contact(name, f"+1617{n:07}") for n, name in enumerate(_names(CONTACTS)))


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    found = {"p50_ms": cuts[49], "p99_ms": cuts[98], "most_ms": max(seconds)}
    return {name: round(value * 1000, 3) for name, value in found.items()}


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def pure() -> dict[str, object]:
    """Measure putting in order, and searching, alone."""
    scope = Scope(Policy(contacts=_contacts()), ChannelRules("C1", to=("directory",)))
    tracemalloc.start()
    stack = haystack(tuple(offers.contacts(scope)))
    size = tracemalloc.get_traced_memory()[0] / 2**20
    tracemalloc.stop()
    ordering = _timed(lambda: haystack(tuple(offers.contacts(scope))))
    searches = {query: [_search(stack, query) for _ in range(ROUNDS * 5)] for query in QUERIES}
    every = [each for found in searches.values() for each in found]
    slowest = max(searches, key=lambda query: statistics.median(searches[query]))
    drawn = [Offer(Section.CONTACTS, stack.search("an", 100))]
    return {
        "drawing": _quantiles([_timed(lambda: option_groups(drawn)) for _ in range(200)]),
        "ordering_ms": round(ordering * 1000, 1),
        "memory_mib": round(size, 1),
        "search": _quantiles(every),
        "slowest_query": slowest,
        "slowest": _quantiles(searches[slowest]),
    }


def _search(stack: Haystack, query: str) -> float:
    return _timed(lambda: stack.search(query, 100))


@asynccontextmanager
async def _composer() -> AsyncIterator[tuple[FakeSlack, View]]:
    """Run the bot with an embedded database and open its composer."""
    async with FakeSlack() as slack, FakeTwilio(step=None) as twilio:
        slack.add_user("U0ALICE", "alice")
        for n, name in enumerate(_names(MEMBERS)):
            slack.add_user(f"U{n:05}", f"{name}.slack", phone=f"+1617{n:07}")
        slack.add_channel("C0ONCALL", "oncall", ["U0ALICE"])
        with tempfile.TemporaryDirectory() as folder:
            channel = '[[channel]]\nid = "C0ONCALL"\nallow = ["send"]\nwho = ["*"]\n'
            lines = (
                f"[[contact]]\nname = {json.dumps(c.name)}\nnumber = {json.dumps(c.number)}\n"
                for c in _contacts()
            )
            text = channel + 'to = ["verified", "directory", "+1"]\n' + "".join(lines)
            (Path(folder) / "sms.toml").write_text(text, encoding="utf-8")
            told = environ(slack, twilio, http=False)
            told |= {"SMS_DATA_DIR": f"{folder}/data", "LOG_LEVEL": "ERROR"}
            async with running(load(told, Path(folder))):
                await slack.connected(20)
                await slack.command("U0ALICE", "C0ONCALL", "send")
                yield slack, slack.top_view("U0ALICE")


async def _held(spans: list[float]) -> None:
    """Note how much later than asked for the loop comes back: bot and Slack share it here."""
    while True:
        start = time.perf_counter()
        await asyncio.sleep(0.001)
        spans.append(time.perf_counter() - start - 0.001)


async def handler() -> dict[str, object]:
    """Measure key presses through a real socket, the first one apart."""
    async with _composer() as (slack, view):
        first = (await slack.suggest("U0ALICE", view, "people", "ann")).done.elapsed
        await asyncio.sleep(3)
        await slack.suggest("U0ALICE", view, "people", "ann")
        spans: list[float] = []
        watching = asyncio.create_task(_held(spans))
        acks = [
            (await slack.suggest("U0ALICE", view, "people", query)).done.elapsed
            for query in QUERIES * ROUNDS
        ]
        watching.cancel()
        return {
            "first_ms": round(first * 1000, 1),
            "ack": _quantiles(acks),
            "loop_held": _quantiles(spans),
            "violations": slack.violations,
        }


def main() -> None:
    """Measure and print."""
    print(json.dumps({"pure": pure(), "handler": asyncio.run(handler())}, indent=2))


if __name__ == "__main__":
    main()
