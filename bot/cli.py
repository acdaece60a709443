"""The command line: `sms-bot run | worker | init | check | send | recipients | audit | demo`.

Standard output carries results only; everything else goes to standard error.
"""

import asyncio
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import psycopg
import typer
from rich.console import Console

from bot import logs
from bot.app import running
from bot.auditview import CSV, JSON_LINES, PLAIN, Form, read_options
from bot.config import Config, Settings, TwilioInputs, load, load_settings, twilio_inputs
from bot.doctor import Check, examine
from bot.faults import ConfigFaults
from bot.starters import write_starters
from bot.store.audit import NoAuditError, Wanted, locate_existing, reading
from bot.store.database import locate, why
from bot.store.embedded import CannotStartError
from bot.store.migrate import SchemaTooNewError
from bot.web import CannotListen
from twilio_core.activity import Result, execute

app = typer.Typer(
    name="sms-bot",
    help="SMS from Slack that people trust at three in the morning.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

T = TypeVar("T")

_EXITS = {"Success": 0, "Partial-Success": 1}
_FAILED = 2


@app.command()
def run() -> None:
    """Run the bot: Slack, HTTP listener and job worker in one process."""
    _serve(listens=True)


@app.command()
def worker() -> None:
    """Run a job worker alone, against the same DATABASE_URL."""
    _serve(listens=False)


@app.command()
def init() -> None:
    """Write a commented sms.toml and .env to start from; never overwrite."""
    try:
        starters = write_starters(Path.cwd())
    except OSError as exc:
        _fail(f"{exc.filename}: cannot be written ({exc.strerror}). Go to a folder of your own")
    for path, written in starters:
        _err.print(f"{path.name}: {'written' if written else 'exists, left as it is'}")


@app.command()
def check() -> None:
    """Look at configuration, Slack, Twilio and database, and say how to mend what is wrong."""
    checks = asyncio.run(examine(_connect_database))
    for found in checks:
        print(_line(found))  # noqa: T201 - the result
    raise typer.Exit(0 if all(found.ok for found in checks) else 1)


@app.command()
def send(
    to: Annotated[str, typer.Option(help="Numbers, separated by commas.")] = "",
    body: Annotated[str, typer.Option(help="The text.")] = "",
    sender: Annotated[str | None, typer.Option("--from", help="Instead of TWILIO_FROM.")] = None,
) -> None:
    """Send at once, without Slack or database; print one JSON object."""
    _activity("Send SMS", messageBody=body, to=to, sender=sender)


@app.command()
def recipients() -> None:
    """Print the account's verified numbers as one JSON object."""
    _activity("Retrieve Recipients")


@app.command()
def audit(
    *,
    since: Annotated[
        str | None, typer.Option(help="How far back: 24h, 7d; or a date in UTC.", metavar="WHEN")
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Only this one.", metavar="ID")] = None,
    user: Annotated[str | None, typer.Option(help="Only this one.", metavar="ID")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, one object a line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, with a header.")] = False,
) -> None:
    """Print who asked what, where, and which rule decided, oldest first."""
    if as_json and as_csv:
        _fail("--json, --csv: there is one form at a time. Leave one of them out")
    wanted = _or_exit(lambda: read_options(since, channel, user, now=datetime.now(UTC)))
    settings = _or_exit(load_settings)
    with _database_told():
        asyncio.run(
            _print_audit(settings, wanted, JSON_LINES if as_json else CSV if as_csv else PLAIN)
        )


@app.command()
def demo() -> None:
    """Hold a conversation with the whole bot, a local Slack and a local Twilio: no account."""
    from bot.sandbox.demo import main as demonstrate  # noqa: PLC0415 - nobody else needs it

    demonstrate()


def main() -> None:
    """Run the command line."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a report must not end at an arrow or an ellipsis
        sys.stdout.reconfigure(errors="replace")
    app()


def _activity(method: str, *, sender: str | None = None, **inputs: str) -> None:
    given = _or_exit(twilio_inputs)
    result = asyncio.run(_execute(given, method, sender, inputs))
    # ASCII alone: what was sent must be told on any terminal, whatever its encoding
    print(json.dumps(result.as_json()))  # noqa: T201 - the result
    raise typer.Exit(_EXITS.get(result.status, _FAILED))


async def _execute(
    given: TwilioInputs, method: str, sender: str | None, inputs: dict[str, str]
) -> Result:
    whole = {
        "accountSid": given.account_sid,
        "authToken": given.auth_token,
        "urlString": given.url,
        "method": method,
        "from": given.sender if sender is None else sender,
        **inputs,
    }
    key = (given.api_key.strip(), given.api_secret.strip())
    return await execute(whole, api_key=key if all(key) else None)


def _serve(*, listens: bool) -> None:
    config = _or_exit(load)
    logs.configure(config.settings)
    try:
        with _database_told():
            asyncio.run(_until_told(config, listens=listens))
    except ConfigFaults as faults:
        _give_up(faults)
    except CannotListen as exc:
        _fail(
            f"HOST, PORT: cannot listen: {exc.strerror}. Choose another PORT, or stop what has it"
        )


@contextmanager
def _database_told() -> Iterator[None]:
    """Say what is wrong with the database, and what to do, if that ends the block."""
    try:
        yield
    except CannotStartError as exc:
        _fail(f"SMS_DATA_DIR: no embedded database: {exc}. Mend it, or set DATABASE_URL")
    except SchemaTooNewError as exc:
        _fail(f"DATABASE_URL: {exc}. Start that version, or use another database")
    except NoAuditError:
        _fail("DATABASE_URL, SMS_DATA_DIR: there is no audit yet. "
              "`sms-bot run` makes it; see that both use the same database")  # fmt: skip
    except psycopg.Error as exc:
        _fail(f"DATABASE_URL: the database cannot be used: {why(exc)}. "
              "See that it runs and that the URL is right; `sms-bot check` tells")  # fmt: skip


async def _until_told(config: Config, *, listens: bool) -> None:
    """Run until SIGTERM or SIGINT; a second one does not hurry it."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with running(config, listens=listens, stopping=stopping):
        await stopping.wait()


async def _connect_database(settings: Settings) -> str:
    configured = settings.database_url.get_secret_value() if settings.database_url else ""
    url = await locate(configured, settings.sms_data_dir)
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=10) as conn:
        version = conn.info.server_version // 10_000
    return f"PostgreSQL {version}" + ("" if configured else ", embedded")


async def _print_audit(settings: Settings, wanted: Wanted, form: Form) -> None:
    configured = settings.database_url.get_secret_value() if settings.database_url else ""
    url = await locate_existing(configured, settings.sms_data_dir)
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
        _fail(f"standard output: cannot be written: {exc.strerror}. Mend it, and ask again")


def _line(found: Check) -> str:
    line = f"{'ok  ' if found.ok else 'FAIL'} {found.name}: {found.detail}"
    return line if found.ok or not found.remedy else f"{line}\n     → {found.remedy}"


def _or_exit(read: Callable[[], T]) -> T:
    try:
        return read()
    except ConfigFaults as faults:
        _give_up(faults)


def _give_up(faults: ConfigFaults) -> NoReturn:
    for fault in faults.faults:
        _err.print(str(fault))
    raise typer.Exit(_FAILED)


def _fail(text: str) -> NoReturn:
    _err.print(text)
    raise typer.Exit(_FAILED)
