"""What `GET /metrics` tells: counters and timings without names, numbers or texts."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 15.0)


class Metrics:
    """One registry a process, built with it."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.outcomes = Counter(
            "sms_commands", "Commands, clicks and submissions by outcome", ["outcome"],
            registry=self._registry,
        )  # fmt: skip
        self.ack_seconds = Histogram(
            "sms_ack_seconds", "From a command's arrival to its acknowledgement",
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self.twilio_answers = Counter(
            "sms_twilio_answers", "Twilio's answers to messages by meaning", ["answer"],
            registry=self._registry,
        )  # fmt: skip
        self.twilio_seconds = Histogram(
            "sms_twilio_seconds", "Duration of one message's request to Twilio",
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self.callbacks = Counter(
            "sms_callbacks", "Twilio's calls by what they tell and the HTTP status of our answer",
            ["about", "status"], registry=self._registry,
        )  # fmt: skip
        self.replies = Counter(
            "sms_replies", "People's replies by what became of them", ["outcome"],
            registry=self._registry,
        )  # fmt: skip
        self.alerts = Counter(
            "sms_alerts", "Messages of alert sources by what became of them", ["outcome"],
            registry=self._registry,
        )  # fmt: skip
        self.policy_faults = Counter(
            "sms_policy_faults", "Edits of sms.toml that were refused", registry=self._registry
        )

    def text(self) -> bytes:
        """Give the Prometheus exposition."""
        return generate_latest(self._registry)
