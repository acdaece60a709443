"""An examination of which a test sees the one check that it is about."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from bot.config import Settings
from bot.doctor import Check, examine
from bot.sandbox.environ import environ as pointed_at
from bot.sandbox.server import FakeSlack
from bot.store.facts import Facts
from tests.bot.doctor.kit import CHANNEL, Look
from twilio_core.testing import FakeTwilio


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as slack:
        slack.add_user("U1", "one")
        yield slack


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio() as twilio:
        yield twilio


@pytest.fixture
def environ(slack: FakeSlack, twilio: FakeTwilio) -> dict[str, str]:
    return pointed_at(slack, twilio, CI_TOKEN="0123456789abcdef" * 2)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "sms.toml").write_text(CHANNEL, encoding="utf-8")
    return tmp_path


@pytest.fixture
def look(environ: Mapping[str, str], home: Path) -> Look:
    """Give one check by its name."""

    async def one(name: str, facts: Facts = Facts(18), **changes: str) -> Check:  # noqa: B008
        async def seen(_settings: Settings) -> Facts:
            return facts

        found = await examine(seen, environ={**environ, **changes}, cwd=home, timeout=5)
        return next(check for check in found if check.name == name)

    return one
