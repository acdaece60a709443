"""`sms-bot backup`, `restore` and `move`: the whole database into a file, back, or elsewhere."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg

from bot.cli.database import configured, database_told
from bot.cli.ending import fail, or_exit, say
from bot.config import Settings, load_settings
from bot.store.archive import BadArchiveError, Contents
from bot.store.audit import NoAuditError, locate_existing
from bot.store.backup import NoTablesError, backup
from bot.store.database import locate, why
from bot.store.living import StillRunningError
from bot.store.restore import NotEmptyError, TargetError, move, restore
from bot.store.undone import Undone


def save(path: Path) -> None:
    """Write a backup; the file is there once it is whole, and its owner's alone."""
    settings = or_exit(load_settings)
    if path.exists():
        fail(f"{path}: exists, and is left as it is. Name a new file")
    with database_told(), _told(), _written(path) as file:
        contents = asyncio.run(_save(settings, file))
    say(f"{path}: {_words(contents)}, as of {contents.made}")


def bring_back(path: Path, *, resume: bool) -> None:
    """Restore a backup, and say what of it is not done any more."""
    settings = or_exit(load_settings)
    with database_told(), _told(path), _opened(path) as file:
        contents, undone = asyncio.run(_bring_back(settings, file, resume=resume))
    say(f"Restored: {_words(contents)}, as of {contents.made}")
    for line in _not_done(undone):
        say(line)


def move_to(url: str) -> None:
    """Move to another database, and say what to do then."""
    if not url.startswith(("postgresql://", "postgres://")):
        fail("--to: is not a postgresql:// address. Give that of an empty database")
    settings = or_exit(load_settings)
    with database_told(), _told():
        contents = asyncio.run(_move(settings, url))
    say(f"Moved: {_words(contents)}. Set DATABASE_URL to the new database, and start the bot; "
        "on the old one none starts any more")  # fmt: skip


async def _save(settings: Settings, file: IO[bytes]) -> Contents:
    return await backup(await _existing(settings), file)


async def _bring_back(
    settings: Settings, file: IO[bytes], *, resume: bool
) -> tuple[Contents, Undone]:
    url = await locate(configured(settings), settings.sms_data_dir)
    return await restore(url, file, resume=resume)


async def _move(settings: Settings, target: str) -> Contents:
    return await move(await _existing(settings), target)


async def _existing(settings: Settings) -> str:
    return await locate_existing(configured(settings), settings.sms_data_dir)


@contextmanager
def _told(path: Path | None = None) -> Iterator[None]:
    """Say what stands in the way, and what to do."""
    try:
        yield
    except StillRunningError:
        fail("A bot runs on the database. Stop every process; one that was killed counts for 15 s")
    except (NoAuditError, NoTablesError):
        fail("DATABASE_URL, SMS_DATA_DIR: no bot was ever there. See that they name its database")
    except NotEmptyError as exc:
        fail(f"The database is not empty: there are rows in {exc}. Use a new one; "
             "for the embedded one, move the folder SMS_DATA_DIR away")  # fmt: skip
    except BadArchiveError as exc:
        fail(f"{path}: {exc}. Use another backup; a newer one needs the version that made it")
    except TargetError as exc:
        fail(f"--to: the database cannot be used: {_cause(exc)}. See that it runs, that the URL is "
             "right, and that its user may create tables in it")  # fmt: skip


def _cause(error: TargetError) -> str:
    cause = error.__cause__
    return why(cause) if isinstance(cause, psycopg.Error) else str(cause)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as exc:
        fail(f"{path}: cannot be read ({exc.strerror}). Name a file that `sms-bot backup` wrote")
    with file:
        yield file


@contextmanager
def _written(path: Path) -> Iterator[IO[bytes]]:
    """Give a file that has its name once the block has ended well, and is gone otherwise."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".sms-bot-", delete=False) as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                Path(file.name).rename(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as exc:
        fail(f"{path}: cannot be written ({exc.strerror}). Name another place, or make room")


def _words(contents: Contents) -> str:
    counts = {table.name: table.rows for table in contents.tables}
    sends, pages = counts.get("send", 0), counts.get("page", 0)
    return f"{sends:,} sends, {pages:,} pages, {contents.rows:,} rows in all"


def _not_done(undone: Undone) -> Iterator[str]:
    if undone.sends:
        yield f"{undone.sends} recipients were queued, and are called off; --resume sends to them"
    if undone.pages:
        yield f"{undone.pages} open pages are closed; --resume goes on with them"
    if undone.questions:
        yield f"{undone.questions} open questions have ended"
    if undone.doubts:
        yield f"{undone.doubts} recipients were being sent to, and are looked for at Twilio"
