"""The run as docs/bench.md: tables, and what was the same for everybody."""

from collections.abc import Iterable, Sequence

from tests.bench.aims import aims
from tests.bench.bench import REFUSES_ABOVE, Found
from tests.bench.bot_latency import IN_FLIGHT, LATENCY, RATE
from tests.bench.contenders import BOT, CEILING, CONTENDERS, Contender
from tests.bench.figures import Quantiles, Row, Setting

_NONE = "–"
_EVERYBODY = (*CONTENDERS, CEILING)
_CONDITIONS = """\
The same for everybody: the local Twilio is a process of its own and speaks HTTP without TLS; each
round has a new one, which serves everybody in turn, and each begins with another contender. Each
run is a new process, which sends one message that is not counted before the clock starts. CPU is
that of the sending process alone; memory is what it has resident at the most, its programs
included. What arrived is counted in Twilio's own list. All share the machine's cores with Twilio.

The bot's clock runs from the command in Slack until its ledger has everybody's answer; its CPU and
memory include the ack, the ledger and the cards. Its database is PostgreSQL on the same machine,
empty at the start. The others keep nothing. httpx with its defaults has no number in flight: it
is given every message at once. The `twilio` package's clients try nothing again, which is their
default.
"""


def report(found: Found) -> str:
    """Write the page."""
    machine = found.machine
    libraries = ", ".join(f"{name} {number}" for name, number in machine.libraries.items())
    where = (
        f"By `make bench` on {found.date} UTC: {machine.cores} cores, {machine.system}, "
        f"Python {machine.python}, {libraries}. Medians of {found.plan.rounds}."
    )
    parts = [
        "# Measured",
        where,
        summary(found),
        "![Seconds for everybody](bench.svg)",
        *_aims(found),
        "## What is compared",
        _CONDITIONS.rstrip(),
        *(part for setting in found.plan.settings for part in _setting(found, setting)),
        *_refused(found),
        *_large(found),
        *_latencies(found),
    ]
    return "\n\n".join(parts) + "\n"


def summary(found: Found) -> str:
    """Write the table for a README."""
    settings = found.plan.settings
    first = settings[0]
    head = [
        f"{first.messages:,} messages",
        *(each.title for each in settings),
        "CPU a message",
        "memory",
        "lost, doubled¹",
    ]
    lines = []
    for each in _EVERYBODY:
        walls = (found.row(each.key, setting) for setting in settings)
        row = found.row(each.key, first)
        refused = next((r for r in found.refused if r.contender == each.key), None)
        lines.append([
            _label(each),
            *(f"{_seconds(wall)}{wall.shortfall if wall else ''}" for wall in walls),
            f"{row.cpu_ms:.2f} ms" if row else _NONE,
            f"{row.peak_mib:.0f} MiB" if row else _NONE,
            f"{_lost(refused)}, {refused.doubled}" if refused else _NONE,
        ])  # fmt: skip
    limits = [f"{each.limit:.2f} s" if each.limit else _NONE for each in settings]
    lines.append(["the limit N·latency/C", *limits, _NONE, _NONE, _NONE])
    note = (
        f"CPU and memory at {first.title}. ¹ Of {first.messages:,} messages, with "
        f"{found.plan.refusing.in_flight} in flight to a Twilio that refuses above {REFUSES_ABOVE}."
    )
    return f"{_table(head, lines)}\n\n{note}"


def verdicts(found: Found) -> str:
    """Write the table of the aims."""
    lines = [
        [aim.what, aim.wanted, aim.found, "yes" if aim.met else "**no**"] for aim in aims(found)
    ]
    return _table(["aim", "wanted", "found", "met"], lines)


def _aims(found: Found) -> Iterable[str]:
    return "## Aims", verdicts(found)


def _setting(found: Found, setting: Setting) -> Iterable[str]:
    rows = [(each, found.row(each.key, setting)) for each in _EVERYBODY]
    yield f"## {setting.title}"
    yield f"{setting.messages:,} messages. {_ceiling(found, setting)}"
    head = ["", "wall", "each", "× the limit" if setting.limit else "messages a second"]
    yield _table(
        [*head, "CPU a message", "memory", "Twilio busy", "arrived", "doubled"],
        [[_label(each), *_figures(row)] for each, row in rows if row],
    )
    if bot := found.row(BOT.key, setting):
        yield f"The bot's PostgreSQL takes {bot.database_cpu_ms:.2f} ms CPU a message beside that."


def _ceiling(found: Found, setting: Setting) -> str:
    row = found.row(CEILING.key, setting)
    assert row, "the ceiling is measured under every setting"
    if setting.limit:
        return (
            f"The limit is {setting.limit:.2f} s; bare sockets that are kept open need "
            f"{row.limits:.2f} times that, so what is above 1 there is the local Twilio's own."
        )
    return (
        f"The local Twilio answers {setting.messages / row.wall:,.0f} POSTs a second at the most, "
        "to bare sockets that are kept open."
    )


def _figures(row: Row) -> list[str]:
    speed = f"{row.limits:.2f}" if row.limits else f"{row.setting.messages / row.wall:,.0f}"
    return [
        _seconds(row),
        " ".join(f"{wall:.2f}" for wall in row.walls),
        speed,
        f"{row.cpu_ms:.2f} ms",
        f"{row.peak_mib:.0f} MiB",
        f"{row.twilio_busy:.0%}",
        f"{row.arrived:,}",
        f"{row.doubled:,}",
    ]


def _refused(found: Found) -> Iterable[str]:
    setting = found.plan.refusing
    yield f"## A Twilio that refuses above {REFUSES_ABOVE} at once"
    yield (
        f"{setting.messages:,} messages, {setting.title}, once; what is above is answered with "
        "429 and error 20429."
    )
    labels = {each.key: _label(each) for each in _EVERYBODY}
    yield _table(
        ["", "lost", "doubled", "wall"],
        [
            [labels[row.contender], _lost(row), f"{row.doubled:,}", _seconds(row)]
            for row in found.refused
        ],
    )


def _large(found: Found) -> Iterable[str]:
    large = found.large
    small = found.row(BOT.key, found.plan.settings[0])
    yield f"## {large.setting.messages:,} recipients"
    yield f"The bot, {large.setting.title}, the median of {len(large.walls)}."
    yield _table(
        ["recipients", "wall", "× the limit", "CPU a message", "PostgreSQL's", "memory", "lost"],
        [
            [
                f"{row.setting.messages:,}",
                _seconds(row),
                f"{row.limits:.2f}",
                f"{row.cpu_ms:.2f} ms",
                f"{row.database_cpu_ms:.2f} ms",
                f"{row.peak_mib:.0f} MiB",
                _lost(row),
            ]
            for row in (small, large)
            if row
        ],
    )


def _latencies(found: Found) -> Iterable[str]:
    waits = found.latencies
    yield "## How soon the bot answers"
    yield (
        f"One command at a time, a Twilio of 0 ms; and {RATE} commands a second for "
        f"{waits.seconds:.0f} s, one recipient each, a Twilio of {LATENCY * 1000:.0f} ms and "
        f"{IN_FLIGHT} in flight, counted from when each was due: of {waits.ack_under_load.count} "
        f"messages {waits.fate.lost} were lost and {waits.fate.doubled} doubled. From start to "
        f"ready on an empty database: {waits.start_to_ready_s:.2f} s."
    )
    yield _table(
        ["", "p50", "p95", "p99"],
        [
            ["command to ack", *_quantiles(waits.ack)],
            ["command to POST at Twilio", *_quantiles(waits.post)],
            [f"command to ack, {RATE} a second", *_quantiles(waits.ack_under_load)],
        ],
    )


def _label(contender: Contender) -> str:
    return f"**{contender.label}**" if contender is BOT else contender.label


def _seconds(row: Row | None) -> str:
    return f"{row.wall:.2f} s" if row else _NONE


def _lost(row: Row) -> str:
    return f"{row.setting.messages - row.arrived:,}"


def _quantiles(found: Quantiles) -> list[str]:
    return [f"{each:.1f} ms" for each in (found.p50, found.p95, found.p99)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table that is readable in a terminal as well."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [
        [cells[0].ljust(widths[0]), *map(str.rjust, cells[1:], widths[1:])]
        for cells in (head, rule, *rows)
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
