import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from structlog.testing import capture_logs

from bot.revive import revive
from bot.store import embedded
from tests.bot.kit import Eventually


@pytest.fixture
def folder() -> Iterator[Path]:
    # pytest closes its own folders to other users, and for root the server is one
    made = Path(tempfile.mkdtemp(prefix="sms-bot-test-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def asked(url: str) -> int:
    with psycopg.connect(url) as conn:
        [(answer,)] = conn.execute("SELECT 42").fetchall()
    return int(answer)


def test_what_was_stored_is_there_after_a_restart(folder: Path) -> None:
    first = embedded.start(folder)
    with psycopg.connect(first.url) as conn:
        conn.execute("CREATE TABLE kept (it text)")
    first.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(first.url)
    second = embedded.start(folder)
    with psycopg.connect(second.url) as conn:
        assert conn.execute("SELECT count(*) FROM kept").fetchall() == [(0,)]
    second.stop()


def test_a_second_start_joins_the_server_that_runs(folder: Path) -> None:
    first, second = embedded.start(folder), embedded.start(folder)
    assert second.url == first.url
    first.stop()
    second.stop()


@pytest.mark.parametrize("name", ["with a blank", "x" * 130, "both " * 30])
def test_a_folder_may_have_blanks_and_a_long_name(folder: Path, name: str) -> None:
    data = folder / name.strip()
    first = embedded.start(data)
    assert asked(first.url) == 42
    second = embedded.start(data)
    assert asked(second.url) == 42
    first.stop()
    second.stop()


def test_a_closed_folder_above_the_data_is_not_opened_for_listing(folder: Path) -> None:
    folder.chmod(0o700)
    server = embedded.start(folder / "deep" / "data")
    assert asked(server.url) == 42
    server.stop()
    assert folder.stat().st_mode & 0o066 == 0


def test_a_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(embedded.CannotStartError, match="file cannot be used"):
        embedded.start(folder / "file")


def test_a_server_that_does_not_start_names_its_log(folder: Path) -> None:
    embedded.start(folder).stop()
    settings = folder / "postgres" / "postgresql.conf"
    settings.write_text(settings.read_text() + "\nshared_buffers = nonsense\n")
    with pytest.raises(embedded.CannotStartError, match=r"does not start; see .*/postgres/log"):
        embedded.start(folder)


def test_a_server_that_was_left_leaves_nothing_behind_at_the_end(folder: Path) -> None:
    script = (
        "import shutil, sys; from pathlib import Path; from bot.store import embedded\n"
        "embedded.start(Path(sys.argv[1])).stop(); shutil.rmtree(sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", script, str(folder)], check=True)
    assert not folder.exists()


def test_a_process_that_was_killed_does_not_keep_the_server_running(folder: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from bot.store import embedded\n"
        "embedded.start(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
    server = embedded.start(folder)
    server.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url)


def test_a_killed_server_whose_number_is_another_programs_by_now_starts_again(
    folder: Path,
) -> None:
    """As in a container, where numbers begin anew at each start."""
    embedded.start(folder).stop()
    _start_beside(folder, os.getpid())


def test_a_killed_server_whose_number_is_a_threads_by_now_starts_again(folder: Path) -> None:
    embedded.start(folder).stop()
    with ThreadPoolExecutor() as pool:
        _start_beside(folder, pool.submit(threading.get_native_id).result())


def test_a_killed_server_whose_number_is_another_servers_by_now_starts_again(
    folder: Path,
) -> None:
    embedded.start(folder / "one").stop()
    other = embedded.start(folder / "two")
    mark = (folder / "two" / "postgres" / "postmaster.pid").read_text()
    _start_beside(folder / "one", int(mark.split()[0]))
    assert asked(other.url) == 42
    other.stop()


def _start_beside(folder: Path, number: int) -> None:
    mark = folder / "postgres" / "postmaster.pid"
    mark.write_text(f"{number}\n{mark.parent}\n1\n5432\n{mark.parent}\n\n1 1\nready\n")
    again = embedded.start(folder)
    assert asked(again.url) == 42
    again.stop()


@pytest.mark.parametrize("whole", [0, 1, 3, 6])
def test_a_server_whose_mark_a_power_cut_left_unfinished_starts_again(
    folder: Path, whole: int
) -> None:
    embedded.start(folder).stop()
    mark = folder / "postgres" / "postmaster.pid"
    lines = [str(_nobodys_number()), str(mark.parent), "1", "5432", str(mark.parent), ""]
    mark.write_text("".join(f"{line}\n" for line in lines[:whole]))
    (mark.parent / ".s.PGSQL.5432.lock").touch()
    again = embedded.start(folder)
    assert asked(again.url) == 42
    again.stop()


def _nobodys_number() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


async def test_a_server_that_is_killed_is_started_again_and_stopped_in_the_end(
    folder: Path, eventually: Eventually
) -> None:
    server = embedded.start(folder)
    with psycopg.connect(server.url) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 42 AS it")
    reviving = asyncio.create_task(revive(folder, every=0.1))
    mark = folder / "postgres" / "postmaster.pid"
    killed = int(mark.read_text().split()[0])
    os.kill(killed, signal.SIGKILL)
    with capture_logs() as told:
        await eventually(lambda: {"event": "database.started", "log_level": "info"} in told)
    with suppress(TimeoutError):  # where nobody buries the dead, it stays
        await eventually(lambda: not psutil.pid_exists(killed), 5)
    with psycopg.connect(server.url) as conn:
        assert conn.execute("SELECT it FROM kept").fetchall() == [(42,)]
    reviving.cancel()
    await asyncio.gather(reviving, return_exceptions=True)
    server.stop()
    assert not embedded.runs(folder)
