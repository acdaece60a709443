"""An edit of sms.toml: taken over once it is whole and without faults."""

import os
from pathlib import Path

import pytest

from bot.policyfile import PolicySource, ReloadResult, read_policy


@pytest.fixture
def source(tmp_path: Path) -> PolicySource:
    path = tmp_path / "sms.toml"
    path.write_text("region = 'US'\n", encoding="utf-8")
    return PolicySource(path, read_policy(path))


def test_an_untouched_file_changes_nothing(source: PolicySource) -> None:
    assert source.reload_if_changed() == ReloadResult()
    assert source.reload_if_changed() == ReloadResult()
    os.utime(source.path, (1, 1))
    assert source.reload_if_changed() == ReloadResult()


def settled(source: PolicySource) -> ReloadResult:
    """Look until the file was found the same twice."""
    assert source.reload_if_changed() == ReloadResult()
    return source.reload_if_changed()


def test_a_file_that_is_still_being_written_is_left_alone(source: PolicySource) -> None:
    source.path.write_text("", encoding="utf-8")
    assert source.reload_if_changed() == ReloadResult()
    source.path.write_text("region = 'GB'\n", encoding="utf-8")
    assert source.reload_if_changed() == ReloadResult()
    assert source.policy.region == "US"
    assert source.reload_if_changed() == ReloadResult(changed=True)
    assert source.policy.region == "GB"


def test_an_edit_takes_the_place_of_the_old_policy(source: PolicySource) -> None:
    source.path.write_text("region = 'GB'\n#\n", encoding="utf-8")
    assert settled(source) == ReloadResult(changed=True)
    assert source.policy.region == "GB"
    assert settled(source) == ReloadResult()


def test_a_faulty_edit_keeps_the_old_policy_and_is_told_once(source: PolicySource) -> None:
    source.path.write_text("region = 'nowhere'\n", encoding="utf-8")
    result = settled(source)
    assert not result.changed
    assert [f.where for f in result.faults] == ["sms.toml, line 1"]
    assert source.policy.region == "US"
    assert settled(source) == ReloadResult()


def test_a_file_that_vanishes_keeps_the_old_policy_until_it_is_back(source: PolicySource) -> None:
    source.path.unlink()
    assert "does not exist" in settled(source).faults[0].what
    assert settled(source) == ReloadResult()
    assert source.policy.region == "US"
    source.path.write_text("region = 'FR'\n", encoding="utf-8")
    assert settled(source) == ReloadResult(changed=True)
