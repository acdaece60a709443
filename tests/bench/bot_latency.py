"""How soon the bot answers: one command at a time, and fifty a second whatever it does."""

import asyncio
from dataclasses import dataclass

from tests.bench.bot_side import BotSide, Server, bot
from tests.bench.figures import Fate, Quantiles, numbers
from tests.bench.local import BrokenError, twilio
from twilio_core.testing import FakeTwilio

RATE = 50
"""Commands a second."""
IN_FLIGHT = 50
LATENCY = 0.1
"""Seconds that Twilio takes under load."""
_APART = 0.05
_WARM_UP = 5
_PATIENCE = 10.0


@dataclass(frozen=True)
class Latencies:
    """What a person waits for.

    Attributes:
        start_to_ready_s: seconds from the bot's start to ready, on an empty database.
        ack: from a command to its ack, one command at a time.
        post: from a command to its request at Twilio, one command at a time.
        ack_under_load: from the moment a command was due to its ack, `RATE` commands a second.
        seconds: how long the load lasted.
        fate: what became of the messages of the load.
    """

    start_to_ready_s: float
    ack: Quantiles
    post: Quantiles
    ack_under_load: Quantiles
    seconds: float
    fate: Fate


async def latencies(server: Server, commands: int, seconds: float) -> Latencies:
    """Measure all of them."""
    async with FakeTwilio(step=None) as here, bot(server, here, IN_FLIGHT) as side:
        ack, post = await _one_by_one(side, here, commands)
    async with twilio(LATENCY) as there, bot(server, there, IN_FLIGHT) as side:
        wanted = numbers(round(RATE * seconds))
        under_load = await _open_loop(side, wanted)
        fate = Fate.of(await there.taken(), wanted)
    return Latencies(side.start, ack, post, under_load, seconds, fate)


async def _one_by_one(
    side: BotSide, here: FakeTwilio, commands: int
) -> tuple[Quantiles, Quantiles]:
    """Send commands one after the other; this process has both clocks, Slack's and Twilio's."""
    clock = asyncio.get_running_loop().time
    began: dict[str, float] = {}
    acks: list[float] = []
    for to in numbers(commands + _WARM_UP):
        began[to] = clock()
        acks.append((await side.command(f"send {to} hello")).answer.elapsed)
        await asyncio.sleep(_APART)
    posted: dict[str, float] = {}
    for _ in range(round(_PATIENCE / _APART)):
        posted = {each.form["To"][0]: each.at for each in here.posts}
        if len(posted) == len(began):
            break
        await asyncio.sleep(_APART)
    else:
        raise BrokenError(f"only {len(posted)} of {len(began)} commands have reached Twilio")
    posts = [posted[to] - start for to, start in began.items()]
    return Quantiles.of(acks[_WARM_UP:]), Quantiles.of(posts[_WARM_UP:])


async def _open_loop(side: BotSide, wanted: list[str]) -> Quantiles:
    """Send each command when it is due, whether or not the earlier ones are answered."""
    clock = asyncio.get_running_loop().time
    await side.command(f"send {numbers(len(wanted) + 1)[-1]} hello")
    first = clock() + 0.5

    async def one(n: int, to: str) -> float:
        due = first + n / RATE
        await asyncio.sleep(due - clock())
        late = clock() - due
        return late + (await side.command(f"send {to} hello")).answer.elapsed

    async with asyncio.TaskGroup() as group:
        acks = [group.create_task(one(n, to)) for n, to in enumerate(wanted)]
    await side.settled(len(wanted) + 1)
    return Quantiles.of(each.result() for each in acks)
