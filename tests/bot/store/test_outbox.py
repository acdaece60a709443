import asyncio
from collections import Counter
from typing import Any

import pytest

from bot.store.outbox import Settled
from commands.model import TRANSITIONS, DeliveryState, Kind
from tests.bot.store.kit import Store, accepted

S = DeliveryState
SID = "SM" + "0" * 32


async def test_a_letter_carries_sender_and_text(store: Store) -> None:
    begun = await store.outbox.begin(await store.sent(), (), ())
    assert begun is not None
    letter, claims = begun
    assert claims == []
    assert (letter.sender, letter.body) == ("+15005550006", "Water in the lab")
    assert (letter.kind, letter.token) == (Kind.SEND, await store.token(1))
    assert await store.outbox.letter(1) == letter
    assert "Water" not in repr(letter)
    assert letter.token not in repr(letter)
    assert await store.outbox.letter(4711) is None
    assert await store.outbox.begin(4711, (), ()) is None


async def test_a_beginning_claims_as_many_as_are_wanted(store: Store) -> None:
    send_id, owner = await store.sent(5), await store.worker()
    begun = await store.outbox.begin(send_id, {owner}, (), owner, 3)
    assert begun is not None
    assert [claim.address for claim in begun[1]] == [f"+1617555{n:04}" for n in range(3)]
    assert await store.states(send_id) == ["sending"] * 3 + ["queued"] * 2


async def test_claims_come_in_the_order_typed_and_as_many_as_wanted(store: Store) -> None:
    send_id, owner = await store.sent(5), await store.worker()
    claims = await store.outbox.turn(send_id, owner, (), 3)
    assert [claim.address for claim in claims] == [f"+1617555{n:04}" for n in range(3)]
    assert {claim.attempt for claim in claims} == {1}
    assert "+1617" not in repr(claims)
    assert await store.states(send_id) == ["sending"] * 3 + ["queued"] * 2
    assert await store.events(claims[0].delivery_id) == [("sending", "drain")]


async def test_no_recipient_is_given_twice_however_many_ask_at_once(store: Store) -> None:
    send_id = await store.sent(300)
    owners = [await store.worker() for _ in range(10)]
    turns = [store.outbox.turn(send_id, owner, (), 7) for owner in owners * 8]
    given = [claim for claims in await asyncio.gather(*turns) for claim in claims]
    while claims := await store.outbox.turn(send_id, owners[0], (), 50):
        given += claims
    assert Counter(claim.address for claim in given).most_common(1)[0][1] == 1
    assert len(given) == 300


async def test_a_worker_that_was_declared_dead_is_given_nobody(store: Store) -> None:
    send_id, owner = await store.sent(), await store.worker()
    await store.change("DELETE FROM procrastinate_workers")
    assert await store.outbox.turn(send_id, owner, (), 3) == []
    assert await store.states(send_id) == ["queued"] * 3


async def test_a_worker_that_may_be_declared_dead_at_any_moment_is_given_nobody(
    store: Store,
) -> None:
    send_id, owner = await store.sent(), await store.worker()
    await store.silence(owner, 4.0)
    assert await store.outbox.turn(send_id, owner, (), 3) == []
    await store.silence(owner, 1.0)
    assert len(await store.outbox.turn(send_id, owner, (), 3)) == 3


async def test_the_moment_of_a_claim_is_kept(store: Store) -> None:
    send_id, owner = await store.sent(2), await store.worker()
    await store.outbox.turn(send_id, owner, (), 1)
    found = await store.rows("SELECT attempted <= now() FROM delivery ORDER BY position")
    assert found == [(True,), (None,)]


async def test_other_sends_stay_untouched(store: Store) -> None:
    first = await store.sent(2, request_key="a")
    second = await store.sent(2, request_key="b")
    owner = await store.worker()
    await store.outbox.turn(first, owner, (), 10)
    await store.outbox.halt(first, "401", 20003, "no")
    assert await store.states(second) == ["queued"] * 2


