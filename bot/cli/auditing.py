"""`sms-bot audit`: who asked what, as text, JSON or CSV, a row at a time."""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import typer

from bot.auditview import CSV, JSON_LINES, PLAIN, Form, read_options
from bot.cli.database import configured, database_told
from bot.cli.ending import fail, or_exit
from bot.config import Settings, load_settings
from bot.store.audit import Wanted, locate_existing, reading


def report(
    since: str | None, channel: str | None, user: str | None, *, as_json: bool, as_csv: bool
) -> None:
    """Print what the options want, in the one form that they name."""
    if as_json and as_csv:
        fail("--json, --csv: there is one form at a time. Leave one of them out")
    wanted = or_exit(lambda: read_options(since, channel, user, now=datetime.now(UTC)))
    settings = or_exit(load_settings)
    form = JSON_LINES if as_json else CSV if as_csv else PLAIN
    with database_told():
        asyncio.run(_print(settings, wanted, form))


async def _print(settings: Settings, wanted: Wanted, form: Form) -> None:
    url = await locate_existing(configured(settings), settings.sms_data_dir)
    async with reading(url, wanted) as rows:
        with _output_told():
            print(form.head, end="")  # noqa: T201 - the result
            async for row in rows:
                print(form.entry(row), end="")  # noqa: T201 - the result
            print(end="", flush=True)  # noqa: T201 - what is held back may fail too


@contextmanager
def _output_told() -> Iterator[None]:
    """End well if the reader has seen enough, as `head` does; say what else ends the output."""
    try:
        yield
    except OSError as exc:
        # what is held back would fail once more at the interpreter's end, and be told there:
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(exc, BrokenPipeError):
            raise typer.Exit from None
        fail(f"standard output: cannot be written: {exc.strerror}. Mend it, and ask again")
