"""The button *Retry failed*: the failed part of an earlier send, decided anew."""

from commands.errors import NotAllowed, Refusal, UsageError
from commands.model import Action, FailedPart
from commands.outcome import Sending
from commands.permission import permit
from commands.send import commit, draft
from commands.services import Case


def retry_key(send_id: int) -> str:
    """Give the request key that makes two clicks on one button one send."""
    return f"retry:{send_id}"


async def retry(send_id: int, case: Case) -> Sending:
    """Send again to those, and only those, who did not get send `send_id`.

    Raises:
        CommandError: nothing failed, or the policy speaks against it by now.
    """
    actor = await permit(case, Action.SEND)
    part = await case.services.ledger.failed_part(send_id)
    part = _retriable(send_id, part, actor.channel)
    return await commit(await draft(case, actor, part.body, part.recipients, send_id), case)


def _retriable(send_id: int, part: FailedPart | None, channel: str) -> FailedPart:
    if part is None:
        raise UsageError(f"There is no send {send_id}.", "Send the message anew with /sms send.")
    if part.channel != channel:
        raise NotAllowed(
            f"Send {send_id} was not made in this channel.",
            "Retry it in the channel that it was sent from.",
            rule="a send is retried in its own channel",
        )
    if not part.recipients:
        raise Refusal(
            f"Nothing of send {send_id} failed, so there is nothing to retry.",
            "A recipient in doubt is not retried: the message may have arrived.",
        )
    return part
