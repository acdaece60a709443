import asyncio
import os
import signal
from pathlib import Path

import psycopg
import pytest

from bot.store.database import Pool, alive, locate, open_pool, why

SECRET = "p4ss"


async def test_a_configured_database_is_taken_as_it_is(tmp_path: Path) -> None:
    assert await locate("postgresql://there/sms", tmp_path / "unused") == "postgresql://there/sms"
    assert not (tmp_path / "unused").exists()


async def test_without_a_configured_database_there_is_one_of_our_own(postgres: str) -> None:
    folder = Path(postgres.partition("?host=")[2]).parent
    assert await locate("", folder) == postgres


@pytest.mark.parametrize(
    ("url", "told"),
    [
        (f"postgresql://sms:{SECRET}@127.0.0.1:1/sms", "nothing listens there"),
        (f"postgresql://sms:{SECRET}@nowhere.invalid/sms", "its host is unknown"),
        (f"postgresql://sms:a@{SECRET}@nowhere.invalid/sms", "its host is unknown"),
        (f"postgresql://sms:{SECRET}@/sms?host=/nowhere", "its socket is not there"),
        (f"postgresql://sms:{SECRET}@/sms?colour={SECRET}", "ProgrammingError"),
    ],
)
async def test_a_database_out_of_reach_is_told_without_its_password(url: str, told: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        await open_pool(url)
    assert why(caught.value) == told
    assert SECRET not in why(caught.value)


async def test_a_database_that_is_not_there_is_told(postgres: str) -> None:
    with pytest.raises(psycopg.OperationalError) as caught:
        await open_pool(postgres.replace("/postgres?", "/nosuch?"))
    assert why(caught.value) == "it has no such database or user"


async def test_whether_it_answers_is_told_soon_also_of_one_that_hangs(pool: Pool) -> None:
    assert await alive(pool)
    backends = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    async with pool.connection() as conn:
        servers = [pid for (pid,) in await (await conn.execute(backends)).fetchall()]
    for server in servers:
        os.kill(server, signal.SIGSTOP)
    try:
        assert not await asyncio.wait_for(alive(pool), 5)  # the driver takes 7 s or more
    finally:
        for server in servers:
            os.kill(server, signal.SIGCONT)
