"""What alert sources post: one notice a message, or what its sender has to mend."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.alertgroups import LABELS
from commands.alerts import read_notice
from commands.notice import KEPT, Fields, Format, Malformed, Shape
from commands.segments import utf16_units
from tests.commands.alert_kit import AUTO, read, why
from tests.payloads import alert, alertmanager, grafana, grafana_alert


def web(n: int, **changes: str) -> dict[str, Any]:
    return alert(instance=f"web{n}:9100", **changes)


@pytest.mark.parametrize("form", [Format.AUTO, Format.ALERTMANAGER, Format.GRAFANA])
def test_a_group_of_alertmanagers_is_one_notice_of_its_alerts(form: Format) -> None:
    notice = read(alertmanager(web(1), web(2, status="resolved")), Shape(form))
    assert [(len(a.key), a.firing) for a in notice.alarms] == [(16, True), (16, False)]
    assert notice.firing
    assert notice.whole


def test_an_alert_is_said_by_name_severity_and_summary() -> None:
    one = web(1) | {"annotations": {"summary": "No answer from web1", "description": "long"}}
    assert read(alertmanager(one)).text == "InstanceDown (critical): No answer from web1"


def test_a_summary_that_names_the_alert_does_not_say_it_twice() -> None:
    one = web(1) | {"annotations": {"summary": "instancedown on web1"}}
    assert read(alertmanager(one)).text == "critical: instancedown on web1"


def test_an_alert_without_annotations_is_said_by_its_labels() -> None:
    text = read(alertmanager(web(1))).text
    assert text == "InstanceDown (critical): job=node, instance=web1:9100"


def test_an_alert_of_which_nothing_is_known_is_said_all_the_same() -> None:
    assert read({"alerts": [{"status": "firing"}]}).text == "An alert fires"


def test_several_alerts_are_counted_and_told_by_what_they_do_not_share() -> None:
    text = read(alertmanager(web(1), web(2), web(3, status="resolved"))).text
    assert text == "2 firing: InstanceDown (critical): instance=web1:9100; instance=web2:9100"


def test_what_several_alerts_share_is_said_once() -> None:
    said = {"annotations": {"description": "Nothing answers"}}
    text = read(alertmanager(web(1) | said, web(2) | said)).text
    assert text.startswith("2 firing: InstanceDown (critical): Nothing answers: instance=web1")


def test_alerts_of_several_names_are_each_called_by_theirs() -> None:
    text = read(grafana(grafana_alert(), grafana_alert("Disk is full", "us-1"))).text
    assert text == (
        "2 firing: Memory is short, Above 90 % for ten minutes in eu-1; "
        "Disk is full, Above 90 % for ten minutes in us-1"
    )


def test_of_many_alerts_the_text_names_some() -> None:
    text = read(alertmanager(*map(web, range(50)))).text
    assert text.startswith("50 firing: ")
    assert text.endswith("and 30 more")


def test_a_text_fits_into_a_message_whatever_the_source_says() -> None:
    hostile = "\0\ud800" + "🔥" * 5000 + "\n"
    notice = read(alertmanager(web(1) | {"annotations": {"summary": hostile}}))
    assert utf16_units(notice.text) <= 1600
    assert notice.text.endswith("🔥...")
    assert not {"\0", "\ud800", "\n"} & set(notice.text)


@pytest.mark.parametrize(
    ("missing", "link"),
    [
        ([], "https://grafana.example.org/d/abc?orgId=1&viewPanel=4"),
        (["panelURL"], "https://grafana.example.org/d/abc?orgId=1"),
        (["panelURL", "dashboardURL"],
         "https://grafana.example.org/alerting/grafana/abc/view?orgId=1"),
        (["panelURL", "dashboardURL", "generatorURL"], "https://grafana.example.org/"),
    ],
)  # fmt: skip
def test_grafanas_link_is_the_nearest_to_the_trouble(missing: list[str], link: str) -> None:
    assert read(grafana(grafana_alert() | dict.fromkeys(missing, ""))).link == link


def test_alertmanagers_link_is_that_of_the_first_firing_alert() -> None:
    over = web(1, status="resolved") | {"generatorURL": "http://elsewhere.example.org"}
    assert read(alertmanager(over, web(2))).link.startswith("http://prometheus.example.org:9090/")


@pytest.mark.parametrize("link", ["javascript:alert(1)", "http://a b", 7, "http://x/" + "y" * 600])
def test_what_is_no_address_is_no_link(link: object) -> None:
    assert read(alertmanager(web(1) | {"generatorURL": link}, externalURL=link)).link == ""


def test_a_message_is_of_the_same_group_whatever_its_alerts() -> None:
    first, later = read(alertmanager(web(1))), read(alertmanager(web(2), web(3)))
    assert first.key == later.key
    assert first.key != read(alertmanager(web(1), group="Other")).key


@pytest.mark.parametrize("left", ["groupLabels", "commonLabels"])
def test_a_group_without_a_key_is_told_by_its_labels(left: str) -> None:
    bare = {"alerts": [web(1)], left: {"alertname": "InstanceDown"}}
    more = {"alerts": [web(1), web(2)], left: {"alertname": "InstanceDown"}}
    assert read(bare).key == read(more).key
    assert read(bare).key != read(bare | {left: {"alertname": "Other"}}).key


def test_a_group_without_labels_is_told_by_its_alerts() -> None:
    assert read({"alerts": [web(1)]}).key == read({"alerts": [web(1)]}).key
    assert read({"alerts": [web(1)]}).key != read({"alerts": [web(2)]}).key


@pytest.mark.parametrize("fingerprint", [None, "", 5])
def test_an_alert_without_a_fingerprint_is_told_by_its_labels(fingerprint: object) -> None:
    bare, other = web(1) | {"fingerprint": fingerprint}, web(2) | {"fingerprint": fingerprint}
    keys = [read(alertmanager(each)).alarms[0].key for each in (bare, bare, other)]
    assert keys[0] == keys[1] != keys[2]


def test_a_strange_fingerprint_still_tells_alerts_apart() -> None:
    keys = {read(alertmanager(web(1) | {"fingerprint": f})).alarms[0].key for f in ("a/b", "a/c")}
    assert len(keys) == 2
    assert all(key.isalnum() for key in keys)


def test_an_alert_told_twice_in_one_message_fires_if_it_does_once() -> None:
    one, over = web(1), web(1) | {"status": "resolved"}
    assert [a.firing for a in read(alertmanager(one, over)).alarms] == [True]


@pytest.mark.parametrize("status", ["RESOLVED", " resolved "])
def test_a_status_counts_in_any_case_of_letters(status: str) -> None:
    assert not read(alertmanager(web(1) | {"status": status})).firing


def test_an_alert_without_a_status_has_that_of_its_message() -> None:
    bare = {"labels": {"alertname": "A"}}
    assert not read({"status": "resolved", "alerts": [bare]}).firing


def test_two_alertmanagers_are_told_apart() -> None:
    ours, theirs = read(alertmanager()), read(alertmanager(externalURL="http://other"))
    assert ours.key == theirs.key
    assert ours.teller != theirs.teller != ""
    assert read(alertmanager(externalURL=["x"])).teller == ""


def test_a_message_that_left_alerts_out_is_not_the_whole_group() -> None:
    assert not read(alertmanager(web(1), truncatedAlerts=3)).whole


def test_of_too_many_alerts_those_that_fire_are_kept() -> None:
    over = [web(n, status="resolved") for n in range(KEPT)]
    notice = read(alertmanager(*over, web(KEPT)))
    assert len(notice.alarms) == KEPT
    assert notice.alarms[0].firing
    assert notice.text.startswith("InstanceDown")


def test_where_more_fire_than_are_kept_those_not_named_may_fire_too() -> None:
    notice = read(alertmanager(*map(web, range(KEPT + 5))))
    assert (len(notice.alarms), notice.whole) == (KEPT, False)
    assert notice.text.startswith(f"{KEPT + 5} firing: ")
    assert notice.text.endswith(f"and {KEPT - 15} more")


def test_where_all_are_over_those_not_named_are_over_too() -> None:
    notice = read(alertmanager(*(web(n, status="resolved") for n in range(KEPT + 5))))
    assert (len(notice.alarms), notice.whole, notice.firing) == (KEPT, True, False)


def test_what_is_not_kept_is_not_read() -> None:
    odd = [web(n, status="resolved") | {"labels": [n]} for n in range(KEPT)]
    data = alertmanager(*map(web, range(KEPT)))
    assert read(data | {"alerts": [*odd, *data["alerts"]]}).firing


def test_of_an_alert_some_labels_are_read() -> None:
    many: dict[str, object] = {f"l{n:03}": "x" for n in range(LABELS + 1)} | {"l999": {}}
    first, other = web(1) | {"labels": many}, web(1) | {"labels": many | {"l000": "y"}}
    bare = [alertmanager() | {"alerts": [each | {"fingerprint": ""}]} for each in (first, other)]
    assert read(bare[0]).alarms != read(bare[1]).alarms
    assert "l999" not in read(bare[0]).text


def test_an_alert_is_called_by_name_and_labels() -> None:
    assert read(alertmanager()).alarms[0].label == "InstanceDown job=node, instance=web1:9100"
    said = {"annotations": {"summary": "Down"}, "labels": {}}
    assert read(alertmanager(web(1) | said)).alarms[0].label == "Down"


def test_labels_that_are_no_texts_are_written_as_json() -> None:
    labels = {"labels": {"alertname": "A", "count": 5, "on": True, "none": None}}
    assert read(alertmanager(web(1) | labels)).text == "A: count=5, on=true, none=null"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"alerts": []}, '"alerts" must be a list of at least one'),
        ({"alerts": {}}, '"alerts" must be a list'),
        ({"alerts": ["x"]}, "alerts[0] must be an object"),
        ({"alerts": [{"status": "firing", "labels": []}]}, "alerts[0].labels must be an object"),
        ({"alerts": [{"status": "firing", "labels": {"a": {}}}]}, "the values of alerts[0].labels"),
        ({"alerts": [{"status": "firing", "annotations": 1}]}, "alerts[0].annotations must be"),
        ({"alerts": [{"labels": {}}]}, 'alerts[0].status must be "firing" or "resolved"'),
        ({"alerts": [{"status": ["firing"]}]}, "alerts[0].status must be"),
        ({"alerts": [{"status": "firing"}], "groupLabels": "x"}, "groupLabels must be an object"),
        ([], "one JSON object"),
        ("text", "one JSON object"),
        ({"title": "Disk full"}, "fields = {"),
    ],
)
def test_what_is_not_of_the_shape_is_told_with_what_to_mend(data: object, told: str) -> None:
    assert told in why(data)


def test_a_byte_order_mark_is_no_matter() -> None:
    assert read_notice(json.dumps(alertmanager()).encode("utf-8-sig"), AUTO).firing


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\xff",
        '{"text": "a"}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-16-le"),
        b"{",
        b'{"a": ' + b"9" * 5000 + b"}",
        b"alerts=1",
    ],
)
def test_what_is_no_json_is_told(body: bytes) -> None:
    with pytest.raises(Malformed, match="JSON"):
        read_notice(body, AUTO)


def test_json_of_any_depth_is_told_and_no_more() -> None:
    with pytest.raises(Malformed, match="nested too deeply"):
        read_notice(b'{"alerts": ' + b"[" * 500_000, AUTO)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.just("firing"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["alerts", "status", "labels", "groupLabels", "annotations", "text"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.fixed_dictionaries(
        {"alerts": st.lists(JSON, max_size=2)}, optional={"truncatedAlerts": JSON}
    )
    | JSON,
    st.sampled_from([AUTO, Shape(Format.GENERIC, Fields("text", "alerts", "status", "labels.0"))]),
)
def test_whatever_is_posted_ends_in_a_notice_or_in_a_reason(data: object, shape: Shape) -> None:
    notice, reason = None, ""
    try:
        notice = read(data, shape)
    except Malformed as exc:
        reason = str(exc)
    assert reason or (notice and (notice.text or not notice.firing))
