import json
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from commands.errors import NotAllowed, OverLimit, Refusal
from commands.model import Action, Actor, Recipient
from commands.policy import ChannelRules, Decision, Policy, decide
from tests.commands.conftest import ALICE, BOB, policy_of

ME = Actor("U0ME", "C1")
FULL = ChannelRules("C1", allow=("send",), who=("*",), to=("directory",))
PEOPLE = (Recipient(ALICE.number, "alice"), Recipient(BOB.number, "Bob"))
FAR = Recipient("+442079460018")


def ask(
    actor: Actor = ME,
    people: tuple[Recipient, ...] = PEOPLE,
    verified: frozenset[str] | None = None,
    action: Action = Action.SEND,
    **keys: Any,  # noqa: ANN401 - each key has its own type
) -> Decision:
    return decide(policy_of({"C1": replace(FULL, **keys)}), actor, action, people, verified)


def test_what_every_rule_allows_is_allowed_and_names_its_rule() -> None:
    assert ask() == Decision(
        allowed=True,
        reason="This channel lets everybody use send, and reaches all 2 recipients.",
        rule='channel C1: allow = ["send"]',
    )


@pytest.mark.parametrize(
    ("keys", "actor"),
    [
        ({"allow": ("recipients", "send")}, ME),
        ({"who": ("U0ME",)}, ME),
        ({"who": ("S1",)}, replace(ME, groups=frozenset({"S1"}))),
        ({"to": ("+1617",)}, ME),
        ({"max_recipients": 2}, ME),
        ({"confirm_above": 2}, ME),
        ({"approve_above": 2}, ME),
        ({"daily_limit": 1}, ME),
    ],
)
def test_each_key_allows_what_it_says(keys: dict[str, Any], actor: Actor) -> None:
    decision = ask(actor, **keys)
    assert decision.allowed
    assert decision.kind is None
    assert decision.remedy == ""


@pytest.mark.parametrize(
    ("keys", "rule", "line", "kind"),
    [
        ({"allow": ()}, "allow = []", 'allow = ["send"]', NotAllowed),
        (
            {"allow": ("recipients",)},
            'allow = ["recipients"]',
            'allow = ["recipients", "send"]',
            NotAllowed,
        ),
        ({"who": ()}, "who = []", 'who = ["U0ME"]', NotAllowed),
        ({"who": ("U1", "S1")}, 'who = ["U1", "S1"]', 'who = ["U1", "S1", "U0ME"]', NotAllowed),
        ({"to": ()}, "to = []", 'to = ["directory"]', NotAllowed),
        ({"to": ("+44",)}, 'to = ["+44"]', 'to = ["+44", "directory"]', NotAllowed),
        ({"max_recipients": 1}, "max_recipients = 1", "max_recipients = 2", OverLimit),
    ],
)
def test_each_key_refuses_and_shows_the_line_that_would_allow(
    keys: dict[str, Any], rule: str, line: str, kind: type[Refusal]
) -> None:
    decision = ask(**keys)
    assert not decision.allowed
    assert decision.kind is kind
    assert decision.rule == f"channel C1: {rule}"
    assert decision.remedy.endswith(f'under [[channel]] id = "C1":\n{line}')
    assert ask(**keys | _as_keys(line)).allowed


def test_a_member_of_another_group_is_refused() -> None:
    assert not ask(replace(ME, groups=frozenset({"S2"})), who=("S1",)).allowed


@pytest.mark.parametrize("who", [("*",), ("S1",), ("U1", "*")])
def test_a_guest_is_refused_unless_named_by_user_id(who: tuple[str, ...]) -> None:
    guest = replace(ME, groups=frozenset({"S1"}), guest=True)
    decision = ask(guest, who=who)
    assert decision.kind is NotAllowed
    assert decision.reason.startswith("You are a guest from another organization here")
    assert decision.rule == f"channel C1: who = {json.dumps(who)}"
    assert '"U0ME"]' in decision.remedy
    assert ask(guest, who=(*who, "U0ME")).allowed
    assert ask(replace(guest, guest=False), who=who).allowed


def test_an_unknown_channel_is_refused_with_all_it_needs() -> None:
    elsewhere = Actor("U0ME", "C9")
    decision = decide(policy_of({}), elsewhere, Action.SEND, PEOPLE, None)
    assert decision.kind is NotAllowed
    assert decision.rule == "channel C9: not in sms.toml"
    head, _, lines = decision.remedy.partition("\n")
    assert head == "add to sms.toml:"
    (channel,) = tomllib.loads(lines)["channel"]
    allow, who, to = (tuple(channel[key]) for key in ("allow", "who", "to"))
    rules = ChannelRules(channel["id"], allow=allow, who=who, to=to)
    assert set(channel) == {"id", "allow", "who", "to"}
    assert decide(policy_of({"C9": rules}), elsewhere, Action.SEND, PEOPLE, None).allowed


def test_an_empty_policy_allows_nothing() -> None:
    assert not decide(Policy(), ME, Action.RECIPIENTS, (), None).allowed


def test_every_refused_recipient_is_named_in_full() -> None:
    decision = ask(people=(*PEOPLE, FAR, Recipient("+16505550000", "Eve")))
    assert decision.reason.splitlines()[1:] == [
        '+442079460018: not in to = ["directory"]',
        'Eve (+16505550000): not in to = ["directory"]',
    ]
    assert decision.remedy.endswith('to = ["directory", "+442079460018", "+16505550000"]')


def test_a_verified_number_is_reached_only_while_it_is_known_to_be() -> None:
    assert ask(people=(FAR,), to=("verified",), verified=frozenset({FAR.address})).allowed
    assert not ask(people=(FAR,), to=("verified",), verified=frozenset()).allowed
    assert not ask(people=(FAR,), to=("verified",), verified=None).allowed


def test_the_action_alone_can_be_decided() -> None:
    decision = ask(people=(), to=(), who=("U0ME",), max_recipients=0)
    assert decision.reason == "This channel lets you use send."


@pytest.mark.parametrize(
    ("keys", "first"),
    [
        ({"allow": (), "who": (), "to": (), "max_recipients": 0}, "allow"),
        ({"who": (), "to": (), "max_recipients": 0}, "who"),
        ({"to": (), "max_recipients": 0}, "to"),
        ({"max_recipients": 0}, "max_recipients"),
    ],
)
def test_rules_are_asked_in_order(keys: dict[str, Any], first: str) -> None:
    assert ask(**keys).rule.startswith(f"channel C1: {first} = ")


def _as_keys(line: str) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in tomllib.loads(line).items()}
