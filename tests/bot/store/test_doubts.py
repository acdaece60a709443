"""Recipients in doubt: looked for, given up, sent to again by themselves or on a person's word."""

import asyncio

import pytest

from bot.store.doubts import AT_ONCE, NOT_LISTED
from commands.model import Actor, Kind, Part, Recipient, Requeued
from tests.bot.store.kit import Store, accepted, report, sid

ALICE = Actor("U0ALICE", "C0ONCALL", team="T1")
TOLD = 1


async def doubtful(store: Store, count: int = 1, *, looked_for: bool = True) -> tuple[int, int]:
    """Commit a send that is in doubt as a whole; give its number and its first delivery's."""
    send_id = await store.sent(count, kind=Kind.PAGE)
    await store.doubted(send_id, looked_for=looked_for)
    await store.forget_jobs()
    return send_id, (await store.ids(send_id))[0]


async def test_those_to_look_for_come_with_what_the_look_needs(store: Store) -> None:
    send_id, row = await doubtful(store)
    await store.change("UPDATE delivery SET doubted = now() - interval '60 s'")
    [doubt] = await store.doubts.due(send_id)
    assert (doubt.delivery_id, doubt.address, doubt.attempt) == (row, "+16175550000", 1)
    assert doubt.age >= 60
    assert not doubt.resent
    assert [(doubt.attempted,)] == await store.rows("SELECT attempted FROM delivery")
    assert "+1617" not in repr(doubt)


async def test_only_those_whose_turn_it_is_are_looked_for(store: Store) -> None:
    send_id, row = await doubtful(store, 5)
    await store.change(
        "UPDATE delivery SET next_check = now() + interval '1 minute' WHERE position = 2"
    )
    await store.change("UPDATE delivery SET next_check = NULL WHERE position = 3")
    await store.change("UPDATE delivery SET state = 'queued' WHERE position = 4")
    await store.change("UPDATE delivery SET state = 'accepted', sid = 'SM1' WHERE position = 5")
    assert [doubt.delivery_id for doubt in await store.doubts.due(send_id)] == [row]


async def test_many_are_looked_for_a_part_at_a_time_the_longest_due_first(store: Store) -> None:
    send_id, _ = await doubtful(store, AT_ONCE + 20)
    await store.change("UPDATE delivery SET next_check = now() - make_interval(secs => position)")
    expected = (await store.ids(send_id))[:19:-1]
    assert [doubt.delivery_id for doubt in await store.doubts.due(send_id)] == expected


async def test_the_next_look_is_when_the_first_of_them_is_due(store: Store) -> None:
    send_id, row = await doubtful(store, 2)
    assert (await store.doubts.next(send_id) or 0) <= 0
    await store.doubts.later([(row, 500.0), (row + 1, 100.0)])
    assert 50 < (await store.doubts.next(send_id) or 0) <= 100
    await store.doubts.give_up([row, row + 1])
    assert await store.doubts.next(send_id) is None


async def test_a_later_look_is_for_nobody_whose_doubt_is_over(store: Store) -> None:
    send_id, row = await doubtful(store, 2)
    await store.statuses.apply([report(row, "sent")])
    await store.doubts.give_up([row + 1])
    await store.doubts.later([(row, 1.0), (row + 1, 1.0)])
    assert await store.rows("SELECT next_check FROM delivery") == [(None,), (None,)]
    assert await store.doubts.next(send_id) is None


async def test_messages_that_belong_to_somebody_are_known(store: Store) -> None:
    send_id, owner = await store.sent(2), await store.worker()
    claims = await store.outbox.turn(send_id, owner, (), 2)
    await store.outbox.turn(send_id, owner, [accepted(claim) for claim in claims], 0)
    first = accepted(claims[0]).sid
    assert await store.doubts.known([first or "", sid(999)]) == {first}
    assert await store.doubts.known([]) == frozenset()


