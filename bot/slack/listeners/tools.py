"""What every listener has at hand."""

from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.core import Core
from bot.metrics import Metrics
from bot.slack.hometab import HomeTab
from bot.slack.replies import Replies
from bot.slack.voice import Voice
from bot.store.cards import Cards
from commands.outcome import Outcome

STORING = 2.6
"""Seconds after which a request is acknowledged although the database has not answered yet."""


@dataclass(frozen=True)
class Tools:
    """The flow, and the ways to answer.

    Attributes:
        core: decides.
        voice: speaks to Slack.
        cards: knows the sends and where they are shown.
        client: opens and changes views.
        metrics: counts.
        replies: knows the requests under way.
        home: draws App Homes.
    """

    core: Core
    voice: Voice
    cards: Cards
    client: AsyncWebClient
    metrics: Metrics
    replies: Replies
    home: HomeTab

    def counted(self, outcome: Outcome) -> Outcome:
        """Count an outcome on its way."""
        self.metrics.outcomes.labels(type(outcome).__name__).inc()
        return outcome