async def test_an_answer_is_recorded_with_all_that_twilio_said(store: Store) -> None:
    send_id, owner = await store.sent(1), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 1)
    answer = Settled(claim.delivery_id, 1, S.FAILED, None, "400", 21211, "not valid", "RQ1")
    assert await store.outbox.turn(send_id, owner, [answer], 0) == []
    assert await store.rows(
        "SELECT state, sid, code, error_code, reason, request_id, next_check FROM delivery"
    ) == [("failed", None, "400", 21211, "not valid", "RQ1", None)]
    assert await store.events(claim.delivery_id) == [("sending", "drain"), ("failed", "answer")]


async def test_answers_and_new_claims_share_one_turn(store: Store) -> None:
    send_id, owner = await store.sent(2), await store.worker()
    [first] = await store.outbox.turn(send_id, owner, (), 1)
    [second] = await store.outbox.turn(send_id, owner, [accepted(first)], 1)
    assert second.address != first.address
    assert await store.states(send_id) == ["accepted", "sending"]


async def test_an_answer_of_another_worker_or_an_earlier_attempt_counts_for_nothing(
    store: Store,
) -> None:
    send_id, owner, other = await store.sent(1), await store.worker(), await store.worker()
    [first] = await store.outbox.turn(send_id, owner, (), 1)
    again = Settled(first.delivery_id, first.attempt, S.QUEUED, pause=0.0)
    [second] = await store.outbox.turn(send_id, owner, [again], 1)
    assert second.attempt == 2
    await store.outbox.turn(send_id, owner, [accepted(first)], 0)
    await store.outbox.turn(send_id, other, [accepted(second)], 0)
    assert await store.states(send_id) == ["sending"]
    await store.outbox.turn(send_id, owner, [accepted(second)], 0)
    assert await store.states(send_id) == ["accepted"]


@pytest.mark.parametrize("state", list(S))
async def test_an_answer_moves_only_what_the_table_of_moves_allows(
    store: Store, state: DeliveryState
) -> None:
    send_id, owner = await store.sent(1), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 1)
    await store.change("UPDATE delivery SET state = %s, sid = %s", str(state), SID)
    await store.outbox.turn(send_id, owner, [accepted(claim)], 0)
    [after] = await store.states(send_id)
    assert after == state or S(after) in TRANSITIONS[state]
    assert (after == "accepted") == (state in {S.SENDING, S.IN_DOUBT, S.ACCEPTED})


async def test_a_pause_keeps_a_recipient_back_until_it_is_over(store: Store) -> None:
    send_id, owner = await store.sent(1), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 1)
    throttled = Settled(claim.delivery_id, 1, S.QUEUED, reason="too many", pause=60.0)
    assert await store.outbox.turn(send_id, owner, [throttled], 1) == []
    assert 50 < (await store.outbox.end(send_id) or 0) <= 60
    await store.change("UPDATE delivery SET next_check = now()")
    [again] = await store.outbox.turn(send_id, owner, (), 1)
    assert again.attempt == 2


async def test_a_sid_that_twilio_names_twice_leaves_the_second_in_doubt(store: Store) -> None:
    send_id, owner = await store.sent(3), await store.worker()
    first, second, third = await store.outbox.turn(send_id, owner, (), 3)
    answers = [accepted(first, SID), accepted(second, SID), accepted(third)]
    assert await store.outbox.turn(send_id, owner, answers, 1) == []
    assert await store.states(send_id) == ["accepted", "in_doubt", "accepted"]
    assert await store.rows("SELECT sid, code, reason FROM delivery WHERE position = 2") == [
        (None, "1001", "Twilio answered with the SID of another message")
    ]


