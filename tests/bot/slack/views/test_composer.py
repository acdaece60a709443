"""The composer's fields and what it remembers."""

from typing import Any

from bot.slack.views.composer import Filled, Origin, composer, errors, filled


def ids(origin: Origin) -> list[str]:
    return [str(block["block_id"]) for block in composer(origin).to_dict()["blocks"]]


def test_the_channel_is_asked_for_only_where_none_is_known() -> None:
    assert ids(Origin("C0ONCALL", "https://x.example")) == ["people", "recipients", "message"]
    assert ids(Origin()) == ["channel", "people", "recipients", "message"]


def test_the_composer_remembers_where_it_was_opened() -> None:
    origin = Origin("C0ONCALL", "https://hooks.slack.com/commands/1/2")
    assert Origin.unpack(composer(origin).to_dict()["private_metadata"]) == origin


def test_what_was_typed_is_read_and_what_was_not_is_empty() -> None:
    values: dict[str, Any] = {
        "recipients": {"recipients": {"value": "alice"}},
        "message": {"message": {"value": None}},
    }
    assert filled({"state": {"values": values}}) == Filled("alice", "", "")


def test_a_fault_of_the_message_stands_under_the_message() -> None:
    assert errors("The message is empty.", "Write it.", "UsageError", channel_asked=False) == {
        "message": "The message is empty.\nWrite it."
    }


def test_a_missing_permission_stands_under_the_channel_if_that_was_asked_for() -> None:
    assert list(errors("No.", "", "NotAllowed", channel_asked=True)) == ["channel"]
    assert list(errors("No.", "", "ChannelArchived", channel_asked=True)) == ["channel"]
    assert list(errors("No.", "", "NotAllowed", channel_asked=False)) == ["recipients"]


def test_bad_recipients_stand_under_the_recipients_whatever_they_are_called() -> None:
    assert list(errors("message: unknown", "", "BadRecipients", channel_asked=True)) == [
        "recipients"
    ]
