"""The files to run the bot elsewhere, each held by a validator of its own."""

import copy
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose
from dockerfile_parse import DockerfileParser

from bot.config import Settings
from bot.variables import SECRETS

GRACE = 45
"""Seconds that a bot is given to stop."""

OWN = {name.upper() for name in Settings.model_fields} | {f"{name}_FILE" for name in SECRETS}
"""Every variable that the bot reads."""

OTHERS = {"PATH", "PYTHONDONTWRITEBYTECODE", "POSTGRES_USER", "POSTGRES_DB"} | {
    "POSTGRES_PASSWORD_FILE"
}
"""Those of Python's, and of PostgreSQL's image."""


@pytest.fixture
def compose(project: Path) -> dict[str, Any]:
    """The compose file, with its anchors resolved."""
    found: dict[str, Any] = yaml.safe_load((project / "deploy/compose.yml").read_text("utf-8"))
    return found


@pytest.fixture
def kubernetes(project: Path) -> dict[str, Any]:
    """Each object by its kind."""
    text = (project / "deploy/kubernetes.yml").read_text("utf-8")
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


@pytest.fixture
def unit(project: Path) -> str:
    """The systemd unit."""
    return (project / "deploy/sms-bot.service").read_text("utf-8")


@pytest.fixture
def dockerfile(project: Path, tmp_path: Path) -> list[tuple[str, str]]:
    """Each instruction and what it says."""
    parser = DockerfileParser(str(tmp_path))
    parser.content = (project / "Dockerfile").read_text("utf-8")
    return [(each["instruction"], each["value"]) for each in parser.structure]


def composed(file: dict[str, Any]) -> None:
    """Hold a compose file to the specification, and its references to what is there."""
    PyCompose.from_json(json.dumps(file)).validate()


def test_the_compose_file_keeps_to_the_specification(compose: dict[str, Any]) -> None:
    composed(compose)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("services", "one", "restrat"), "always"),
        (("services", "one", "stop_grace_period"), "soon"),
        (("services", "database", "healthcheck", "intervall"), "5s"),
        (("services", "one", "depends_on", "database", "condition"), "healthy"),
        (("services", "one", "secrets"), ["unknown"]),
    ],
)
def test_the_validator_of_compose_finds_what_is_wrong(
    compose: dict[str, Any], path: tuple[str, ...], value: object
) -> None:
    wrong = copy.deepcopy(compose)
    *folder, last = path
    place = wrong
    for name in folder:
        place = place[name]
    place[last] = value
    with pytest.raises(ValueError, match=r"\w"):
        composed(wrong)


def test_compose_runs_two_bots_that_wait_for_a_database(compose: dict[str, Any]) -> None:
    bots = {n: s for n, s in compose["services"].items() if s["image"] == "sms-bot"}
    assert list(bots) == ["one", "two"]
    for bot in bots.values():
        assert bot["stop_grace_period"] == f"{GRACE}s"
        assert bot["read_only"] is True
        assert bot["cap_drop"] == ["ALL"]
        assert bot["depends_on"] == {"database": {"condition": "service_healthy"}}
        assert bot["ports"] == [
            f"127.0.0.1:{bot['environment']['PORT']}:{bot['environment']['PORT']}"
        ]
    assert len({bot["environment"]["PORT"] for bot in bots.values()}) == len(bots)
    assert compose["services"]["database"]["healthcheck"]["test"][0] == "CMD"


