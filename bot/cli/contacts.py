"""`sms-bot contacts import` and `export`: the directory that is kept in Slack, as CSV."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot import directoryfile
from bot.cli.database import configured, database_told
from bot.cli.ending import fail, give_up, or_exit, say
from bot.config import Config, load
from bot.faults import ConfigFaults, Fault
from bot.store.book import Book
from bot.store.database import locate, open_pool
from commands.imports import Line, plan
from commands.model import Actor, AuditEntry
from commands.rules import Policy

_NOBODY = Actor("cli", "")
_RULE = "who may use sms-bot on the bot's machine"


def take_in(path: Path) -> None:
    """Import a file: all of it, or nothing after a line for each fault."""
    lines = or_exit(lambda: directoryfile.read(path))
    config = or_exit(load)
    with database_told():
        faults = asyncio.run(_take_in(config, lines, path))
    if faults:
        give_up(ConfigFaults(faults))


def give_out() -> None:
    """Print the whole of it."""
    config = or_exit(load)
    with database_told():
        whole = asyncio.run(_read(config))
    directoryfile.write(whole, sys.stdout)


async def _take_in(config: Config, lines: tuple[Line, ...], path: Path) -> list[Fault]:
    async with _opened(config) as book:
        whole = await book.over(config.policy_file.policy)
        changes, wrong = plan(lines, whole)
        if wrong:
            return [Fault(f"{path}, line {w.number}", w.what, w.remedy) for w in wrong]
        detail = f"{len(changes)} entries of the directory"
        entry = AuditEntry(_NOBODY, "import", allowed=True, rule=_RULE, detail=detail)
        if changes and not await book.write_all(changes, whole.edition, entry):
            fail("The directory was changed at the same moment. Nothing was imported; import again")
    say(f"{len(changes)} imported, {len(lines) - len(changes)} were there already")
    return []


async def _read(config: Config) -> Policy:
    async with _opened(config) as book:
        return await book.over(config.policy_file.policy)


@asynccontextmanager
async def _opened(config: Config) -> AsyncIterator[Book]:
    settings = config.settings
    pool = await open_pool(await locate(configured(settings), settings.sms_data_dir))
    try:
        yield Book(pool)
    finally:
        await pool.close()
