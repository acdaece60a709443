"""Whatever texts there may be, Slack takes every view of them, and nobody is pinged."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.blocks import view_problems
from bot.slack.views import composer
from bot.slack.views.answers import changed, explained, helped, plain, refused
from bot.slack.views.card import Doubt, channel_card, failure_notice, private_card
from bot.slack.views.listing import Place, listing, shared
from bot.slack.views.outcomes import answer_of, retried
from bot.slack.views.status import last_sends, one_send
from commands.outcome import (
    Changed,
    Explained,
    Helped,
    LastSends,
    LeftAlone,
    Listing,
    OneSend,
    Outcome,
    Refused,
    Row,
    Sending,
    SendingAgain,
    Source,
)
from commands.snapshot import Snapshot
from tests.bot.slack.views.hostile import (
    ALICE,
    addresses,
    big,
    check,
    hostile,
    numbers,
    snapshots,
    texts,
)
from tests.bot.slack.views.kit import snapshot

rows = st.builds(Row, hostile, addresses, st.sampled_from([Source.VERIFIED, Source.CONTACT]))
groups = st.builds(
    lambda name, members, people: Row(
        name or "g", "", Source.GROUP, tuple(members), people=people, out=people
    ),
    hostile,
    st.lists(hostile | addresses, max_size=30),
    st.sampled_from([0, 10**9]),
)
listings = st.builds(
    lambda found, times, narrowed, show, verb: Listing(
        tuple(found) * times, narrowed, "C1", show, verb
    ),
    st.lists(rows | groups, max_size=25),
    st.sampled_from([1, 1, 200]),
    hostile,
    st.booleans(),
    st.sampled_from(["recipients", "contacts"]),
)


@settings(max_examples=150, deadline=None)
@given(snapshots(), st.booleans())
def test_slack_takes_every_card(snap: Snapshot, masked: bool) -> None:  # noqa: FBT001
    for card in (channel_card(snap, masked=masked), private_card(snap), failure_notice(snap)):
        check(card)
        assert [text for _, text in texts(list(card.blocks[3:])) if "```" in text] == []


@settings(max_examples=100, deadline=None)
@given(st.lists(snapshots(), max_size=4), st.sampled_from([1, 3]))
def test_slack_takes_every_list_of_sends(some: list[Snapshot], times: int) -> None:
    check(last_sends(LastSends(tuple(some * times)[:10])))


@settings(max_examples=100, deadline=None)
@given(snapshots(), st.booleans(), st.booleans())
def test_slack_takes_every_send_in_detail(snap: Snapshot, own: bool, masked: bool) -> None:  # noqa: FBT001
    check(one_send(OneSend(snap, own, masked)))
    check(one_send(OneSend(snap, own, masked), listed=True))


@settings(max_examples=100, deadline=None)
@given(snapshots())
def test_no_whole_number_stands_in_a_masked_card(snap: Snapshot) -> None:
    card = channel_card(snap, masked=True)
    shown = json.dumps([card.text, list(card.blocks), card.metadata], ensure_ascii=False)
    body = snap.body
    for delivery in snap.shown:
        number = delivery.recipient.address.rpartition(":")[2]
        texts_of_others = body + "".join(d.recipient.name for d in snap.shown)
        if len(number) > 5 and number not in texts_of_others:
            assert number not in shown


@settings(max_examples=50, deadline=None)
@given(snapshots(), numbers)
def test_no_number_within_a_reason_stands_in_a_masked_card(snap: Snapshot, number: str) -> None:
    told = [replace(d, reason=f"to {number}: no") for d in snap.shown]
    card = channel_card(snapshot(*told, body="", failed=(*told,)), masked=True)
    assert number.lstrip("+") not in json.dumps([card.text, list(card.blocks)])


@settings(max_examples=60, deadline=None)
@given(big, st.integers(0, 10**6))
def test_slack_takes_what_a_button_of_a_send_answers(send_id: int, count: int) -> None:
    done: list[Outcome] = [
        SendingAgain(send_id, count),
        SendingAgain(send_id, count, left_out=1),
        SendingAgain(send_id, 0, left_out=count),
        LeftAlone(send_id, count),
    ]
    for message in [answer_of(outcome) for outcome in done]:
        assert message is not None
        check(message)
    for repeated in (True, False):
        check(retried(Sending(send_id, count, repeated, 1)))


@settings(max_examples=60, deadline=None)
@given(big, st.integers(0, 2**31 - 1))
def test_a_button_of_a_doubt_gives_back_what_it_was_drawn_with(send_id: int, attempt: int) -> None:
    assert Doubt.unpack(Doubt(send_id, attempt).packed) == Doubt(send_id, attempt)


@settings(max_examples=150, deadline=None)
@given(listings, st.integers(-1, 300))
def test_slack_takes_every_page_of_every_listing(found: Listing, page: int) -> None:
    check(listing(found, page))
    check(shared(found, page, ALICE))


@settings(max_examples=60, deadline=None)
@given(hostile, st.integers(0, 10**6))
def test_a_button_of_a_listing_gives_back_filter_and_page(narrowed: str, page: int) -> None:
    packed = Place(narrowed, page).pack()
    assert len(packed) <= 2_000
    assert Place.unpack(packed) == Place(narrowed[:300], page)


@settings(max_examples=100, deadline=None)
@given(hostile, hostile, hostile, hostile, st.booleans())
def test_slack_takes_every_answer_in_words(
    text: str,
    remedy: str,
    command: str,
    rule: str,
    allowed: bool,  # noqa: FBT001
) -> None:
    check(refused(Refused(text, remedy, "UsageError")))
    check(explained(Explained(allowed, command, text, rule, remedy)))
    check(helped(Helped((text, remedy, command, rule))))
    check(plain(text))
    check(changed(Changed(2**63 - 1, text, allowed)))


@settings(max_examples=60, deadline=None)
@given(hostile, hostile, st.booleans(), st.sampled_from(["UsageError", "NotAllowed", ""]))
def test_an_error_of_the_composer_stands_under_an_input_that_it_has(
    text: str,
    remedy: str,
    asked: bool,  # noqa: FBT001
    kind: str,
) -> None:
    origin = composer.Origin() if asked else composer.Origin("C0ONCALL", "https://x.example/1")
    view: dict[str, Any] = composer.composer(origin).to_dict()
    assert view_problems(view) == []
    inputs = {block["block_id"] for block in view["blocks"]}
    [(block, said)] = composer.errors(text, remedy, kind, channel_asked=asked).items()
    assert block in inputs
    assert len(said) <= 2_000
