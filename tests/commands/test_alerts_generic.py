"""Alerts of any JSON, read by the paths that sms.toml names."""

from typing import Any

import pytest

from commands.notice import Alarm, Fields, Format, Shape, bounded
from tests.commands.alert_kit import read, why
from tests.payloads import alertmanager

OURS = Shape(
    fields=Fields("incident.title", "incident.id", "incident.state", "incident.links.0.href")
)


def incident(**changes: object) -> dict[str, Any]:
    links = [{"href": "https://status.example.org/7"}]
    return {"incident": {"id": 7, "title": "Disk full", "state": "open", "links": links} | changes}


@pytest.mark.parametrize("form", [Format.AUTO, Format.GENERIC])
def test_json_of_any_kind_is_read_by_the_paths_of_sms_toml(form: Format) -> None:
    notice = read(incident(), Shape(form, OURS.fields))
    assert (notice.text, notice.link) == ("Disk full", "https://status.example.org/7")
    assert notice.alarms == (Alarm("", firing=True, label="Disk full"),)


@pytest.mark.parametrize("state", ["resolved", "Closed", " OK "])
def test_a_status_that_means_over_resolves(state: str) -> None:
    opened, over = read(incident(), OURS), read(incident(state=state), OURS)
    assert (opened.firing, over.firing) == (True, False)
    assert opened.key == over.key


def test_sms_toml_may_say_what_means_over() -> None:
    shape = Shape(fields=OURS.fields, resolved=("Green",))
    assert read(incident(state="resolved"), shape).firing
    assert not read(incident(state="green"), shape).firing


def test_what_is_over_needs_no_text_if_it_has_a_key() -> None:
    over = read(incident(title=None, state="ok"), OURS)
    assert over.key == read(incident(), OURS).key
    assert over.alarms[0].label == "7"


def test_without_a_key_the_text_tells_one_alert_from_another() -> None:
    shape = Shape(fields=Fields("title"))
    first, same, other = (read({"title": t}, shape) for t in ("Disk full", "Disk full", "Fan off"))
    assert first.key == same.key != other.key
    assert first.firing


def test_json_that_has_no_status_never_tells_that_it_is_over() -> None:
    assert not read({"title": "Disk full"}, Shape(fields=Fields("title"))).resolvable
    assert read(incident(), OURS).resolvable
    assert read(alertmanager()).resolvable


def test_a_key_that_reads_like_the_text_of_another_is_not_that() -> None:
    keyed, plain = Shape(fields=Fields("title", "id")), Shape(fields=Fields("title"))
    assert read({"title": "b", "id": "a"}, keyed).key != read({"title": "a"}, plain).key


@pytest.mark.parametrize("data", [{}, {"incident": {}}, {"incident": []}, {"incident": 5}])
def test_a_path_that_leads_nowhere_is_told(data: object) -> None:
    assert 'no text at "incident.title"' in why(data, OURS)


def test_a_list_is_entered_by_number() -> None:
    shape = Shape(fields=Fields("items.1"))
    assert read({"items": ["a", "b"]}, shape).text == "b"
    assert "no text" in why({"items": ["a"]}, shape)
    assert "no text" in why({"items": {"0": "a"}}, shape)
    assert "no text" in why({"items": ["a", "b"]}, Shape(fields=Fields("items.x")))


def test_a_path_that_ends_in_more_json_is_told() -> None:
    assert '"incident.title" (text in fields of sms.toml)' in why(incident(title={}), OURS)


def test_a_group_of_alertmanagers_is_known_where_other_json_comes_too() -> None:
    assert read(alertmanager(), OURS).text.startswith("InstanceDown")


def test_other_json_may_have_alerts_of_its_own() -> None:
    shape = Shape(fields=Fields("alerts.0.title"))
    assert read({"alerts": [{"title": "Disk full"}]}, shape).text == "Disk full"


def test_a_short_text_is_left_as_it_is() -> None:
    assert bounded("a\tb\r\n c\x07") == "a b c"


def test_no_repr_shows_what_an_alert_says() -> None:
    assert "Disk" not in repr(read(incident(), OURS))
