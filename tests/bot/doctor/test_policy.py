"""The doctor on alert tokens and a policy that cannot be read, and the report for machines."""

from pathlib import Path

from bot.doctor import Check, report
from tests.bot.doctor.kit import ALERTS, Look, add


async def test_a_token_that_could_be_guessed_is_a_fault(look: Look, home: Path) -> None:
    add(home, ALERTS)
    found = await look("alert tokens", CI_TOKEN="secret")
    assert not found.ok
    assert "openssl rand" in found.remedy
    assert "secret" not in found.detail
    assert (await look("alert tokens")).ok


async def test_without_a_policy_nothing_is_said_of_its_parts(look: Look, home: Path) -> None:
    (home / "sms.toml").write_text("[[", encoding="utf-8")
    assert (await look("alert tokens")).detail == "not looked at"
    assert (await look("Slack channels")).detail == "not looked at"
    assert (await look("Twilio sender")).ok


def test_a_report_for_machines_has_every_field() -> None:
    found = (Check("a", ok=True, detail="x"), Check("b", ok=False, detail="y", remedy="z"))
    assert report(found) == {
        "ok": False,
        "checks": [
            {"name": "a", "ok": True, "detail": "x", "remedy": ""},
            {"name": "b", "ok": False, "detail": "y", "remedy": "z"},
        ],
    }
