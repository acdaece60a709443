"""Groups of alerts as Alertmanager (version 4) and Grafana post them. Pure.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/

Grafana's is Alertmanager's with more in it, so one reader serves both.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from commands.notice import KEPT, LABEL, Alarm, Malformed, Notice, bounded, digest, link_of

_Texts = Mapping[str, str]
_Row = Mapping[str, Any]

LABELS: Final = 64
"""Labels of an alert, and annotations, that are read."""

_LISTED = 20
"""Alerts that a text names one by one, before "and N more"."""
_SHOWN = 4
"""Labels by which an alert is told from its neighbours."""
_SAID = ("summary", "description", "message")
_LINKS = ("panelURL", "dashboardURL", "generatorURL")
_UNSAID = ("alertname", "severity")


@dataclass(frozen=True)
class _Alert:
    key: str
    firing: bool
    labels: _Texts = field(repr=False)
    annotations: _Texts = field(repr=False)
    links: tuple[object, ...] = field(repr=False)

    @property
    def name(self) -> str:
        return self.labels.get("alertname", "")

    def details(self, known: _Texts) -> str:
        """Say by which labels it differs from what is `known`."""
        own = [f"{k}={v}" for k, v in self.labels.items() if k not in _UNSAID and k not in known]
        return ", ".join(own[:_SHOWN])


def read_group(data: _Row) -> Notice:
    """Read one notification.

    Raises:
        Malformed: it is not of this shape.
    """
    rows = data.get("alerts")
    if not isinstance(rows, list) or not rows:
        raise Malformed('"alerts" must be a list of at least one alert')
    fire = [_fires(row, f"alerts[{n}]", data) for n, row in enumerate(rows)]
    # those that fire first, as those that are kept
    read = sorted(range(len(rows)), key=lambda n: not fire[n])[:KEPT]
    found: dict[str, _Alert] = {}
    for n in read:
        alert = _alert(rows[n], f"alerts[{n}]", firing=fire[n])
        found.setdefault(alert.key, alert)
    alerts = list(found.values())
    firing = [a for a in alerts if a.firing] or alerts
    return Notice(
        key=_key(data, alerts),
        text=bounded(_text(firing, unread=max(sum(fire) - KEPT, 0))),
        alarms=tuple(Alarm(a.key, a.firing, _label(a)) for a in alerts),
        link=link_of([*(link for a in firing for link in a.links), data.get("externalURL")]),
        # what is over may be left out: it is over by not being there
        whole=not data.get("truncatedAlerts") and sum(fire) <= KEPT,
        teller=_teller(data.get("externalURL")),
    )


def _teller(url: object) -> str:
    """Name whose message it is: what another Alertmanager does not name may well fire."""
    return digest(url) if isinstance(url, str) and url else ""


def _alert(row: _Row, where: str, *, firing: bool) -> _Alert:
    labels = _texts(row.get("labels"), f"{where}.labels")
    return _Alert(
        key=_fingerprint(row.get("fingerprint"), labels),
        firing=firing,
        labels=labels,
        annotations=_texts(row.get("annotations"), f"{where}.annotations"),
        links=tuple(row.get(name) for name in _LINKS),
    )


def _texts(value: object, where: str) -> _Texts:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(f"{where} must be an object")
    kept = value if len(value) <= LABELS else {k: value[k] for k in sorted(value)[:LABELS]}
    if any(isinstance(each, dict | list) for each in kept.values()):
        raise Malformed(f"the values of {where} must be texts")
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in kept.items()}


def _fires(row: object, where: str, data: _Row) -> bool:
    if not isinstance(row, dict):
        raise Malformed(f"{where} must be an object")
    status = row.get("status", data.get("status"))
    word = status.strip().casefold() if isinstance(status, str) else ""
    if word not in {"firing", "resolved"}:
        raise Malformed(f'{where}.status must be "firing" or "resolved"')
    return word == "firing"


def _fingerprint(given: object, labels: _Texts) -> str:
    if isinstance(given, str) and re.fullmatch(r"[0-9A-Za-z]{1,64}", given):
        return given
    return digest(given) if isinstance(given, str) and given else digest(_written(labels))


def _key(data: _Row, alerts: Sequence[_Alert]) -> str:
    """Tell the group: by its own key, or else by what its alerts have in common."""
    key = data.get("groupKey")
    if isinstance(key, str) and key:
        return digest(key)
    for name in ("groupLabels", "commonLabels"):
        if labels := _texts(data.get(name), name):
            return digest(name, _written(labels))
    return digest(*sorted(a.key for a in alerts))


def _written(labels: _Texts) -> str:
    return json.dumps(labels, sort_keys=True)


def _text(firing: Sequence[_Alert], unread: int) -> str:
    labels = _common([a.labels for a in firing])
    says = {_said(a.annotations) for a in firing}
    said = says.pop() if len(says) == 1 else ""
    name, severity = labels.get("alertname", ""), labels.get("severity", "")
    if name and name.casefold() in said.casefold():
        name = ""
    head = f"{name} ({severity})" if name and severity else name or severity
    if len(firing) == 1:
        return ": ".join(filter(None, (head, said or firing[0].details({})))) or "An alert fires"
    count = len(firing) + unread
    each = _list([_item(a, labels, said) for a in firing[:_LISTED]], count - _LISTED)
    return f"{count} firing: " + ": ".join(filter(None, (head, said, each)))


def _item(alert: _Alert, common: _Texts, said: str) -> str:
    """Name one of several, by what they do not share."""
    name = "" if "alertname" in common else alert.name
    own = "" if said else _said(alert.annotations)
    return ", ".join(filter(None, (name, own or alert.details(common))))


def _list(items: Sequence[str], others: int) -> str:
    names = dict.fromkeys(bounded(item, LABEL) for item in items if item)
    return "; ".join([*names, *([f"and {others} more"] if others > 0 else [])])


def _label(alert: _Alert) -> str:
    whole = " ".join(filter(None, (alert.name, alert.details({}))))
    return bounded(whole or _said(alert.annotations), LABEL)


def _said(annotations: _Texts) -> str:
    texts = (annotations.get(name, "").strip() for name in _SAID)
    return next(filter(None, texts), "")


def _common(each: Sequence[_Texts]) -> _Texts:
    first, *others = each
    return {k: v for k, v in first.items() if all(other.get(k) == v for other in others)}