async def beside_another(store: Store, state: S, **odd: Any) -> int:  # noqa: ANN401 - any field
    """Record an answer together with a plain one, and give their send's number."""
    send_id, owner = await store.sent(2), await store.worker()
    first, second = await store.outbox.turn(send_id, owner, (), 2)
    strange = Settled(second.delivery_id, 1, state, **odd)
    await store.outbox.turn(send_id, owner, [accepted(first), strange], 0)
    return send_id


@pytest.mark.parametrize(
    "odd",
    [
        {"reason": "a\0b"},
        {"reason": "half \ud83d"},
        {"request_id": "\0"},
        {"error_code": 99_999_999_999},
        {"error_code": -(2**31) - 1},
    ],
)
async def test_odd_words_of_twilio_do_not_cost_the_answer(
    store: Store, odd: dict[str, Any]
) -> None:
    send_id = await beside_another(store, S.FAILED, code="400", **odd)
    assert await store.states(send_id) == ["accepted", "failed"]


@pytest.mark.parametrize("odd", [{"sid": None}, {"sid": SID, "pause": 1e300}])
async def test_an_answer_that_cannot_be_stored_spoils_no_other(
    store: Store, odd: dict[str, Any]
) -> None:
    send_id = await beside_another(store, S.ACCEPTED, code="200", **odd)
    assert await store.states(send_id) == ["accepted", "in_doubt"]


async def test_a_turn_that_fails_has_neither_recorded_nor_claimed(store: Store) -> None:
    send_id, owner = await store.sent(2), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 1)
    broken = Settled(claim.delivery_id, 1, S.ACCEPTED, "SM1", "200", pause=1e300)
    await store.outbox.turn(send_id, owner, [broken], 0)
    assert await store.events(claim.delivery_id) == [("sending", "drain"), ("in_doubt", "answer")]


async def test_what_a_dead_worker_was_sending_is_in_doubt_and_nothing_else(store: Store) -> None:
    send_id = await store.sent(4)
    dead, silent, alive = [await store.worker() for _ in range(3)]
    for owner in (dead, silent, alive):
        await store.outbox.turn(send_id, owner, (), 1)
    await store.change("DELETE FROM procrastinate_workers WHERE id = %s", dead)
    await store.silence(silent, 4.5)
    await store.silence(alive, 1.0)
    await store.outbox.begin(send_id, (), ())
    assert await store.states(send_id) == ["in_doubt", "in_doubt", "sending", "queued"]
    [(code, reason)] = await store.rows("SELECT code, reason FROM delivery WHERE position = 1")
    assert code == "1001"
    assert "stopped before Twilio's answer was recorded" in reason


async def test_a_claim_that_its_worker_never_learned_of_is_queued_again(store: Store) -> None:
    send_id, owner, other = await store.sent(3), await store.worker(), await store.worker()
    held, _lost = await store.outbox.turn(send_id, owner, (), 2)
    await store.outbox.turn(send_id, other, (), 1)
    await store.outbox.begin(send_id, {owner}, {(held.delivery_id, held.attempt)})
    assert await store.states(send_id) == ["sending", "queued", "sending"]


async def test_a_halt_fails_those_who_wait_and_nobody_else(store: Store) -> None:
    send_id, owner = await store.sent(3), await store.worker()
    first, _second = await store.outbox.turn(send_id, owner, (), 2)
    await store.outbox.turn(send_id, owner, [accepted(first)], 0)
    await store.outbox.halt(send_id, "401", 20003, "not sent")
    assert await store.states(send_id) == ["accepted", "sending", "failed"]
    assert await store.rows("SELECT code, error_code, reason FROM delivery WHERE position = 3") == [
        ("401", 20003, "not sent")
    ]


async def test_the_state_column_knows_exactly_the_states_of_the_table(store: Store) -> None:
    await store.sent(1)
    for state in S:
        await store.change("UPDATE delivery SET state = %s, owner = 1, sid = %s", str(state), SID)
    [(check,)] = await store.rows(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'delivery_state_check'"
    )
    assert check.count("::text") >= len(S)
    assert {word for word in check.split("'") if word in set(S)} == set(S)
