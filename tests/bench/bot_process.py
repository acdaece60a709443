"""The bot as `sms-bot run` has it, but with a number in flight of the bench's choice.

Reads its folder, its environment and that number as one JSON line; prints its address; runs until
SIGTERM.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path

from bot import logs
from bot.app import running
from bot.config import Config, load


async def _until_told(config: Config, in_flight: int) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with running(config, stopping=stopping, in_flight=in_flight) as bot:
        print(json.dumps({"address": bot.address}), flush=True)
        await stopping.wait()


if __name__ == "__main__":
    told = json.loads(sys.stdin.readline())
    found = load(told["environ"], Path(told["folder"]))
    logs.configure(found.settings)
    asyncio.run(_until_told(found, told["in_flight"]))
