"""What every test may use: a real PostgreSQL, with a fresh database for each test."""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Generator, Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings

from bot.store import embedded
from bot.store.migrate import migrate
from tests.databases import Databases, create, drop, named
from tests.forks import Forks
from tests.tools import browser_first, deselect, missing

# A busy machine is slow, which says nothing of the code: no test is about time.
settings.register_profile(
    "busy", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")

_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made in it has a random name
_ROOM = 4 * 2**30
_WHOLE: Final = frozenset({"browser", "scenarios"})
"""Folders of tests of the whole bot."""

_TEMPLATE: Final = "template_sms"

_numbers = itertools.count(1)


def pytest_report_header() -> list[str]:
    """Say what cannot be tested on this machine."""
    return missing()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spread the scenarios, which mostly wait, among the tests that mostly compute.

    Among the first of them: none is to be waited for when everything else has ended.
    """
    deselect(config, items)
    folder = Path(__file__).parent / "scenarios"
    waiting = [item for item in items if folder in item.path.parents]
    computing = [item for item in items if folder not in item.path.parents]
    if not (waiting and computing):
        return
    apart = len(computing) / len(waiting) * 0.8
    keyed = [(n * apart, item) for n, item in enumerate(waiting)]
    keyed += enumerate(computing)
    items[:] = [item for _, item in sorted(keyed, key=lambda pair: pair[0])]
    browser_first(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure what the packages' own tests reach: it is they that have to reach all of it.

    The whole bot in a scenario would pass through everything, at a quarter more of the time.
    """
    measured = Coverage.current()
    whole = measured is not None and item.path.parent.name in _WHOLE
    if measured and whole:
        measured.stop()
    try:
        return (yield)
    finally:
        if measured and whole:
            measured.start()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a server of our own, with a migrated database to copy from."""
    # pytest closes its own temporary folders to other users; for root, the server is one
    with tempfile.TemporaryDirectory(
        prefix="sms-bot-test-", dir=_memory(), ignore_cleanup_errors=True
    ) as folder:
        server = embedded.start(Path(folder))
        _hurry(server.url)
        _make_template(server.url)
        yield server.url
        server.stop()


def _memory() -> Path | None:
    """Give a folder in memory, where there is one with room: a disk makes each database slow."""
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM:
        return _MEMORY
    return None


def _hurry(url: str) -> None:
    """Let this server trust the machine to stay up: a database a test costs no write to disk."""
    with psycopg.connect(url, autocommit=True) as conn:
        for name in ("fsync", "full_page_writes", "wal_init_zero"):
            conn.execute(f"ALTER SYSTEM SET {name} = off".encode())
        conn.execute("SELECT pg_reload_conf()")


def _make_template(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {_TEMPLATE}")

    async def prepare() -> None:
        async with await psycopg.AsyncConnection.connect(
            named(url, _TEMPLATE), autocommit=True
        ) as conn:
            await migrate(conn)

    asyncio.run(prepare())


@pytest.fixture(scope="session")
def databases(postgres: str) -> Iterator[Databases]:
    """The migrated ones."""
    made = Databases(postgres, _TEMPLATE)
    yield made
    made.close()


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """A database in which nothing was ever made."""
    name = f"empty_{next(_numbers)}"
    create(postgres, name, "template1")
    yield named(postgres, name)
    drop(postgres, name)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A migrated database without a row."""
    url = databases.take()
    yield url
    databases.give_back(url)


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """What starts commands without starting an interpreter."""
    made = Forks()
    yield made
    made.stop()


@pytest.fixture
def project() -> Path:
    """The project's root."""
    return Path(__file__).parents[1]


@pytest.fixture
def eventually() -> Callable[..., Awaitable[None]]:
    """Wait until a condition holds; fail if it does not within a generous time."""

    async def wait(condition: Callable[[], object], within: float = 20.0) -> None:
        async with asyncio.timeout(within):
            while not condition():  # noqa: ASYNC110 - what it watches sets no event
                await asyncio.sleep(0.01)

    return wait
