"""How Twilio can be made to misbehave from the page: a number of its own, or all of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.sandbox.model import Impossible
from twilio_core.testing import Ends, Error, FakeTwilio, Late, Outcome, Reset, ServerError, Silence

STOPPED: Final = "stopped"
WORKS: Final = "works"


@dataclass(frozen=True)
class Trick:
    """What messages to one number meet.

    Attributes:
        label: what the page calls it.
        outcome: for the local Twilio; None where that is no outcome of a request.
    """

    label: str
    outcome: Outcome | None = None


TRICKS: Final[Mapping[str, Trick]] = MappingProxyType(
    {
        WORKS: Trick("Works"),
        "landline": Trick("No mobile (21614)", Error(21614)),
        "country": Trick("Country disabled (21408)", Error(21408)),
        STOPPED: Trick("Has replied STOP (21610)"),
        "undelivered": Trick("Not delivered (30003)", Ends("undelivered", 30003)),
        "cut": Trick("Taken, but no answer", Reset(accepted=True)),
        "broken": Trick("Server error (20500)", ServerError()),
        "silent": Trick("No answer for 15 s", Silence()),
        "slow": Trick("Answers after 3 s", Late(3.0)),
    }
)

SERVICES: Final[Mapping[str, tuple[str, float]]] = MappingProxyType(
    {"works": ("Works", 0.0), "slow": ("Slow", 1.5), "down": ("Down", 0.0)}
)
"""All of Twilio: what the page calls it, and the seconds before each answer."""


@dataclass
class Switches:
    """The switches of one local Twilio, and how they stand."""

    twilio: FakeTwilio
    service: str = WORKS

    def trick(self, number: str) -> str:
        """Tell how the switch of a number stands; who replies STOP moves it, too."""
        if number in self.twilio.opted_out:
            return STOPPED
        outcome = self.twilio.standing.get(number)
        return next(name for name, trick in TRICKS.items() if trick.outcome == outcome)

    def set_trick(self, number: str, name: str) -> None:
        """Let messages to a number meet something from now on."""
        trick = TRICKS.get(name)
        if trick is None:
            raise Impossible(f"no trick is called {name!r}")
        self.twilio.opted_out.discard(number)
        self.twilio.standing.pop(number, None)
        if name == STOPPED:
            self.twilio.opted_out.add(number)
        elif trick.outcome is not None:
            self.twilio.standing[number] = trick.outcome

    async def set_service(self, name: str) -> None:
        """Let all of Twilio work, be slow, or refuse connections."""
        if name not in SERVICES:
            raise Impossible(f"Twilio cannot be {name!r}")
        if self.service == "down" != name:
            await self.twilio.listen()
        if name == "down" != self.service:
            await self.twilio.refuse()
        self.twilio.latency = SERVICES[name][1]
        self.service = name
