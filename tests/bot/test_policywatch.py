import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.metrics import Metrics
from bot.policyfile import PolicySource, ReloadResult, parse, read_policy
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


class Faulty(PolicySource):
    """Meets a fault of its own at the first look."""

    looks = 0

    def reload_if_changed(self) -> ReloadResult:
        self.looks += 1
        if self.looks == 1:
            raise TypeError(CHANNEL)
        return super().reload_if_changed()


async def test_whatever_goes_wrong_at_one_look_there_is_another(
    tmp_path: Path, metrics: Metrics, eventually: Eventually
) -> None:
    source = Faulty(tmp_path / "sms.toml", parse(CHANNEL))
    edit(source, CHANNEL.replace("C1", "C2"))
    with capture_logs() as lines:
        watching = asyncio.create_task(watch(source, metrics))
        await eventually(lambda: set(source.policy.channels) == {"C2"})
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert (lines[0]["event"], lines[0]["why"]) == ("policy.unread", "TypeError")
    assert "C1" not in str(lines)


async def test_a_file_that_vanishes_leaves_the_old_policy_in_force(
    source: PolicySource, metrics: Metrics, eventually: Eventually
) -> None:
    source.path.unlink()
    await eventually(lambda: refused(metrics))
    assert set(source.policy.channels) == {"C1"}
