"""The names of the jobs, and what it takes to defer one: shared by the queue and the ledger."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import psycopg


class Task(StrEnum):
    """What is done in the background about a send; each job names one send, or one question.

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
    AGAIN = "again"
    """Send a page once more to those whose phone may be within reach by now."""
    QUESTION = "question"
    """Show a second person what is asked before sending, and what came of it."""
    HOME = "home"
    """Show who asked for it their App Home anew."""


@dataclass(frozen=True)
class Order:
    """One job to put into the queue.

    Attributes:
        task: what to do.
        send_id: about which send; of QUESTION, about which question.
        after: seconds from now before which it does not run.
    """

    task: Task
    send_id: int
    after: float = 0.0


class Deferrer(Protocol):
    """Puts jobs into the queue."""

    async def defer(self, *orders: Order, conn: psycopg.AsyncConnection | None = None) -> None:
        """Put jobs into the queue, in the transaction of `conn` or in one of their own.

        Of NOTICE, RECONCILE, TRACK, AGAIN and HOME at most one waits for a send: a second is left
        out.
        """
