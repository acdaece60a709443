import math
from collections.abc import AsyncIterator

import pytest

from bot.jobs import Jobs
from bot.lease import Lease
from bot.store.database import open_pool
from bot.store.ledger import PostgresLedger
from tests.bot.drain.kit import World
from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import FakeTwilio


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    pool = await open_pool(database_url)
    jobs = Jobs(pool, Lease(math.inf))
    await jobs.open()
    async with FakeTwilio(step=None) as twilio:
        credentials = Credentials(twilio.account_sid, twilio.auth_token)
        client = TwilioClient(open_http(), credentials, twilio.url)
        yield World(database_url, pool, jobs, PostgresLedger(pool, jobs), twilio, client)
        await client.aclose()
    await pool.close()
