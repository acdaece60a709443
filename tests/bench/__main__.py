"""Measure the bot beside what one could send with instead: `make bench`.

Writes bench.json, bench.md and bench.svg, and prints the summary. Nothing here asserts: figures
are for people to read.
"""

import argparse
import asyncio
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from tests.bench.aims import aims
from tests.bench.bench import Found, Plan, measure
from tests.bench.local import ROOT, BrokenError
from tests.bench.plot import plot
from tests.bench.report import report, summary, verdicts

_DIGITS = 4


def _arguments() -> argparse.Namespace:
    whole = Plan()
    parser = argparse.ArgumentParser("python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=whole.rounds, help="runs of each contender")
    parser.add_argument("--messages", type=int, default=whole.messages, help="of each run")
    parser.add_argument("--large", type=int, default=whole.large, help="recipients")
    parser.add_argument("--large-rounds", type=int, default=whole.large_rounds)
    parser.add_argument("--commands", type=int, default=whole.commands, help="one at a time")
    parser.add_argument("--seconds", type=float, default=whole.seconds, help="of commands")
    parser.add_argument("--out", type=Path, default=ROOT / "docs", help="folder")
    return parser.parse_args()


def main() -> None:
    """Measure, write, print."""
    given = vars(_arguments())
    out: Path = given.pop("out")
    found = asyncio.run(_unless_left(Plan(**given)))
    if found is None:
        sys.exit("Stopped: nothing is written")
    judged = [asdict(aim) for aim in aims(found)]
    whole = _rounded({**asdict(found), "aims": judged})
    (out / "bench.json").write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    (out / "bench.md").write_text(report(found), encoding="utf-8")
    (out / "bench.svg").write_text(plot(found), encoding="utf-8")
    print(f"\n{summary(found)}\n\n{verdicts(found)}\n\nThe rest is in {out / 'bench.md'}")


async def _unless_left(plan: Plan) -> Found | None:
    """Measure; None: the person or a signal has ended it, and everything is tidied."""
    work = asyncio.create_task(measure(plan))

    def leave() -> None:
        if not work.cancelling():  # a second Ctrl-C must not cut the tidying short
            work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, leave)
    await asyncio.wait({work})
    if work.cancelled():
        return None
    if isinstance(broken := work.exception(), BrokenError):
        sys.exit(f"The bench has failed: {broken}")
    return work.result()


def _rounded(value: object) -> object:
    """Cut floats to what can be meant by them."""
    match value:
        case float():
            return round(value, _DIGITS)
        case dict():
            return {name: _rounded(each) for name, each in value.items()}
        case list() | tuple():
            return [_rounded(each) for each in value]
        case _:
            return value


if __name__ == "__main__":
    main()
