import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.metrics import Metrics
from bot.policyfile import PolicySource, read_policy
from bot.policywatch import watch
from tests.bot.kit import Eventually

CHANNEL = '[[channel]]\nid = "C1"\n'


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def source(tmp_path: Path, metrics: Metrics) -> AsyncIterator[PolicySource]:
    path = tmp_path / "sms.toml"
    path.write_text(CHANNEL, encoding="utf-8")
    source = PolicySource(path, read_policy(path))
    watching = asyncio.create_task(watch(source, metrics))
    yield source
    assert not watching.done()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


def edit(source: PolicySource, text: str) -> None:
    source.path.write_text(text, encoding="utf-8")


def refused(metrics: Metrics) -> bool:
    return b"sms_policy_faults_total 0.0" not in metrics.text()


async def test_an_edit_is_in_force_soon(source: PolicySource, eventually: Eventually) -> None:
    edit(source, CHANNEL.replace("C1", "C2"))
    await eventually(lambda: set(source.policy.channels) == {"C2"})


async def test_a_faulty_edit_is_counted_and_leaves_the_old_policy_in_force(
    source: PolicySource, metrics: Metrics, eventually: Eventually
) -> None:
    edit(source, "[[channel]")
    await eventually(lambda: refused(metrics))
    assert set(source.policy.channels) == {"C1"}
    edit(source, CHANNEL.replace("C1", "C3"))
    await eventually(lambda: set(source.policy.channels) == {"C3"})


async def test_a_file_that_vanishes_leaves_the_old_policy_in_force(
    source: PolicySource, metrics: Metrics, eventually: Eventually
) -> None:
    source.path.unlink()
    await eventually(lambda: refused(metrics))
    assert set(source.policy.channels) == {"C1"}
