"""`sms-bot run` and `sms-bot worker`: the bot until it is told to stop."""

import asyncio
import signal

from bot import logs
from bot.app import running
from bot.cli.database import database_told
from bot.cli.ending import fail, give_up, or_exit
from bot.config import Config, load
from bot.faults import ConfigFaults
from bot.web import CannotListen


def serve(*, listens: bool) -> None:
    """Run the bot, or with `listens` False a worker alone."""
    config = or_exit(load)
    logs.configure(config.settings, secrets=config.alert_tokens)
    try:
        with database_told():
            asyncio.run(_until_told(config, listens=listens))
    except ConfigFaults as faults:
        give_up(faults)
    except CannotListen as exc:
        fail(f"HOST, PORT: cannot listen: {exc.strerror}. Choose another PORT, or stop what has it")


async def _until_told(config: Config, *, listens: bool) -> None:
    """Run until SIGTERM or SIGINT; a second one does not hurry it."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with running(config, listens=listens, stopping=stopping):
        await stopping.wait()
