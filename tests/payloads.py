"""What alert sources post, in the shape that they document."""

import json
from typing import Any


def alert(name: str = "InstanceDown", status: str = "firing", **labels: str) -> dict[str, Any]:
    """One alert as Alertmanager has it; labels tell it from others."""
    all_labels = {"alertname": name, "job": "node", "severity": "critical", **labels}
    return {
        "status": status,
        "labels": all_labels,
        "annotations": {},
        "startsAt": "2026-03-01T02:14:09.512Z",
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-03-01T02:40:39.512Z",
        "generatorURL": "http://prometheus.example.org:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
        "fingerprint": f"{hash_of(all_labels):016x}",
    }


def hash_of(labels: dict[str, str]) -> int:
    """A fingerprint's number, the same for the same labels in every process."""
    return int.from_bytes(json.dumps(labels, sort_keys=True).encode(), "big") % (2**61 - 1)


def alertmanager(*alerts: dict[str, Any], group: str = "InstanceDown", **changes: Any) -> Any:  # noqa: ANN401 - JSON
    """One message of Alertmanager's webhook, version 4."""
    alerts = alerts or (alert(instance="web1:9100"),)
    common = dict(set.intersection(*(set(a["labels"].items()) for a in alerts)))
    fires = any(a["status"] == "firing" for a in alerts)
    return {
        "version": "4",
        "groupKey": f'{{}}/{{severity="critical"}}:{{alertname="{group}"}}',
        "truncatedAlerts": 0,
        "status": "firing" if fires else "resolved",
        "receiver": "sms",
        "groupLabels": {"alertname": group},
        "commonLabels": common,
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.org:9093",
        "alerts": list(alerts),
        **changes,
    }


def grafana_alert(name: str = "Memory is short", zone: str = "eu-1") -> dict[str, Any]:
    """One alert as Grafana has it."""
    return {
        "status": "firing",
        "labels": {"alertname": name, "team": "blue", "zone": zone},
        "annotations": {
            "summary": f"Above 90 % for ten minutes in {zone}",
            "description": "Less than a tenth of the memory is free",
            "runbook_url": "https://runbooks.example.org/memory",
        },
        "startsAt": "2026-03-01T02:14:09.512Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "https://grafana.example.org/alerting/grafana/abc/view?orgId=1",
        "fingerprint": "57c6d9296de2ad39" if zone == "eu-1" else "f1cc3e2b4a5d6071",
        "silenceURL": "https://grafana.example.org/alerting/silence/new?alertmanager=grafana",
        "dashboardURL": "https://grafana.example.org/d/abc?orgId=1",
        "panelURL": "https://grafana.example.org/d/abc?orgId=1&viewPanel=4",
        "values": {"B": 92.4, "C": 1},
        "valueString": "[ var='B' labels={zone=eu-1} value=92.4 ]",
    }


def grafana(*alerts: dict[str, Any], **changes: Any) -> Any:  # noqa: ANN401 - JSON
    """One message of Grafana's webhook contact point."""
    alerts = alerts or (grafana_alert(),)
    return {
        "receiver": "SMS",
        "status": "firing",
        "orgId": 1,
        "alerts": list(alerts),
        "groupLabels": {"alertname": "Memory is short"},
        "commonLabels": {"team": "blue"},
        "commonAnnotations": {},
        "externalURL": "https://grafana.example.org/",
        "version": "1",
        "groupKey": '{}:{alertname="Memory is short"}',
        "truncatedAlerts": 0,
        "title": "[FIRING:1] Memory is short (blue)",
        "state": "alerting",
        "message": "**Firing**\n\nValue: B=92.4",
        **changes,
    }