async def test_who_is_given_up_stays_in_doubt_and_is_shown_with_what_was_tried(
    store: Store,
) -> None:
    send_id, row = await doubtful(store)
    await store.doubts.give_up([row])
    assert await store.rows("SELECT state, reason, next_check FROM delivery") == [
        ("in_doubt", f"no answer{NOT_LISTED}", None)
    ]
    assert await store.events(row) == [("in_doubt", "not found")]
    assert await store.waiting() == [("card", send_id)]


async def test_giving_up_twice_is_told_once(store: Store) -> None:
    _, row = await doubtful(store)
    await asyncio.gather(*(store.doubts.give_up([row]) for _ in range(5)))
    assert await store.rows("SELECT reason FROM delivery") == [(f"no answer{NOT_LISTED}",)]
    assert await store.events(row) == [("in_doubt", "not found")]


async def test_who_turned_up_meanwhile_is_not_given_up(store: Store) -> None:
    _, row = await doubtful(store)
    await store.statuses.apply([report(row, "delivered")])
    await store.doubts.give_up([row])
    assert await store.rows("SELECT state, reason FROM delivery") == [("delivered", "")]


async def test_a_page_is_sent_again_with_all_that_follows_from_it(store: Store) -> None:
    send_id, row = await doubtful(store)
    await store.outbox.end(send_id)
    await store.forget_jobs()
    assert await store.doubts.resend(send_id, [row], 600.0) == 1
    assert await store.rows(
        "SELECT state, owner, next_check, doubted, resent, attempt FROM delivery"
    ) == [("queued", None, None, None, True, 1)]
    assert await store.events(row) == [("queued", "resend")]
    assert await store.waiting() == [("card", send_id), ("track", send_id), ("urgent", send_id)]
    assert await store.rows("SELECT settled, look_at > now() FROM send") == [(None, True)]
    [again] = await store.outbox.turn(send_id, await store.worker(), (), 1)
    assert again.attempt == 2


async def test_where_delivery_is_not_followed_it_is_not_after_a_second_try_either(
    store: Store,
) -> None:
    send_id, row = await doubtful(store)
    await store.doubts.resend(send_id, [row], None)
    assert await store.waiting() == [("card", send_id), ("urgent", send_id)]
    assert await store.rows("SELECT look_at FROM send") == [(None,)]


async def test_a_page_is_sent_again_by_itself_once_in_its_life(store: Store) -> None:
    send_id, row = await doubtful(store)
    many = await asyncio.gather(*(store.doubts.resend(send_id, [row], None) for _ in range(5)))
    assert sorted(many) == [0, 0, 0, 0, 1]
    await store.doubted(send_id, looked_for=True)
    [doubt] = await store.doubts.due(send_id)
    assert doubt.resent
    assert await store.doubts.resend(send_id, [row], None) == 0
    assert await store.states(send_id) == ["in_doubt"]


async def test_nobody_but_those_named_is_sent_to_again(store: Store) -> None:
    send_id, row = await doubtful(store, 3)
    assert await store.doubts.resend(send_id, [row + 1], None) == 1
    assert await store.states(send_id) == ["in_doubt", "queued", "in_doubt"]


async def test_who_turned_up_meanwhile_is_not_sent_to_again(store: Store) -> None:
    send_id, row = await doubtful(store)
    await store.statuses.apply([report(row, "sent")])
    await store.forget_jobs()
    assert await store.doubts.resend(send_id, [row], 5.0) == 0
    assert await store.states(send_id) == ["sent"]
    assert await store.waiting() == []


async def test_the_sender_is_asked_only_about_those_nobody_looks_for_any_more(
    store: Store,
) -> None:
    send_id, row = await doubtful(store, 3)
    await store.doubts.give_up([row + 1])
    part = await store.ledger.doubtful_part(send_id, TOLD)
    person = Recipient("+16175550001", "person 1")
    assert part == Part(
        send_id, "U0ALICE", "C0ONCALL", "Water in the lab", (person,), sender="+15005550006"
    )
    assert await store.ledger.doubtful_part(4711, TOLD) is None


