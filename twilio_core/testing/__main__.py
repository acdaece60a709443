"""The fake as a process: prints one JSON line with its address and secrets, then serves."""

import argparse
import asyncio
import json
import signal
import sys
from typing import TextIO

from twilio_core.testing.server import FakeTwilio


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m twilio_core.testing", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--step", type=float, help="seconds between two states of a delivery")
    parser.add_argument("--limit", type=int, help="POSTs at once before 429")
    parser.add_argument("--verified", default="", help="verified numbers, comma-separated")
    return parser.parse_args(argv)


async def serve(options: argparse.Namespace, out: TextIO) -> None:
    """Serve until SIGINT or SIGTERM, after one line on `out`."""
    over = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, over.set)
    verified = [(each, each) for each in options.verified.split(",") if each]
    fake = FakeTwilio(
        port=options.port,
        latency=options.latency,
        step=options.step,
        limit=options.limit,
        verified=verified,
    )
    async with fake as twilio:
        facts = {
            "url": twilio.url,
            "account_sid": twilio.account_sid,
            "auth_token": twilio.auth_token,
            "api_key": twilio.api_key,
            "api_secret": twilio.api_secret,
        }
        out.write(json.dumps(facts) + "\n")
        out.flush()
        await over.wait()


def main(argv: list[str] | None = None, out: TextIO = sys.stdout) -> None:
    """Read the options and serve."""
    asyncio.run(serve(_arguments(argv), out))


if __name__ == "__main__":  # pragma: no cover - a test runs it as a process of its own
    main()
