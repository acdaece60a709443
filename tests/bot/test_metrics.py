from bot.metrics import Metrics


def test_two_processes_in_one_do_not_share_their_counters() -> None:
    first, second = Metrics(), Metrics()
    first.outcomes.labels("Sending").inc()
    assert b'sms_commands_total{outcome="Sending"} 1.0' in first.text()
    assert b"Sending" not in second.text()


def test_every_metric_is_explained() -> None:
    text = Metrics().text().decode()
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    helped = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP")}
    assert names == helped
    assert {name for name in names if not name.startswith("sms_")} == set()