async def test_on_the_senders_word_those_in_doubt_are_queued_anew(store: Store) -> None:
    send_id, row = await doubtful(store, 2, looked_for=False)
    assert await store.ledger.send_again(send_id, TOLD, ALICE, "channel C0ONCALL") == Requeued(2)
    assert await store.states(send_id) == ["queued", "queued"]
    assert await store.events(row) == [("queued", "asked")]
    assert await store.waiting() == [("card", send_id), ("track", send_id), ("urgent", send_id)]
    assert (await store.rows("SELECT action, actor, allowed, rule, detail, send_id FROM audit"))[
        1:
    ] == [
        (
            *("again", "U0ALICE", True, "channel C0ONCALL"),
            *("2 recipients in doubt, sent to again", send_id),
        )
    ]


async def test_a_page_that_a_person_sent_again_may_still_be_repeated_by_itself(
    store: Store,
) -> None:
    send_id, row = await doubtful(store, looked_for=False)
    await store.ledger.send_again(send_id, TOLD, ALICE, "rule")
    await store.doubted(send_id, looked_for=True)
    assert await store.doubts.resend(send_id, [row], None) == 1


async def test_however_often_the_button_is_clicked_they_are_sent_to_again_once(
    store: Store,
) -> None:
    send_id, _ = await doubtful(store, 3, looked_for=False)
    clicks = [store.ledger.send_again(send_id, TOLD, ALICE, "rule") for _ in range(10)]
    done = await asyncio.gather(*clicks)
    assert sorted(each.again for each in done) == [0] * 9 + [3]
    assert len(await store.rows("SELECT 1 FROM audit WHERE action = 'again'")) == 1
    assert [job for job in await store.waiting() if job[0] == "urgent"] == [("urgent", send_id)]


async def test_an_old_button_does_not_answer_for_a_later_doubt(store: Store) -> None:
    send_id, _ = await doubtful(store, 2, looked_for=False)
    await store.ledger.send_again(send_id, TOLD, ALICE, "rule")
    await store.doubted(send_id, 1)
    assert await store.ledger.send_again(send_id, TOLD, ALICE, "rule") == Requeued()
    part = await store.ledger.doubtful_part(send_id, TOLD)
    assert part is not None
    assert part.recipients == ()
    assert await store.states(send_id) == ["in_doubt", "queued"]
    assert await store.ledger.send_again(send_id, TOLD + 1, ALICE, "rule") == Requeued(1)


async def test_who_is_still_looked_for_is_not_sent_to_again_by_a_click(store: Store) -> None:
    send_id, _ = await doubtful(store, looked_for=True)
    assert await store.ledger.send_again(send_id, TOLD, ALICE, "rule") == Requeued()
    assert await store.states(send_id) == ["in_doubt"]
    assert await store.waiting() == []


async def test_a_click_and_news_at_once_never_lose_the_news(store: Store) -> None:
    send_id, _ = await doubtful(store, 50, looked_for=False)
    rows = await store.ids(send_id)
    await asyncio.gather(
        store.ledger.send_again(send_id, TOLD, ALICE, "rule"),
        store.statuses.apply([report(each, "delivered", attempt=1) for each in rows[::-1]]),
    )
    assert set(await store.states(send_id)) == {"delivered"}
    assert await store.outbox.turn(send_id, await store.worker(), (), 50) == []


async def test_that_somebody_left_them_is_kept_audited_and_shown(store: Store) -> None:
    send_id, _ = await doubtful(store, looked_for=False)
    await store.ledger.leave(send_id, ALICE)
    part = await store.ledger.doubtful_part(send_id, TOLD)
    assert part is not None
    assert part.left_by == "U0ALICE"
    assert await store.states(send_id) == ["in_doubt"]
    assert await store.waiting() == [("card", send_id)]
    assert await store.rows("SELECT rule, send_id FROM audit WHERE action = 'leave'") == [
        ("doubts are decided by the sender", send_id)
    ]