def test_every_variable_in_the_compose_file_is_read(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert set(service["environment"]) <= OWN | OTHERS
        given = {f"/run/secrets/{name}" for name in service["secrets"]}
        files = {v for n, v in service["environment"].items() if n.endswith("_FILE")}
        assert files == given


def test_each_object_for_kubernetes_keeps_to_its_schema(kubernetes: dict[str, Any]) -> None:
    for each in kubernetes.values():
        kubernetes_validate.validate(each, desired_version="1.33", strict=True)
    assert set(kubernetes) == {
        "Secret",
        "ConfigMap",
        "Deployment",
        "PodDisruptionBudget",
        "Service",
    }


def test_the_validator_of_kubernetes_finds_what_is_wrong(kubernetes: dict[str, Any]) -> None:
    kubernetes["Deployment"]["spec"]["replicaz"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(kubernetes["Deployment"], "1.33", strict=True)


def test_the_deployment_rolls_without_a_gap_and_runs_with_no_rights(
    kubernetes: dict[str, Any], project: Path
) -> None:
    spec = kubernetes["Deployment"]["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    pod = spec["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert f"USER {pod['securityContext']['runAsUser']}:" in (project / "Dockerfile").read_text(
        "utf-8"
    )
    [bot] = pod["containers"]
    before = bot["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] == GRACE + before
    assert bot["securityContext"]["readOnlyRootFilesystem"] is True
    assert bot["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert bot["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_what_the_objects_name_is_there(kubernetes: dict[str, Any]) -> None:
    labels = kubernetes["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert kubernetes["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert kubernetes["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert kubernetes["Service"]["spec"]["selector"] == labels
    [bot] = kubernetes["Deployment"]["spec"]["template"]["spec"]["containers"]
    variables = {each["name"]: each["value"] for each in bot["env"]}
    assert set(variables) <= OWN
    files = {Path(v).name for n, v in variables.items() if n.endswith("_FILE")}
    assert files == set(kubernetes["Secret"]["stringData"])
    mounts = {each["name"] for each in bot["volumeMounts"]}
    assert mounts == {
        v["name"] for v in kubernetes["Deployment"]["spec"]["template"]["spec"]["volumes"]
    }


def verified(unit: str, folder: Path) -> str:
    """What systemd itself says of a unit; the program that it names need not be installed here."""
    path = folder / "sms-bot.service"
    path.write_text(re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", unit), encoding="utf-8")
    tool = shutil.which("systemd-analyze")
    assert tool, "install Debian's package systemd"
    done = subprocess.run([tool, "verify", "--man=no", path], capture_output=True, check=False)
    return done.stderr.decode().replace(str(folder), "")


@pytest.mark.systemd
def test_systemd_finds_nothing_wrong_with_the_unit(unit: str, tmp_path: Path) -> None:
    assert verified(unit, tmp_path) == ""
    wrong = unit.replace("ProtectClock=", "ProtectClok=").replace("=45", "=soon")
    told = verified(wrong, tmp_path)
    assert "Unknown key 'ProtectClok'" in told
    assert "Failed to parse time value" in told


@pytest.mark.systemd
def test_systemd_gives_the_unit_few_rights(project: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20",  # noqa: S607
         project / "deploy/sms-bot.service"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode()[-200:]


def test_every_variable_in_the_unit_is_read_and_every_secret_is_loaded(unit: str) -> None:
    given = re.findall(r"(?m)^Environment=(.*)$", unit)
    variables = dict(each.split("=", 1) for line in given for each in line.split())
    assert set(variables) <= OWN | OTHERS
    files = {v for n, v in variables.items() if n.endswith("_FILE") or n == "SMS_CONFIG"}
    assert files == {f"%d/{name}" for name in re.findall(r"(?m)^LoadCredential=(\S+?):", unit)}
    assert f"TimeoutStopSec={GRACE}\n" in unit


def test_the_image_runs_without_rights_and_says_whether_it_is_well(
    dockerfile: list[tuple[str, str]],
) -> None:
    last = dockerfile[max(n for n, (name, _) in enumerate(dockerfile) if name == "FROM") :]
    told = dict(last)
    assert sum(name == "FROM" for name, _ in dockerfile) == 2
    assert told["USER"] == "10001:10001"
    assert told["VOLUME"] == "/data"
    assert json.loads(told["ENTRYPOINT"]) == ["sms-bot"]
    assert json.loads(told["CMD"]) == ["run"]
    assert "/healthz" in told["HEALTHCHECK"]
    variables = {each.split("=")[0] for each in told["ENV"].split()}
    assert variables <= OWN | OTHERS
    assert not variables & set(SECRETS)


def test_only_what_the_image_needs_is_sent_to_its_build(
    dockerfile: list[tuple[str, str]], project: Path
) -> None:
    copied = {
        word.rstrip("/")
        for name, value in dockerfile
        if name == "COPY" and not value.startswith("--from")
        for word in value.split()[:-1]
    }
    lines = (project / ".dockerignore").read_text("utf-8").splitlines()
    assert {line[1:] for line in lines if line.startswith("!")} == copied
    assert "*" in lines


@pytest.mark.parametrize("name", ["requirements.run.lock", "requirements.build.lock"])
def test_each_lock_is_a_part_of_the_whole_one(project: Path, name: str) -> None:
    entry = re.compile(r"(?m)^[\w.-]+==.*(?:\\\n.*)*")
    whole = {
        re.sub(r"\s", "", e)
        for e in entry.findall((project / "requirements.lock").read_text("utf-8"))
    }
    part = {re.sub(r"\s", "", e) for e in entry.findall((project / name).read_text("utf-8"))}
    assert part
    assert part <= whole
