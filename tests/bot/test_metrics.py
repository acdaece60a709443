import math

from bot.lease import Lease
from bot.metrics import Metrics
from bot.slack.link import Link
from bot.store.levels import Levels


def test_two_processes_in_one_do_not_share_their_counters() -> None:
    first, second = Metrics(), Metrics()
    first.outcomes.labels("send", "Sending").inc()
    assert b'sms_commands_total{outcome="Sending",verb="send"} 1.0' in first.text()
    assert b"Sending" not in second.text()


def test_every_metric_is_explained() -> None:
    text = Metrics().text().decode()
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    helped = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP")}
    assert names == helped
    assert {name for name in names if not name.startswith("sms_")} == set()


def test_levels_are_told_once_they_are_known() -> None:
    metrics = Metrics()
    before = metrics.text().decode()
    assert "# TYPE sms_slack_connected gauge" in before
    assert "\nsms_slack_connected" not in before
    link = Link()
    metrics.gauges.link, metrics.gauges.lease = link, Lease(math.inf)
    metrics.gauges.levels = Levels({("failed", "number"): 2}, {"asked": 1}, {}, 3.5, 1, 60, 0, 2)
    text = metrics.text().decode().splitlines()
    assert 'sms_deliveries{class="number",state="failed"} 2.0' in text
    assert 'sms_in_doubt{stage="asked"} 1.0' in text
    assert "sms_queue_age_seconds 3.5" in text
    assert "sms_process_alive 1.0" in text
    assert "sms_database_up 1.0" in text
    assert not [line for line in text if line.startswith("sms_slack_connected")]


def test_slack_is_connected_by_a_socket_or_needs_none() -> None:
    metrics, link = Metrics(), Link()
    metrics.gauges.link = link
    link.reached(by_socket=True)
    assert "sms_slack_connected 0.0" in metrics.text().decode()
    link.connected()
    assert "sms_slack_connected 1.0" in metrics.text().decode()
    link.lost()
    link.reached(by_socket=False)
    assert "sms_slack_connected 1.0" in metrics.text().decode()
