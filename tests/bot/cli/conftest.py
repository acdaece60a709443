from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.environ import SENDER
from bot.sandbox.server import FakeSlack
from tests.bot.cli.kit import Shell
from tests.forks import Forks
from twilio_core.testing import FakeTwilio


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio(step=None) as fake:
        yield fake


@pytest.fixture
def shell(tmp_path: Path, twilio: FakeTwilio, forks: Forks) -> Shell:
    environ = {
        "TWILIO_ACCOUNT_SID": twilio.account_sid,
        "TWILIO_AUTH_TOKEN": twilio.auth_token,
        "TWILIO_FROM": SENDER,
        "TWILIO_URL": twilio.url,
    }
    return Shell(tmp_path, twilio, forks, environ)


@pytest.fixture
def with_database(shell: Shell, database_url: str) -> Shell:
    """A shell with a database; Slack and Twilio are out of reach."""
    nowhere = "http://127.0.0.1:1/"
    shell.environ |= {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "SLACK_API_URL": nowhere,
        "TWILIO_URL": nowhere,
        "DATABASE_URL": database_url,
    }
    return shell


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake
