"""A faithful Twilio on this machine, for tests and the demo: a real HTTP server on loopback.

async with FakeTwilio() as twilio:
    twilio.script("+16175551212", Reset(accepted=True))
    await run({"urlString": twilio.url, ...})
    assert twilio.violations == []

python -m twilio_core.testing --port 0 --latency 0.1      as a process of its own
"""

from twilio_core.testing.courier import Delivered
from twilio_core.testing.numbers import Owned
from twilio_core.testing.outcomes import (
    Delayed,
    Ends,
    Error,
    Html,
    Late,
    Outcome,
    Raw,
    Reset,
    ServerError,
    Silence,
)
from twilio_core.testing.records import Seen, Stored
from twilio_core.testing.server import ANY, FakeTwilio

__all__ = [
    "ANY",
    "Delayed",
    "Delivered",
    "Ends",
    "Error",
    "FakeTwilio",
    "Html",
    "Late",
    "Outcome",
    "Owned",
    "Raw",
    "Reset",
    "Seen",
    "ServerError",
    "Silence",
    "Stored",
]
