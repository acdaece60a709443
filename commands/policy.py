"""The one decision: may this actor do this here, to these people?

A decision names the rule that made it; a denial shows the line of sms.toml that would allow it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from commands.errors import NotAllowed, OverLimit, Refusal
from commands.model import Action, Actor, Recipient
from commands.rules import (
    DIRECTORY,
    EVERYBODY,
    VERIFIED,
    ChannelRules,
    Contact,
    Group,
    Policy,
    groups_mentioned,
    needs_verified,
    reach,
)

__all__ = [
    "DIRECTORY",
    "EVERYBODY",
    "VERIFIED",
    "ChannelRules",
    "Contact",
    "Decision",
    "Group",
    "Policy",
    "decide",
    "decide_admin",
    "groups_mentioned",
    "mend",
    "needs_verified",
    "reach",
    "rule_of",
]


@dataclass(frozen=True)
class Decision:
    """The answer of the policy.

    Attributes:
        allowed: whether it may be done.
        reason: why, for the person who asked; names refused recipients in full.
        rule: the rule of sms.toml that decided.
        remedy: the lines of sms.toml that would allow it; empty if allowed.
        kind: the class of the refusal; None if allowed.
    """

    allowed: bool
    reason: str
    rule: str
    remedy: str = ""
    kind: type[Refusal] | None = None


def decide(
    policy: Policy,
    actor: Actor,
    action: Action,
    recipients: Sequence[Recipient],
    verified: frozenset[str] | None,
) -> Decision:
    """Decide; denied unless every rule allows.

    Args:
        policy: what sms.toml says.
        actor: who asks where, with the user groups that matter.
        action: what is asked.
        recipients: whom it would reach; none to decide on the action alone.
        verified: the account's verified addresses; None if not known, which counts as none.
    """
    rules = policy.channels.get(actor.channel)
    if rules is None:
        return _unknown_channel(actor, action)
    denial = (
        _action_denied(rules, action)
        or _actor_denied(rules, actor)
        or _recipients_denied(policy, rules, recipients, verified or frozenset())
        or _size_denied(rules, len(recipients))
    )
    return denial or Decision(
        allowed=True,
        reason=_granted(rules, action, len(recipients)),
        rule=rule_of(rules, "allow"),
    )


def decide_admin(policy: Policy, actor: Actor) -> Decision:
    """Decide whether the actor, with the user groups that matter, may keep the directory."""
    rule = f"admins = {_toml(policy.admins)}"
    if actor.user in policy.admins or actor.groups & set(policy.admins):
        return Decision(allowed=True, reason="You are one of the admins.", rule=rule)
    return Decision(
        allowed=False,
        reason="Only admins may look at the directory and change it.",
        rule=rule,
        remedy=f"change in sms.toml, above its tables:\nadmins = "
        f"{_toml([*policy.admins, actor.user])}",
        kind=NotAllowed,
    )


def rule_of(rules: ChannelRules, key: str) -> str:
    """Name a rule as it stands in sms.toml, e.g. ``channel C0ONCALL: allow = ["send"]``."""
    value = rules.senders if key == "from" else getattr(rules, key)
    return f"channel {rules.id}: {key} = {_toml(value)}"


def mend(rules: ChannelRules, key: str, value: Sequence[str] | int) -> str:
    """Show the line of sms.toml to write instead."""
    return f'change in sms.toml, under [[channel]] id = "{rules.id}":\n{key} = {_toml(value)}'


def _toml(value: object) -> str:
    # JSON's strings, integers and lists of strings are TOML's as well
    return json.dumps(value, ensure_ascii=False)


def _granted(rules: ChannelRules, action: Action, count: int) -> str:
    whom = "everybody" if EVERYBODY in rules.who else "you"
    text = f"This channel lets {whom} use {action}"
    if not count:
        return f"{text}."
    return f"{text}, and reaches {f'all {count:,} recipients' if count > 1 else 'this recipient'}."


def _unknown_channel(actor: Actor, action: Action) -> Decision:
    lines = (
        "[[channel]]",
        f"id = {_toml(actor.channel)}",
        f"allow = {_toml([action])}",
        f"who = {_toml([actor.user])}",
        f"to = {_toml([VERIFIED, DIRECTORY])}",
    )
    return Decision(
        allowed=False,
        reason="This channel is not in sms.toml, so nothing may be done here.",
        rule=f"channel {actor.channel}: not in sms.toml",
        remedy="add to sms.toml:\n" + "\n".join(lines),
        kind=NotAllowed,
    )


def _action_denied(rules: ChannelRules, action: Action) -> Decision | None:
    if action in rules.allow:
        return None
    return Decision(
        allowed=False,
        reason=f"This channel does not allow {action}.",
        rule=rule_of(rules, "allow"),
        remedy=mend(rules, "allow", [*rules.allow, action]),
        kind=NotAllowed,
    )


def _actor_denied(rules: ChannelRules, actor: Actor) -> Decision | None:
    # a user group does not name a guest: who belongs to it is decided out of sight of sms.toml
    unnamed = EVERYBODY in rules.who or actor.groups & set(rules.who)
    if actor.user in rules.who or (unnamed and not actor.guest):
        return None
    return Decision(
        allowed=False,
        reason=_GUEST if actor.guest else "You are not among those who may do this here.",
        rule=rule_of(rules, "who"),
        remedy=mend(rules, "who", [*rules.who, actor.user]),
        kind=NotAllowed,
    )


def _recipients_denied(
    policy: Policy,
    rules: ChannelRules,
    recipients: Sequence[Recipient],
    verified: frozenset[str],
) -> Decision | None:
    refused = [r for r in recipients if not reach(policy, rules, r.address, verified)]
    if not refused:
        return None
    lines = "\n".join(f"{_called(r)}: not in to = {_toml(rules.to)}" for r in refused)
    missing = [DIRECTORY if r.address in policy.directory else r.address for r in refused]
    return Decision(
        allowed=False,
        reason=f"Nothing was sent. This channel may not reach:\n{lines}",
        rule=rule_of(rules, "to"),
        remedy=mend(rules, "to", list(dict.fromkeys([*rules.to, *missing]))),
        kind=NotAllowed,
    )


def _called(recipient: Recipient) -> str:
    return f"{recipient.name} ({recipient.address})" if recipient.name else recipient.address


def _size_denied(rules: ChannelRules, count: int) -> Decision | None:
    limit = rules.max_recipients
    if limit is None or count <= limit:
        return None
    return Decision(
        allowed=False,
        reason=f"{count} recipients are more than one command may have: max_recipients = {limit}.",
        rule=rule_of(rules, "max_recipients"),
        remedy=f"Send to at most {limit} at once, or {mend(rules, 'max_recipients', count)}",
        kind=OverLimit,
    )


_GUEST = (
    "You are a guest from another organization here, and a guest may only do what `who` names them "
    "for, by their own user id."
)
