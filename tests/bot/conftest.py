import pytest

from tests.bot.kit import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()
