"""The run: every contender, side by side, under every setting."""

import os
import platform
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

from tests.bench.bot_latency import Latencies, latencies
from tests.bench.bot_side import Server, bot, server
from tests.bench.contenders import BOT, CEILING, CONTENDERS, Contender
from tests.bench.figures import Cost, Fate, Row, Run, Setting, numbers, warm_up
from tests.bench.local import Twilio, child, twilio

_PATIENCE = 120.0
"""Seconds that a contender has for its task."""
REFUSES_ABOVE: Final = 60
"""POSTs at once that Twilio takes where it refuses."""
_LIBRARIES = ("aiohttp", "httpx", "twilio")


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: runs of each contender under each setting.
        messages: what each sends.
        large: recipients of the large send.
        large_rounds: runs of it.
        commands: commands one at a time.
        seconds: how long commands come fifty a second.
    """

    rounds: int = 5
    messages: int = 1_000
    large: int = 10_000
    large_rounds: int = 3
    commands: int = 200
    seconds: float = 10.0

    @property
    def settings(self) -> tuple[Setting, ...]:
        """Give what everybody is measured under."""
        pairs = ((0.1, 50), (0.1, 100), (0.0, 50))
        return tuple(Setting(latency, in_flight, self.messages) for latency, in_flight in pairs)

    @property
    def large_send(self) -> Setting:
        """Give the bot's large send."""
        return Setting(0.1, 50, self.large)

    @property
    def refusing(self) -> Setting:
        """Give the setting of a Twilio that refuses."""
        return Setting(0.1, 100, self.messages, REFUSES_ABOVE)


@dataclass(frozen=True)
class Machine:
    """Where it was measured."""

    cores: int
    system: str
    python: str
    libraries: dict[str, str]

    @classmethod
    def here(cls) -> "Machine":
        """Describe this one."""
        libraries = {name: version(name) for name in _LIBRARIES}
        cores, system = os.cpu_count() or 1, f"{platform.system()} {platform.machine()}"
        return cls(cores, system, platform.python_version(), libraries)


@dataclass(frozen=True)
class Found:
    """All that a run of the bench finds.

    Attributes:
        date: when, in UTC.
        machine: where.
        plan: how much.
        rows: everybody under every setting.
        refused: everybody with a Twilio that refuses, once.
        large: the bot's large send.
        latencies: how soon the bot answers.
    """

    date: str
    machine: Machine
    plan: Plan
    rows: tuple[Row, ...]
    refused: tuple[Row, ...]
    large: Row
    latencies: Latencies

    def row(self, contender: str, setting: Setting) -> Row | None:
        """Find one row; None: it was not measured."""
        rows = (each for each in self.rows if each.setting == setting)
        return next((each for each in rows if each.contender == contender), None)


async def measure(plan: Plan) -> Found:
    """Measure everything."""
    date = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
    async with server([plan.messages, plan.large]) as where:
        waits = await latencies(where, plan.commands, plan.seconds)
        _tell(f"command to ack p50 {waits.ack.p50:.1f} ms, to POST p50 {waits.post.p50:.1f} ms")
        rows: list[Row] = []
        for setting in plan.settings:
            # without a number in flight, 100 ms is 100 ms: measured once
            unbounded = not any(setting.latency == row.setting.latency for row in rows)
            whom = [CEILING, *(each for each in CONTENDERS if each.bounded or unbounded)]
            rows += await _rounds(where, setting, whom, plan.rounds)
        refused = [
            row for each in CONTENDERS for row in await _rounds(where, plan.refusing, [each], 1)
        ]
        (large,) = await _rounds(where, plan.large_send, [BOT], plan.large_rounds)
    return Found(date, Machine.here(), plan, tuple(rows), tuple(refused), large, waits)


async def _rounds(
    where: Server, setting: Setting, whom: Sequence[Contender], rounds: int
) -> list[Row]:
    """Let everybody send in turn, and begin each round with the next of them."""
    runs: defaultdict[str, list[Run]] = defaultdict(list)
    for n in range(rounds):
        first = n % len(whom)
        async with twilio(setting.latency, setting.refuses_above) as there:
            for run in await _round(where, there, setting, [*whom[first:], *whom[:first]]):
                runs[run.contender].append(run)
    return [Row.of(runs[each.key]) for each in whom]


async def _round(
    where: Server, there: Twilio, setting: Setting, whom: Iterable[Contender]
) -> list[Run]:
    """Let everybody send once to the same Twilio; it tells in the end what it has taken."""
    runs: list[tuple[Run, list[str]]] = []
    for contender in whom:
        block = 0 if contender is BOT else [CEILING, *CONTENDERS].index(contender) + 1
        used = there.child.cpu()
        cost = await (
            _bot(where, there, setting)
            if contender is BOT
            else _other(contender, there, setting, block)
        )
        run = Run(contender.key, setting, cost, Fate(0, 0), there.child.cpu() - used)
        runs.append((run, numbers(setting.messages, block)))
        _tell(f"{setting.title}: {contender.label}: {cost.wall:.3f} s, {cost.cpu:.2f} s CPU")
    taken = await there.taken()
    return [replace(run, fate=Fate.of(taken, wanted)) for run, wanted in runs]


async def _bot(where: Server, there: Twilio, setting: Setting) -> Cost:
    async with bot(where, there, setting.in_flight) as side:
        return await side.send(setting.messages)


async def _other(contender: Contender, there: Twilio, setting: Setting, block: int) -> Cost:
    async with child(contender.module) as process:
        await process.tell(
            url=there.url,
            account_sid=there.account_sid,
            auth_token=there.auth_token,
            in_flight=setting.in_flight,
            warm_up=warm_up(block),
            numbers=numbers(setting.messages, block),
        )
        spent = await process.told(within=_PATIENCE)
        return Cost(peak=process.peak, **spent)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
