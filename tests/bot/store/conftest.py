from collections.abc import AsyncIterator, Callable

import pytest

from bot.jobs import Jobs
from bot.store.cards import Cards
from bot.store.database import open_pool
from bot.store.ledger import PostgresLedger
from bot.store.outbox import Outbox
from commands.model import NewSend
from tests.bot.store.kit import Store, draft


@pytest.fixture
def new_send() -> Callable[..., NewSend]:
    """Build a send."""
    return draft


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """The ledger on a fresh database."""
    pool = await open_pool(database_url)
    jobs = Jobs(pool)
    await jobs.open()
    yield Store(pool, PostgresLedger(pool, jobs), Outbox(pool), Cards(pool))
    await pool.close()
