"""The names of the jobs, and what it takes to defer one: shared by the queue and the ledger."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import psycopg


class Task(StrEnum):
    """What is done in the background; each job names one send, one page or one question.

    The ledger is the truth and a job only a hint: each task reads what there is to do, so running
    one twice, or for nothing, is harmless.
    """

    DRAIN = "drain"
    """Post to whom is queued."""
    CARD = "card"
    """Show in Slack what changed."""
    NOTICE = "notice"
    """Tell the sender alone whom it did not surely reach."""
    RECONCILE = "reconcile"
    """Look at Twilio for messages in doubt."""
    TRACK = "track"
    """Ask Twilio what became of messages on their way."""
    URGENT = "urgent"
    """Post to whom a page has queued."""
    PAGE = "page"
    """Fire the step of a page that is due."""
    PAGE_CARD = "page_card"
    """Show in Slack what changed about a page, and say what is to be said."""
    QUESTION = "question"
    """Show a second person what is asked before sending, and what came of it."""
    HOME = "home"
    """Show who asked for it their App Home anew."""


@dataclass(frozen=True)
class Order:
    """One job to put into the queue.

    Attributes:
        task: what to do.
        send_id: about which send; of QUESTION, about which question; of PAGE and PAGE_CARD, about
            which page.
        after: seconds from now before which it does not run.
        trace: the id of the send or page (`bot.trace`); empty if the job is to look it up.
    """

    task: Task
    send_id: int
    after: float = 0.0
    trace: str = ""


class Deferrer(Protocol):
    """Puts jobs into the queue."""

    async def defer(self, *orders: Order, conn: psycopg.AsyncConnection | None = None) -> None:
        """Put jobs into the queue, in the transaction of `conn` or in one of their own.

        Of NOTICE, RECONCILE, TRACK and HOME at most one waits for a send: a second is left
        out.
        """
