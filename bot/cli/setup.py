"""`sms-bot init` and `sms-bot check`: files to start from, and what is wrong with them."""

import asyncio
from pathlib import Path

import psycopg
import typer

from bot import doctor
from bot.cli.database import configured
from bot.cli.ending import fail, say
from bot.config import Settings
from bot.starters import write_starters
from bot.store.database import locate


def write() -> None:
    """Write the files that are not there yet."""
    try:
        starters = write_starters(Path.cwd())
    except OSError as exc:
        fail(f"{exc.filename}: cannot be written ({exc.strerror}). Go to a folder of your own")
    for path, written in starters:
        say(f"{path.name}: {'written' if written else 'exists, left as it is'}")


def examine() -> None:
    """Print a line for each look, and exit with 1 if not all is well."""
    checks = asyncio.run(doctor.examine(_connect))
    for found in checks:
        print(_line(found))  # noqa: T201 - the result
    raise typer.Exit(0 if all(found.ok for found in checks) else 1)


async def _connect(settings: Settings) -> str:
    ours = configured(settings)
    url = await locate(ours, settings.sms_data_dir)
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=10) as conn:
        version = conn.info.server_version // 10_000
    return f"PostgreSQL {version}" + ("" if ours else ", embedded")


def _line(found: doctor.Check) -> str:
    line = f"{'ok  ' if found.ok else 'FAIL'} {found.name}: {found.detail}"
    return line if found.ok or not found.remedy else f"{line}\n     → {found.remedy}"
