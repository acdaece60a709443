import re
import subprocess
import tomllib
from importlib.metadata import entry_points, version
from pathlib import Path

import pytest

from bot.starters import starter

ROOT = Path(__file__).parents[2]


def test_the_example_env_is_the_one_that_init_writes() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert example == starter("env.example")


def test_the_changelog_has_an_unreleased_section_and_the_projects_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heads = re.findall(r"^## \[([^]]+)\]", changelog, flags=re.MULTILINE)
    assert heads[0] == "Unreleased"
    assert project["version"] == version("slack-sms-bot")
    assert project["version"] in changelog


def test_sms_bot_is_the_command() -> None:
    (script,) = entry_points(group="console_scripts", name="sms-bot")
    assert script.value == "bot.cli:main"


def test_every_dependency_is_locked_with_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [each for group in project["dependency-groups"].values() for each in group]
    wanted = [*project["project"]["dependencies"], *(e for e in groups if isinstance(e, str))]
    names = {re.split(r"[\[<>=~! ]", each)[0].lower() for each in wanted}
    locked = set(re.findall(r"^([a-z0-9-]+)(?:\[[^]]*\])?==", lock, flags=re.MULTILINE))
    assert names <= locked
    assert lock.count("--hash=sha256:") >= len(locked)


def test_secrets_and_data_are_ignored_by_git() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {".env", ".sms-bot/"} <= set(ignored)


def test_the_ci_script_is_executable_and_reads_as_bash() -> None:
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", script], check=True)  # noqa: S607 - any bash will do


@pytest.mark.parametrize("name", ["bot", "commands", "twilio_core"])
def test_every_package_says_that_it_is_typed(name: str) -> None:
    assert (ROOT / name / "py.typed").exists()