@pytest.mark.parametrize("by_itself", [True, False])
async def test_what_was_left_is_an_open_question_again_once_it_is_sent_again(
    store: Store, *, by_itself: bool
) -> None:
    send_id, row = await doubtful(store, looked_for=False)
    await store.ledger.leave(send_id, ALICE)
    if by_itself:
        await store.doubts.resend(send_id, [row], None)
    else:
        await store.ledger.send_again(send_id, TOLD, ALICE, "rule")
    assert await store.rows("SELECT left_by FROM send") == [("",)]


async def opted_out(store: Store, *people: int, learned: str = "STOP") -> None:
    """Let these have opted out of the sender since the send was made."""
    for n in people:
        await store.change(
            "INSERT INTO opt_out (sender, address, learned, at)"
            " SELECT sender, %s, %s, now() FROM send",
            f"+1617555{n:04}",
            learned,
        )


async def test_who_has_opted_out_since_is_left_out_of_what_the_sender_sends_again(
    store: Store,
) -> None:
    send_id, row = await doubtful(store, 3, looked_for=False)
    await opted_out(store, 1)
    await opted_out(store, 2, learned="START")
    done = await store.ledger.send_again(send_id, TOLD, ALICE, "rule")
    assert done == Requeued(2, left_out=1)
    assert await store.states(send_id) == ["queued", "in_doubt", "queued"]
    assert await store.events(row + 1) == []
    [(told,)] = await store.rows("SELECT reason FROM delivery WHERE position = 2")
    assert told.startswith("no clear answer from Twilio; not sent again: opted out by STOP; only")
    [*_, (detail,)] = await store.rows("SELECT detail FROM audit ORDER BY id")
    assert detail == "2 recipients in doubt, sent to again; 1 left out, opted out"


async def test_where_all_in_doubt_have_opted_out_the_send_stays_over_and_its_card_says_so(
    store: Store,
) -> None:
    send_id, _ = await doubtful(store, 2, looked_for=False)
    await store.change("UPDATE send SET settled = now()")
    await opted_out(store, 0, 1, learned="21610")
    done = await store.ledger.send_again(send_id, TOLD, ALICE, "rule")
    assert done == Requeued(0, left_out=2)
    assert await store.waiting() == [("card", send_id)]
    assert await store.rows("SELECT settled IS NOT NULL FROM send") == [(True,)]
    [(reason,)] = await store.rows("SELECT DISTINCT reason FROM delivery")
    assert "as Twilio said (21610)" in reason


async def test_a_page_is_not_sent_again_by_itself_to_who_has_opted_out(store: Store) -> None:
    send_id, row = await doubtful(store, 2)
    await opted_out(store, 0)
    assert await store.doubts.resend(send_id, [row, row + 1], None) == 1
    assert await store.states(send_id) == ["in_doubt", "queued"]
    assert await store.doubts.next(send_id) is None
    assert await store.events(row) == [("in_doubt", "not found")]


async def test_who_was_left_out_counts_as_reached_once_twilio_has_the_first_request(
    store: Store,
) -> None:
    send_id, row = await doubtful(store, looked_for=False)
    await opted_out(store, 0)
    await store.ledger.send_again(send_id, TOLD, ALICE, "rule")
    await store.statuses.apply([report(row, "delivered", attempt=1)])
    assert await store.states(send_id) == ["delivered"]
    assert await store.rows("SELECT code, reason FROM delivery") == [("200", "")]


async def test_of_a_send_that_is_gone_nobody_is_sent_to_again(store: Store) -> None:
    assert await store.ledger.send_again(4711, TOLD, ALICE, "rule") == Requeued()
    assert await store.count("audit") == 0
