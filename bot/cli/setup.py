"""`sms-bot init` and `sms-bot check`: files to start from, and what is wrong with them."""

import asyncio
import json
from pathlib import Path

import psycopg
import typer

from bot import doctor
from bot.cli.database import configured
from bot.cli.ending import fail, say
from bot.config import Settings
from bot.starters import write_starters
from bot.store.database import locate
from bot.store.facts import Facts, read_facts


def write() -> None:
    """Write the files that are not there yet."""
    try:
        starters = write_starters(Path.cwd())
    except OSError as exc:
        fail(f"{exc.filename}: cannot be written ({exc.strerror}). Go to a folder of your own")
    for path, written in starters:
        say(f"{path.name}: {'written' if written else 'exists, left as it is'}")


def examine(*, as_json: bool) -> None:
    """Print a line for each look, or one JSON object, and exit with 1 if not all is well."""
    checks = asyncio.run(doctor.examine(_look))
    if as_json:
        print(json.dumps(doctor.report(checks), ensure_ascii=False))  # noqa: T201 - the result
    else:
        for found in checks:
            print(_line(found))  # noqa: T201 - as above
    raise typer.Exit(0 if all(found.ok for found in checks) else 1)


async def _look(settings: Settings) -> Facts:
    url = await locate(configured(settings), settings.sms_data_dir)
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=10) as conn:
        return await read_facts(conn)


def _line(found: doctor.Check) -> str:
    """Write a check: each further line of what was found, and each remedy, below it."""
    word = ("warn" if found.remedy else "ok  ") if found.ok else "FAIL"
    detail = found.detail.replace("\n", "\n     ")
    remedies = [f"\n     → {line}" for line in found.remedy.splitlines()]
    return f"{word} {found.name}: {detail}{''.join(remedies)}"
