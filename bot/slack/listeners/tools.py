"""What every listener has at hand."""

from dataclasses import dataclass

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.core import Core
from bot.metrics import Metrics
from bot.slack.hometab import HomeTab
from bot.slack.replies import Replies
from bot.slack.voice import Voice
from bot.store.cards import Cards
from commands.forms import FORMS
from commands.outcome import Outcome, Paging, Sending

STORING = 2.6
"""Seconds after which a request is acknowledged although the database has not answered yet."""

log = structlog.get_logger(__name__)


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

    def counted(self, verb: str, outcome: Outcome) -> Outcome:
        """Count an outcome on its way, and log it with the number that was given.

        Args:
            verb: what was asked for: a verb of the command, or the name of a button or a view.
            outcome: what it came to.
        """
        name = type(outcome).__name__
        self.metrics.outcomes.labels(verb, name).inc()
        number: dict[str, int] = {}
        if isinstance(outcome, Sending):
            number = {"send": outcome.send_id}
        elif isinstance(outcome, Paging):
            number = {"page": outcome.page_id}
        log.info("request.answered", verb=verb, outcome=name, **number)
        return outcome


def verb_of(text: str) -> str:
    """Name the verb of what was typed: one that there is, or ``unknown``."""
    words = text.split(maxsplit=1)
    verb = words[0].casefold() if words else "help"
    return verb if verb in FORMS else "unknown"
