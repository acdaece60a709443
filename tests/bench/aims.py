"""What the project aims at, and whether a run got there."""

from dataclasses import dataclass

from tests.bench.bench import Found
from tests.bench.bot_latency import RATE
from tests.bench.contenders import BOT
from tests.bench.figures import Row


@dataclass(frozen=True)
class Aim:
    """One aim.

    Attributes:
        what: the figure.
        wanted: what it should be.
        found: what it is.
        met: whether that will do.
    """

    what: str
    wanted: str
    found: str
    met: bool


def aims(found: Found) -> list[Aim]:
    """Judge a run."""
    fifty, hundred, _ = (_bot(found, n) for n in range(len(found.plan.settings)))
    large, waits = found.large, found.latencies
    few, many = f"{fifty.setting.messages:,}", f"{large.setting.messages:,}"
    return [
        _most(f"wall, {fifty.setting.title}", fifty.limits, 1.10, "× the limit"),
        _most(f"wall, {hundred.setting.title}", hundred.limits, 1.20, "× the limit"),
        _most(f"CPU a message, {fifty.setting.title}", fifty.cpu_ms, 0.5, "ms"),
        _most(f"wall of {many} recipients", large.wall / fifty.wall, 10.3, f"× that of {few}"),
        _most(
            f"memory of {many} recipients",
            large.peak_mib / fifty.peak_mib, 1.3, f"× that of {few}",
        ),
        _most("command to POST, p50", waits.post.p50, 8, "ms"),
        _most("command to POST, p95", waits.post.p95, 15, "ms"),
        _most(
            f"command to ack, p99, {RATE} commands a second",
            waits.ack_under_load.p99, 100, "ms",
        ),
    ]  # fmt: skip


def _bot(found: Found, setting: int) -> Row:
    row = found.row(BOT.key, found.plan.settings[setting])
    assert row, "the bot is measured under every setting"
    return row


def _most(what: str, figure: float, limit: float, unit: str) -> Aim:
    return Aim(what, f"at most {limit:g} {unit}", f"{figure:.2f} {unit}", figure <= limit)
