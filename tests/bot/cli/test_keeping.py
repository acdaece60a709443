"""`sms-bot backup`, `restore` and `move`."""

import json
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from bot.store import embedded
from tests.bot.cli.kit import Shell
from tests.bot.store.filled import FIFTH, FIRST, FOURTH, add, make

NOWHERE = "http://127.0.0.1:1/"


@pytest.fixture
def bot(shell: Shell) -> Shell:
    """A shell whose bot has an embedded database, not made yet."""
    shell.environ |= {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "SLACK_API_URL": NOWHERE,
        "TWILIO_URL": NOWHERE,
    }
    return shell


@pytest.fixture
async def full(bot: Shell, empty_database: str) -> Shell:
    """A shell whose bot has a database with rows."""
    await fill(empty_database)
    bot.environ["DATABASE_URL"] = empty_database
    return bot


@pytest.fixture
def data_dir(bot: Shell) -> Iterator[Path]:
    """Where the embedded database of the bot is to live."""
    with folder() as made:
        bot.environ["SMS_DATA_DIR"] = str(made)
        yield made


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Another embedded server, as one that is external."""
    with folder() as made:
        server = embedded.start(made)
        yield server.url
        server.stop()


@contextmanager
def folder() -> Iterator[Path]:
    # pytest closes its own to other users; for root, the server is one
    with tempfile.TemporaryDirectory(prefix="sms-bot-", ignore_cleanup_errors=True) as made:
        yield Path(made)


async def fill(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await make(conn, "0001")
        await conn.execute(FIRST)
        await add(conn, "0002", "0003", "0004")
        await conn.execute(FOURTH.encode())
        await add(conn, "0005")
        await conn.execute(FIFTH)


def counted(url: str) -> tuple[int, int]:
    with psycopg.connect(url) as conn:
        [(sends, queued)] = conn.execute(
            "SELECT (SELECT count(*) FROM send),"
            " (SELECT count(*) FROM delivery WHERE state = 'queued')"
        ).fetchall()
    return sends, queued


async def test_a_backup_of_one_database_is_restored_into_the_embedded_one(
    full: Shell, data_dir: Path
) -> None:
    done = await full.real("backup", "kept.zip")
    assert (done.code, done.out) == (0, "")
    assert "kept.zip: 3 sends, 4 pages" in done.err
    assert stat.S_IMODE((full.folder / "kept.zip").stat().st_mode) == 0o600
    assert [path.name for path in full.folder.iterdir() if "zip" in path.name] == ["kept.zip"]
    restored = await full.real("restore", "kept.zip", DATABASE_URL="")
    assert (restored.code, restored.out) == (0, "")
    first, *rest = restored.err.splitlines()
    assert first.startswith("Restored: 3 sends, 4 pages")
    assert [line.partition(",")[0] for line in rest] == [
        "3 recipients were queued",
        "1 open pages are closed; --resume goes on with them",
        "2 open questions have ended",
        "1 recipients were being sent to",
    ]
    server = embedded.start(data_dir)
    assert counted(server.url) == (3, 0)
    server.stop()
    again = await full("restore", "kept.zip", DATABASE_URL="")
    assert again.code == 2
    assert "The database is not empty: there are rows in page, send, " in again.err


async def test_the_embedded_database_moves_to_an_external_one(
    bot: Shell, data_dir: Path, elsewhere: str
) -> None:
    server = embedded.start(data_dir)
    await fill(server.url)
    server.stop()
    done = await bot.real("move", "--to", elsewhere)
    assert (done.code, done.out) == (0, "")
    assert "Moved: 3 sends, 4 pages" in done.err
    assert counted(elsewhere) == (3, 3)
    again = await bot("move", SMS_MOVE_TO=elsewhere)
    assert again.code == 2
    assert "everything in this database was moved to another one" in again.err
    # the bot of the new one starts where the other has stopped, and none on what is left
    listed = await bot("contacts", "export", DATABASE_URL=elsewhere)
    assert listed.code == 2  # no sms.toml: it is read before
    (bot.folder / "sms.toml").write_text("", encoding="utf-8")
    listed = await bot("contacts", "export", DATABASE_URL=elsewhere)
    assert "Alice,+16175550001,U1," in listed.out
    left = await bot("contacts", "export")
    assert left.code == 2
    assert "Set DATABASE_URL to that one" in left.err


async def test_no_file_is_overwritten(full: Shell) -> None:
    (full.folder / "kept.zip").write_text("mine", encoding="utf-8")
    done = await full("backup", "kept.zip")
    assert (done.code, done.err) == (2, "kept.zip: exists, and is left as it is. Name a new file\n")
    assert (full.folder / "kept.zip").read_text(encoding="utf-8") == "mine"


async def test_where_no_file_can_be_written_that_is_told(full: Shell) -> None:
    done = await full("backup", "gone/kept.zip")
    assert done.code == 2
    assert "gone/kept.zip: cannot be written (No such file or directory)" in done.err


async def test_without_a_database_nothing_is_written(bot: Shell) -> None:
    done = await bot("backup", "kept.zip")
    assert done.code == 2
    assert "no bot was ever there" in done.err
    assert list(bot.folder.iterdir()) == []
    unreachable = "postgresql://u:hidden@127.0.0.1:1/x"
    done = await bot("backup", "kept.zip", DATABASE_URL=unreachable)
    assert done.code == 2
    assert "nothing listens there" in done.err
    assert list(bot.folder.iterdir()) == []


async def test_what_is_no_backup_is_told(full: Shell) -> None:
    (full.folder / "notes.txt").write_text("mine", encoding="utf-8")
    done = await full("restore", "notes.txt")
    assert done.code == 2
    assert done.err.startswith("notes.txt: is no backup of sms-bot, or not a whole one. Use")
    done = await full("restore", "gone.zip")
    assert done.code == 2
    assert "gone.zip: cannot be read (No such file or directory)" in done.err


async def test_under_a_running_bot_nothing_is_moved(full: Shell) -> None:
    with psycopg.connect(full.environ["DATABASE_URL"]) as conn:
        conn.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    done = await full("move", "--to", "postgresql://127.0.0.1:1/x")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("A bot runs on the database. Stop every process")


async def test_where_to_move_is_checked_and_never_shown(full: Shell) -> None:
    done = await full("move", SMS_MOVE_TO="mysql://u:hidden@host/x")
    assert done.code == 2
    assert done.err.startswith("--to: is not a postgresql:// address")
    done = await full("move", SMS_MOVE_TO="postgresql://u:hidden@127.0.0.1:1/x")
    assert done.code == 2
    assert "--to: the database cannot be used: nothing listens there" in done.err
    assert "hidden" not in done.err


async def test_a_backup_can_be_read_without_the_bot(full: Shell, tmp_path: Path) -> None:
    await full("backup", "kept.zip")
    with zipfile.ZipFile(tmp_path / "kept.zip") as kept:
        assert json.loads(kept.read("backup.json"))["format"] == 1
        assert b"Water" in kept.read("send.copy")
