"""Dashboard and alert rules use metrics that there are, with labels that these have."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot.gauges import Gauges
from bot.lease import Lease
from bot.metrics import Metrics
from bot.slack.link import Link
from bot.store.levels import Levels
from commands.settle import Answer

ROOT = Path(__file__).parents[2]
DASHBOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/sms-bot.json").read_text())
RULES: dict[str, Any] = yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())

SCRAPED = {"instance", "job"}
"""Labels that Prometheus adds to whatever it scrapes."""


def metrics() -> Metrics:
    """Every metric with a value, so that its labels show."""
    made = Metrics()
    link = Link()
    link.reached(by_socket=True)
    levels = Levels({("failed", "number"): 1}, {"asked": 1}, {("drain", "due"): 1}, 1, 1, 1, 1, 1)
    made.gauges.link, made.gauges.lease, made.gauges.levels = link, Lease(), levels
    made.outcomes.labels("send", "Sending").inc()
    made.requests.labels("/healthz", "200").inc()
    made.callbacks.labels("status", "204").inc()
    for counter in (made.twilio_answers, made.replies, made.alerts):
        counter.labels("any").inc()
    return made


def labels() -> Mapping[str, set[str]]:
    """Give every series there is by its name, with its labels."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics().text().decode()):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def queries() -> Iterator[tuple[str, str]]:
    """Give each expression with the name of its panel or rule."""
    for panel in DASHBOARD["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])
    for group in RULES["groups"]:
        yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])


def selectors(expression: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the series that an expression names, with what it asks of their labels."""
    for name, asked in re.findall(r"\b(sms_\w+)(\{.*?\"\})?", expression):
        yield name, dict(re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"', asked))


def grouped(expression: str) -> set[str]:
    lists = re.findall(r"\b(?:by|without|on|ignoring) \(([^)]*)\)", expression)
    return {label.strip() for each in lists for label in each.split(",")}


def test_every_series_that_is_asked_for_is_measured_with_those_labels() -> None:
    there = labels()
    for title, expression in queries():
        used = list(selectors(expression))
        assert used, title
        for name, asked in used:
            assert name in there, (title, name)
            assert set(asked) <= there[name] | SCRAPED, (title, name, asked)
        known = set().union(*(there[name] for name, _ in used))
        assert grouped(expression) <= known | SCRAPED, title


def test_every_value_that_is_asked_for_can_occur() -> None:
    answers = {each.__name__ for each in get_args(Answer)}
    asked = [each for _, expression in queries() for _, each in selectors(expression)]
    assert {each["answer"] for each in asked if "answer" in each} <= answers
    assert {each["route"] for each in asked if "route" in each} == {"/alerts/{name}"}


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {
        name
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
        for name, _ in selectors(target["expr"])
    }
    for family in text_string_to_metric_families(metrics().text().decode()):
        if family.name.endswith("_created"):  # when a counter began: of the library, for machines
            continue
        assert any(name.startswith(family.name) for name in shown), family.name


def test_levels_of_the_database_are_never_summed_over_processes() -> None:
    of_all = {
        family.name
        for family in Gauges(levels=Levels({}, {}, {}, 0, 0, 0, 0, 0)).collect()
        if "every process tells the same" in family.documentation
    }
    assert len(of_all) == 8
    for title, expression in queries():
        for name, _ in selectors(expression):
            if name in of_all and "absent" not in expression:
                pattern = rf"max(?: by \([^)]*\))? \({name}|max\({name}"
                assert re.search(pattern, expression), (title, name)


def test_brackets_and_quotes_of_every_expression_are_closed() -> None:
    for title, expression in queries():
        bare = re.sub(r'"[^"]*"', "", expression)
        assert '"' not in bare, title
        for opening, closing in ("()", "{}", "[]"):
            assert bare.count(opening) == bare.count(closing), title


def test_every_rule_says_how_bad_it_is_and_what_to_do() -> None:
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "action"}
        assert re.fullmatch(r"\d+[sm]", rule.get("for", "1m"))


def test_every_panel_has_a_place_of_its_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
