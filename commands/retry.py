"""The buttons under a send: *Retry failed*, *Send again* and *Leave it*, each decided anew.

What failed is sent again as a new send. What is in doubt is the same send still: on the sender's
word its recipients are queued anew, or left as they are.
"""

from dataclasses import replace

from commands.asking import Put, put
from commands.errors import NotAllowed, Refusal, UsageError
from commands.model import Action, Part
from commands.outcome import LeftAlone, SendingAgain
from commands.permission import permit
from commands.send import draft
from commands.senders import still
from commands.services import Case


def retry_key(send_id: int, retries: int) -> str:
    """Give the request key that makes two clicks on one button one send.

    Args:
        send_id: whose failures are sent to again.
        retries: how many sends did that before, read together with who is left to retry.
    """
    return f"retry:{send_id}:{retries}"


async def retry(send_id: int, case: Case) -> Put:
    """Send again to those, and only those, who did not get send `send_id`.

    Raises:
        CommandError: nothing failed, or the policy speaks against it by now.
    """
    actor = await permit(case, Action.SEND)
    part = _part(send_id, await case.services.ledger.failed_part(send_id), actor.channel)
    if not part.recipients:
        raise _nothing_failed(part)
    key = retry_key(send_id, part.retries)
    sender = still(case.services.policy.channels[actor.channel], part.sender)
    keyed = replace(case, request=replace(case.request, request_key=key))
    drawn = await draft(keyed, actor, part.body, part.recipients, send_id, sender)
    return await put(drawn, keyed)


async def send_again(send_id: int, attempt: int, case: Case) -> SendingAgain:
    """Send again to those of whom nobody knows whether they got send `send_id`.

    Args:
        send_id: the send.
        attempt: the last attempt that the asker was told of.
        case: who asks, where.

    Raises:
        CommandError: nobody is in doubt any more, or the policy speaks against it by now.
    """
    actor = await permit(case, Action.SEND)
    part = await _doubtful(send_id, attempt, case)
    drawn = await draft(case, actor, part.body, part.recipients)
    done = await case.services.ledger.send_again(send_id, attempt, actor, drawn.decision.rule)
    return SendingAgain(send_id, done.again, done.left_out)


async def leave(send_id: int, attempt: int, case: Case) -> LeftAlone:
    """Keep that those in doubt are left as they are; nothing is sent.

    Raises:
        CommandError: nobody is in doubt any more, or somebody else asks than who sent it.
    """
    part = await _doubtful(send_id, attempt, case)
    if not part.left_by:
        await case.services.ledger.leave(send_id, case.request.actor)
    return LeftAlone(send_id, len(part.recipients))


async def _doubtful(send_id: int, attempt: int, case: Case) -> Part:
    actor = case.request.actor
    found = await case.services.ledger.doubtful_part(send_id, attempt)
    part = _part(send_id, found, actor.channel)
    if part.actor_user != actor.user:
        raise NotAllowed(
            f"Send {send_id} was made by somebody else.",
            "Who sent it can decide what becomes of those in doubt.",
            rule="doubts are decided by the sender",
        )
    if not part.recipients:
        raise Refusal(
            f"Nobody of send {send_id} is in doubt any more.", "Its card shows what became of each."
        )
    return part


def _part(send_id: int, part: Part | None, channel: str) -> Part:
    if part is None:
        raise UsageError(f"There is no send {send_id}.", "Send the message anew with /sms send.")
    if part.channel != channel:
        raise NotAllowed(
            f"Send {send_id} was not made in this channel.",
            "Retry it in the channel that it was sent from.",
            rule="a send is retried in its own channel",
        )
    return part


def _nothing_failed(part: Part) -> Refusal:
    if part.left_out:
        return Refusal(
            f"Who failed in send {part.send_id} and was not sent to again has opted out by now. "
            "Nothing is sent.",
            "Only their own START to its sender opens this again.",
        )
    if part.retries:
        return Refusal(
            f"Who failed in send {part.send_id} was sent to again before. Nothing more is sent.",
            "If somebody failed once more, use the button of that later send.",
        )
    return Refusal(
        f"Nothing of send {part.send_id} failed, so there is nothing to retry.",
        "A recipient in doubt is not retried: the message may have arrived.",
    )
