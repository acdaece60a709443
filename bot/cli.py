"""The command line: `sms-bot run | worker | init | check | send | recipients | demo`.

Standard output carries results only; everything else goes to standard error.
"""

import asyncio
import io
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import psycopg
import typer
from rich.console import Console

from bot import logs
from bot.app import running
from bot.config import Config, Settings, TwilioInputs, load, twilio_inputs
from bot.doctor import Check, examine
from bot.faults import ConfigFaults
from bot.starters import write_starters
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
        asyncio.run(_until_told(config, listens=listens))
    except ConfigFaults as faults:
        _give_up(faults)
    except CannotStartError as exc:
        _fail(f"SMS_DATA_DIR: no embedded database: {exc}. Mend it, or set DATABASE_URL")
    except SchemaTooNewError as exc:
        _fail(f"DATABASE_URL: {exc}. Start that version, or use another database")
    except psycopg.Error as exc:
        _fail(f"DATABASE_URL: the database cannot be used: {why(exc)}. "
              "See that it runs and that the URL is right; `sms-bot check` tells")  # fmt: skip
    except CannotListen as exc:
        _fail(
            f"HOST, PORT: cannot listen: {exc.strerror}. Choose another PORT, or stop what has it"
        )


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
