"""Send a page once more, some minutes later, to those whose phone was off: the `again` job.

Twilio tells of a phone out of reach, a congested network and the like by codes that may pass
(`Scope.LATER`). A page gets one more try, as a send of its own that is linked to the first. A plain
send gets none: its sender has *Retry failed*.
"""

from bot.drain import Unfinished
from bot.store.ledger import PostgresLedger
from bot.store.outbox import Outbox
from commands.model import Actor, Kind, NewSend
from commands.retry import retry_key
from twilio_core.codes import TABLE, Scope

PASSING = tuple(code for code, info in TABLE.items() if info.scope is Scope.LATER)
"""Twilio's codes of failures that may pass."""

RULE = "page: failures that may pass are sent to once more"


class Again:
    """Repeats the passing failures of a page. Built once a process; `run` is the job."""

    def __init__(self, ledger: PostgresLedger, outbox: Outbox) -> None:
        self._ledger = ledger
        self._outbox = outbox

    async def run(self, send_id: int, _worker: int = 0) -> Unfinished | None:
        """Commit the repetition, once, however often this runs."""
        letter = await self._outbox.letter(send_id)
        part = await self._ledger.passing_part(send_id, PASSING)
        if letter is None or part is None or not part.recipients:
            return None
        await self._ledger.commit(
            NewSend(
                # as a click on Retry failed would: whichever comes first, the other adds nothing
                request_key=retry_key(send_id, part.retries),
                actor=Actor(part.actor_user, part.channel),
                body=part.body,
                recipients=part.recipients,
                sender=letter.sender,
                rule=RULE,
                kind=Kind.PAGE,
                retry_of=send_id,
            )
        )
        return None
