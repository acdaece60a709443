import math
from collections.abc import AsyncIterator

import pytest

from bot.jobs import Jobs
from bot.lease import Lease
from bot.store.database import Pool, open_pool
from bot.store.ledger import PostgresLedger
from tests.bot.desk import Desk
from tests.bot.engine import Clockwork, Engine
from tests.bot.kit import Clock
from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import FakeTwilio


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    pool = await open_pool(database_url)
    yield pool
    await pool.close()


@pytest.fixture
async def desk(pool: Pool, database_url: str) -> Desk:
    jobs = Jobs(pool, Lease(math.inf))
    await jobs.open()
    return Desk(database_url, jobs)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    pool, clockwork = await open_pool(database_url), Clockwork()
    jobs = Jobs(pool, Lease(math.inf))
    await jobs.open()
    ledger = PostgresLedger(pool, jobs, clockwork.times.first_look)
    async with FakeTwilio(step=None) as twilio:
        credentials = Credentials(twilio.account_sid, twilio.auth_token)
        client = TwilioClient(open_http(), credentials, twilio.url, timeout=5.0)
        yield Engine(database_url, pool, jobs, ledger, twilio, client, clock=clockwork)
        await client.aclose()
    await pool.close()
