"""The verb `send` up to its commit: resolve, decide. Nothing is sent here; what is committed is."""

from dataclasses import dataclass, replace

from commands.dressing import Text
from commands.errors import OverLimit, UsageError
from commands.lookups import Lookups
from commands.model import Action, Actor, Committed, Kind, LimitReached, NewSend, Recipient
from commands.oncall import Ladder
from commands.outcome import ComposerAsked, Paging, Sending
from commands.parser import Compose, Send
from commands.permission import permit, require
from commands.policy import (
    ChannelRules,
    Decision,
    decide,
    groups_mentioned,
    mend,
    needs_verified,
    rule_of,
)
from commands.question import AlreadySent, Question
from commands.resolve import resolve
from commands.segments import MAX_BODY, measure, utf16_units
from commands.senders import chosen
from commands.services import Case


@dataclass(frozen=True)
class Draft:
    """A send that was decided, one step before its commit.

    Attributes:
        new: what the ledger would be given.
        decision: why it may be.
        folded: how many of the recipients typed were others once more.
    """

    new: NewSend
    decision: Decision
    folded: int = 0


async def compose(_command: Compose, case: Case) -> ComposerAsked:
    """Ask for the composer, unless it could only end in a refusal.

    A trigger_id lives 3 s (docs.slack.dev/interactivity), so user groups are not looked up
    here where `who` names some: what the composer submits is decided anew.
    """
    policy, channel = case.services.policy, case.request.actor.channel
    rules = policy.channels.get(channel)
    open_question = (
        rules is not None
        and Action.SEND in rules.allow
        and groups_mentioned(policy, channel) & set(rules.who)
    )
    if not open_question:
        await permit(case, Action.SEND)
    return ComposerAsked()


async def prepare(command: Send, case: Case) -> Draft:
    """Do all of a send but its commit.

    What needs no look-up is decided first: nobody's phone is asked for on behalf of somebody
    who may not send here anyway.

    Raises:
        CommandError: anything speaks against the send.
    """
    actor = await permit(case, Action.SEND)
    body = await message_of(command.message, case.lookups)
    found = await resolve(command.entries, case.services.policy, case.lookups)
    drafted = await draft(case, actor, body, found.recipients, sender=command.sender)
    return replace(drafted, folded=found.folded)


async def draft(
    case: Case,
    actor: Actor,
    body: str,
    recipients: tuple[Recipient, ...],
    retry_of: int | None = None,
    sender: str = "",
    *,
    ladder: Ladder | None = None,
) -> Draft:
    """Decide on the recipients of a send whose action is permitted.

    Args:
        case: who asks, where.
        actor: the same, with the user groups that matter.
        body: the text.
        recipients: whom it would reach.
        retry_of: the send whose failures it repeats.
        sender: which of the channel's senders was chosen; empty for its first.
        ladder: of a page, whom it goes to one after the other.

    Raises:
        Refusal: the channel does not reach all of them, not so many at once, or not from there.
        LookupFailed: the verified numbers matter and Twilio did not give them.
    """
    policy, request = case.services.policy, case.request
    verified = None
    if needs_verified(policy, actor.channel, recipients):
        verified = frozenset(r.address for r in await case.lookups.verified())
    kind = Kind.PAGE if ladder else Kind.SEND
    decision = decide(policy, actor, Action(kind), recipients, verified)
    require(decision)
    rules = policy.channels[actor.channel]
    new = NewSend(
        request_key=request.request_key,
        actor=actor,
        body=body,
        recipients=recipients,
        sender=chosen(rules, case.services.default_sender, sender),
        rule=decision.rule,
        command=request.text,
        daily_limit=rules.daily_limit,
        retry_of=retry_of,
        answer_url=request.answer_url,
        guard=case.services.same_intent,
        kind=kind,
        ladder=ladder,
    )
    return Draft(new, decision)


async def commit(drafted: Draft, case: Case) -> Sending | Paging | AlreadySent | Question:
    """Write the send to the ledger.

    Raises:
        OverLimit: the channel's last 24 hours leave no room.
    """
    new = drafted.new
    written = await case.services.ledger.commit(new)
    if isinstance(written, LimitReached):
        rules = case.services.policy.channels[new.actor.channel]
        raise _over_limit(written, rules, len(new.recipients))
    if not isinstance(written, Committed):
        return written
    if new.ladder:
        return Paging(written.send_id, new.ladder.escalation, written.repeated)
    segments = measure(new.body).segments
    return Sending(written.send_id, len(new.recipients), written.repeated, segments)


async def message_of(message: Text, lookups: Lookups) -> str:
    """Fill in the names of those whom a message mentions.

    Raises:
        UsageError: nothing is left of it, or it is longer than Twilio takes.
    """
    names = {user: await lookups.user_name(user) for user in message.users}
    body = message.filled(names).strip()
    if not body:
        raise UsageError("The message is empty.", "Write the text to send.")
    over = utf16_units(body) - MAX_BODY
    if over > 0:
        raise UsageError(
            f"The message has {MAX_BODY + over:,} characters; Twilio takes at most {MAX_BODY:,}.",
            f"Shorten it by {over:,}. Characters beyond U+FFFF, such as most emoji, count two.",
        )
    return body


def _over_limit(reached: LimitReached, rules: ChannelRules, count: int) -> OverLimit:
    left = max(reached.limit - reached.used, 0)
    line = mend(rules, "daily_limit", reached.used + count)
    return OverLimit(
        f"This channel has reached {reached.used} of the {reached.limit} recipients that it may "
        f"have in 24 hours; {count} more would be too many.",
        f"Send to at most {left} now, wait until some are a day old, or {line}",
        rule=rule_of(rules, "daily_limit"),
    )
