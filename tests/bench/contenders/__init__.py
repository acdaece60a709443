"""Who is compared. Each is a module that runs as a process of its own, and loads only its own."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Contender:
    """One way to send.

    Attributes:
        key: its name in the JSON.
        label: its name for people.
        module: what runs it, by `tests.bench.contender`; empty: the bot, by `tests.bench.bot_side`.
        bounded: whether it holds to a number of requests in flight.
    """

    key: str
    label: str
    module: str = ""
    bounded: bool = True


BOT: Final = Contender("bot", "this bot, the whole durable path")
CEILING: Final = Contender("ceiling", "bare sockets: the ceiling", f"{__name__}.sockets")
CONTENDERS: Final = (
    BOT,
    Contender("activity", "twilio_core.activity alone", f"{__name__}.activity"),
    Contender("twilio_async", "twilio package, async client", f"{__name__}.twilio_async"),
    Contender("twilio_threads", "twilio package, threads", f"{__name__}.twilio_threads"),
    Contender(
        "httpx", "httpx with its defaults", f"{__name__}.httpx_defaults", bounded=False
    ),
    Contender("aiohttp", "bare aiohttp", f"{__name__}.aiohttp_bare"),
)  # fmt: skip
"""In the order of the tables."""
