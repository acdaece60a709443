"""Asks the policy before anything is looked up, fetching no more than it needs to decide."""

from dataclasses import replace

from commands.errors import Refusal
from commands.model import Action, Actor
from commands.policy import Decision, Policy, decide, decide_admin, groups_mentioned
from commands.ports import Directory
from commands.rules import EVERYBODY, ChannelRules
from commands.services import Case


async def ask(case: Case, action: Action) -> tuple[Actor, Decision]:
    """Decide on the action alone: channel, `allow`, `who`. Gives the actor with user groups.

    Raises:
        LookupFailed: a user group of `who` could not be read, or not whether this is a guest.
    """
    policy, actor = case.services.policy, case.request.actor
    rules = policy.channels.get(actor.channel)
    if rules is not None and action in rules.allow:
        actor = await _with_groups(actor, policy, case.lookups)
        actor = await _or_guest(actor, rules, case.lookups)
    return actor, decide(policy, actor, action, (), None)


def any_action(case: Case) -> Action:
    """Give what to ask for where everything that the channel allows will do.

    `who` is the same for every action, so the first that is allowed decides for all.
    """
    rules = case.services.policy.channels.get(case.request.actor.channel)
    return next((a for a in Action if rules and a in rules.allow), Action.SEND)


async def permit(case: Case, action: Action) -> Actor:
    """Like `ask`, but a denial is raised.

    Raises:
        Refusal: the policy denies the action.
        LookupFailed: a user group of `who` could not be read, or not whether this is a guest.
    """
    actor, decision = await ask(case, action)
    require(decision)
    return actor


async def permit_admin(case: Case) -> Decision:
    """Decide whether the asker may keep the directory.

    Raises:
        Refusal: they are no admin.
        LookupFailed: a user group of `admins` could not be read.
    """
    policy, actor = case.services.policy, case.request.actor
    if actor.user not in policy.admins:
        for group in (item for item in policy.admins if item.startswith("S")):
            if actor.user in await case.lookups.group_members(group):
                actor = replace(actor, groups=actor.groups | {group})
                break
    decision = decide_admin(policy, actor)
    require(decision)
    return decision


def require(decision: Decision) -> None:
    """Raise a denial as the refusal it is.

    Raises:
        Refusal: the decision is a denial.
    """
    if not decision.allowed:
        kind = decision.kind or Refusal
        raise kind(decision.reason, decision.remedy, rule=decision.rule)


async def _with_groups(actor: Actor, policy: Policy, directory: Directory) -> Actor:
    """Add the first user group of `who` that has the actor; more would change no decision."""
    who = policy.channels[actor.channel].who
    if EVERYBODY in who or actor.user in who or actor.groups & set(who):
        return actor
    for group in sorted(groups_mentioned(policy, actor.channel) & set(who)):
        if actor.user in await directory.group_members(group):
            return replace(actor, groups=actor.groups | {group})
    return actor


async def _or_guest(actor: Actor, rules: ChannelRules, directory: Directory) -> Actor:
    """Tell whether it is a guest whom `who` would let in unnamed; else it decides nothing."""
    unnamed = actor.user not in rules.who
    if unnamed and (EVERYBODY in rules.who or actor.groups & set(rules.who)):
        return replace(actor, guest=await directory.is_guest(actor.user, actor.team))
    return actor
