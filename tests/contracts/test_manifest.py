import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bot.slack.surface import COMMAND, EVENTS, SCOPES, SHORTCUTS

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT.parent / "shared" / "specs" / "slack_manifest.schema.json"


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    return found


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's schema is not on this machine")
def test_the_manifest_is_valid_by_slacks_own_schema(manifest: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(manifest)


def test_the_manifest_declares_exactly_the_command_that_is_listened_to(
    manifest: dict[str, Any],
) -> None:
    (command,) = manifest["features"]["slash_commands"]
    assert command["command"] == COMMAND
    assert command["should_escape"] is True
    assert command["usage_hint"]


def test_the_manifest_asks_for_exactly_the_scopes_that_are_used(manifest: dict[str, Any]) -> None:
    scopes = manifest["oauth_config"]["scopes"]
    assert set(scopes) == {"bot"}
    assert sorted(scopes["bot"]) == sorted(SCOPES)


def test_the_manifest_declares_exactly_the_shortcuts_that_are_listened_to(
    manifest: dict[str, Any],
) -> None:
    shortcuts = manifest["features"]["shortcuts"]
    assert sorted(s["callback_id"] for s in shortcuts) == sorted(SHORTCUTS)
    assert {s["callback_id"]: s["type"] for s in shortcuts} == {
        "sms_compose": "global",
        "sms_forward": "message",
    }


def test_slack_is_reached_by_socket_mode_with_buttons_and_modals(manifest: dict[str, Any]) -> None:
    assert manifest["settings"]["socket_mode_enabled"] is True
    assert manifest["settings"]["interactivity"]["is_enabled"] is True
    assert manifest["features"]["bot_user"]["display_name"] == "sms"


def test_the_home_is_shown_and_direct_messages_of_the_bot_can_be_read(
    manifest: dict[str, Any],
) -> None:
    assert manifest["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": True,
    }


def test_the_manifest_asks_for_exactly_the_events_that_are_listened_to(
    manifest: dict[str, Any],
) -> None:
    assert sorted(manifest["settings"]["event_subscriptions"]["bot_events"]) == sorted(EVENTS)


def test_uncommenting_the_http_lines_gives_addresses_for_all_that_slack_calls() -> None:
    text = (ROOT / "manifest.yml").read_text(encoding="utf-8")
    lines = [
        line.replace("# ", "", 1) if line.endswith("# HTTP") else line for line in text.splitlines()
    ]
    served = yaml.safe_load("\n".join(lines))
    urls = {
        served["features"]["slash_commands"][0]["url"],
        served["settings"]["interactivity"]["request_url"],
        served["settings"]["event_subscriptions"]["request_url"],
    }
    assert urls == {"https://sms.example.com/slack/events"}
