import math
from collections.abc import AsyncIterator, Callable

import pytest

from bot.jobs import Jobs
from bot.lease import Lease
from bot.store.alerts import Alerts
from bot.store.database import open_pool
from commands.model import NewSend
from tests.bot.store.kit import Store, draft, store_over
from tests.bot.store.paging import Paging


@pytest.fixture
def new_send() -> Callable[..., NewSend]:
    """Build a send."""
    return draft


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """The ledger on a fresh database."""
    pool = await open_pool(database_url)
    jobs = Jobs(pool, Lease(math.inf))
    await jobs.open()
    yield store_over(pool, jobs)
    await pool.close()


@pytest.fixture
def paging(store: Store) -> Paging:
    """Pages on a fresh database."""
    return Paging(store)


@pytest.fixture
def alerts(store: Store) -> Alerts:
    return Alerts(store.pool, store.jobs)
