"""What `GET /metrics` tells: counters, timings and levels without names, numbers or texts.

Counters and timings are of the process that is asked: over several, sum them. Levels are either of
the process too (whether Slack is connected), or of the database, and then every process tells the
same: over several, take the greatest, never the sum. The help of each says which.
"""

import platform
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, generate_latest

from bot.gauges import Gauges

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 15.0)


class Metrics:
    """One registry a process, built with it.

    Attributes:
        gauges: the levels.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.gauges = Gauges()
        registry.register(self.gauges)
        self.outcomes = Counter(
            "sms_commands", "Commands, clicks and submissions by verb and outcome",
            ["verb", "outcome"], registry=registry,
        )  # fmt: skip
        self.ack_seconds = Histogram(
            "sms_ack_seconds", "From a command's arrival to its acknowledgement",
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.twilio_answers = Counter(
            "sms_twilio_answers", "Twilio's answers to messages by meaning", ["answer"],
            registry=registry,
        )  # fmt: skip
        self.twilio_seconds = Histogram(
            "sms_twilio_seconds", "Duration of one message's request to Twilio",
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.callbacks = Counter(
            "sms_callbacks", "Twilio's calls by what they tell and the HTTP status of our answer",
            ["about", "status"], registry=registry,
        )  # fmt: skip
        self.requests = Counter(
            "sms_http_requests", "HTTP requests by route and the status of our answer",
            ["route", "status"], registry=registry,
        )  # fmt: skip
        self.replies = Counter(
            "sms_replies", "People's replies by what became of them", ["outcome"],
            registry=registry,
        )  # fmt: skip
        self.alerts = Counter(
            "sms_alerts", "Messages of alert sources by what became of them", ["outcome"],
            registry=registry,
        )  # fmt: skip
        self.takeovers = Counter(
            "sms_takeovers", "Jobs of dead processes that this one put back into the queue",
            registry=registry,
        )  # fmt: skip
        self.policy_faults = Counter(
            "sms_policy_faults", "Edits of sms.toml that were refused", registry=registry
        )
        about = {"version": _version(), "python": platform.python_version()}
        Info("sms_build", "What runs here", registry=registry).info(about)

    def text(self) -> bytes:
        """Give the Prometheus exposition."""
        return generate_latest(self._registry)


def _version() -> str:
    try:
        return version("slack-sms-bot")
    except PackageNotFoundError:  # run from a checkout that was not installed
        return "unknown"
