"""What the bench finds, as values: one run of one contender, and the median of several."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

_CITY = "+1617"
_FIRST = 2_000_000
_BLOCK = 100_000


@dataclass(frozen=True)
class Setting:
    """The conditions of a run.

    Attributes:
        latency: seconds that the local Twilio takes over each answer, at the least.
        in_flight: requests at once.
        messages: how many are sent.
        refuses_above: POSTs at once that the local Twilio takes; 0: any number.
    """

    latency: float
    in_flight: int
    messages: int
    refuses_above: int = 0

    @property
    def limit(self) -> float:
        """Seconds below which nobody gets: N·latency/C."""
        return self.messages * self.latency / self.in_flight

    @property
    def title(self) -> str:
        """Say it for people, but for the number of messages."""
        refuses = f", refused above {self.refuses_above}" if self.refuses_above else ""
        return f"{self.latency * 1000:.0f} ms, {self.in_flight} in flight{refuses}"


@dataclass(frozen=True)
class Cost:
    """What one run took, as told by the sender or measured from outside.

    Attributes:
        wall: seconds from the first message to the last answer.
        cpu: seconds of the sending process.
        peak: bytes of its memory, at the most.
        accepted: messages that the sender takes to be sent.
        database_cpu: seconds of PostgreSQL, for a sender that has one.
    """

    wall: float
    cpu: float
    peak: int
    accepted: int
    database_cpu: float = 0.0


@dataclass(frozen=True)
class Fate:
    """What the local Twilio's own list says of a run.

    Attributes:
        lost: numbers that were never taken.
        doubled: numbers that were taken more than once.
    """

    lost: int
    doubled: int

    @classmethod
    def of(cls, taken: Counter[str], wanted: Sequence[str]) -> "Fate":
        """Look up every number."""
        times = [taken[each] for each in wanted]
        return cls(times.count(0), sum(n > 1 for n in times))


@dataclass(frozen=True)
class Run:
    """One run of one contender.

    Attributes:
        contender: its key.
        setting: the conditions.
        cost: what it took.
        fate: what became of the messages.
        twilio_cpu: seconds of the local Twilio.
    """

    contender: str
    setting: Setting
    cost: Cost
    fate: Fate
    twilio_cpu: float


@dataclass(frozen=True)
class Row:
    """Several runs of one contender under one setting: medians, and the worst for the messages.

    Attributes:
        contender: its key.
        setting: the conditions.
        wall: seconds.
        walls: seconds of each run.
        limits: `wall` over the limit; 0 where there is no limit.
        cpu_ms: milliseconds of the sending process for each message sent.
        peak_mib: its memory.
        twilio_busy: the part of the time that the local Twilio's one core worked.
        database_cpu_ms: milliseconds of PostgreSQL for each message.
        arrived: messages that Twilio had in the end.
        doubled: messages that it had more than once.
    """

    contender: str
    setting: Setting
    wall: float
    walls: tuple[float, ...]
    limits: float
    cpu_ms: float
    peak_mib: float
    twilio_busy: float
    database_cpu_ms: float
    arrived: int
    doubled: int

    @property
    def shortfall(self) -> str:
        """Say how many arrived, where that is not everybody: the time was not for all then."""
        everybody = self.arrived == self.setting.messages
        return "" if everybody else f", {self.arrived:,} arrived"

    @classmethod
    def of(cls, runs: Sequence[Run]) -> "Row":
        """Take the medians."""
        setting, costs = runs[0].setting, [run.cost for run in runs]
        wall = median(cost.wall for cost in costs)
        per_message = 1000 / setting.messages
        return cls(
            contender=runs[0].contender,
            setting=setting,
            wall=wall,
            walls=tuple(cost.wall for cost in costs),
            limits=wall / setting.limit if setting.limit else 0.0,
            cpu_ms=median(cost.cpu for cost in costs) * per_message,
            peak_mib=median(cost.peak for cost in costs) / 2**20,
            twilio_busy=median(run.twilio_cpu / run.cost.wall for run in runs),
            database_cpu_ms=median(cost.database_cpu for cost in costs) * per_message,
            arrived=setting.messages - max(run.fate.lost for run in runs),
            doubled=max(run.fate.doubled for run in runs),
        )


@dataclass(frozen=True)
class Quantiles:
    """Some durations, in milliseconds."""

    count: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> "Quantiles":
        """Sort seconds into quantiles."""
        given = [each * 1000 for each in seconds]
        cuts = quantiles(given, n=100, method="inclusive")
        return cls(len(given), cuts[49], cuts[94], cuts[98])


def numbers(count: int, block: int = 0) -> list[str]:
    """Give different numbers; blocks have none in common."""
    first = _FIRST + block * _BLOCK
    return [f"{_CITY}{first + n}" for n in range(count)]


def warm_up(block: int = 0) -> str:
    """Give the number of a block that no run counts."""
    return numbers(_BLOCK, block)[-1]
