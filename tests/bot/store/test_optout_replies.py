"""What people say of further messages: the latest word of each pair counts."""

from datetime import timedelta
from itertools import permutations

import pytest

from commands.model import Actor
from tests.bot.store.kit import Store
from tests.bot.store.optout_kit import (
    FROM,
    NOON,
    ONE,
    OTHER,
    SERVICE,
    TWO,
    out,
    refused,
    say,
    sent_to,
)


@pytest.mark.parametrize(
    "body", ["STOP", "stop", " Stop\n", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"]
)
async def test_a_word_of_twilios_list_opts_out(store: Store, body: str) -> None:
    assert await say(store, body)
    assert await out(store) == {TWO}


@pytest.mark.parametrize("body", ["REVOKE", "OptOut"])
async def test_the_newer_words_opt_out_too(store: Store, body: str) -> None:
    assert await say(store, body)
    assert await out(store) == {TWO}


@pytest.mark.parametrize("body", ["START", "yes", "Unstop "])
async def test_a_word_of_twilios_list_brings_back(store: Store, body: str) -> None:
    await say(store, "STOP")
    assert await say(store, body, 1)
    assert await out(store) == set()
    assert await sent_to(store, "cmd:1") == ["queued"] * 3


@pytest.mark.parametrize("body", ["", "please stop", "STOP it", "HELP", "INFO", "ack"])
async def test_other_replies_say_nothing_of_it(store: Store, body: str) -> None:
    assert not await say(store, body)
    await say(store, "STOP", 1)
    assert not await say(store, body, 2)
    assert await out(store) == {TWO}


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize(
    ("words", "left"), [("STOP START STOP", {TWO}), ("STOP STOP START", set())]
)
async def test_replies_in_any_order_and_twice_come_to_the_same(
    store: Store, order: tuple[int, ...], words: str, left: set[str]
) -> None:
    for seconds in (*order, *order):
        await say(store, words.split()[seconds], seconds)
    assert await out(store) == left


@pytest.mark.parametrize("words", ["STOP START", "START STOP"])
async def test_of_a_stop_and_a_start_in_one_second_the_start_counts(
    store: Store, words: str
) -> None:
    for word in words.split():
        await say(store, word)
    assert await out(store) == set()


async def test_a_start_of_before_twilio_refused_does_not_bring_back(store: Store) -> None:
    send_id, owner = await store.sent(2), await store.worker()
    claims = await store.outbox.turn(send_id, owner, (), 2)
    await store.change("UPDATE delivery SET attempted = %s", NOON)
    await store.outbox.turn(send_id, owner, [refused(claim) for claim in claims], 0)
    await say(store, "START", -1)
    await say(store, "START", 1, from_=ONE)
    assert await out(store) == {TWO}


async def test_a_start_that_came_while_the_refusal_was_on_its_way_counts(store: Store) -> None:
    send_id, owner = await store.sent(2), await store.worker()
    [_, claim] = await store.outbox.turn(send_id, owner, (), 2)
    await store.change("UPDATE delivery SET attempted = %s", NOON + timedelta(seconds=0.9))
    await say(store, "START")
    await store.outbox.turn(send_id, owner, [refused(claim)], 0)
    assert await out(store) == set()


async def test_what_is_said_to_one_sender_is_not_said_to_another(store: Store) -> None:
    await say(store, "STOP")
    await say(store, "STOP", to=OTHER)
    await say(store, "START", 1, to=OTHER)
    assert (await out(store), await out(store, OTHER)) == ({TWO}, set())


async def test_a_stop_to_a_number_of_a_service_is_one_to_the_service(store: Store) -> None:
    await say(store, "STOP", service=SERVICE)
    assert (await out(store), await out(store, SERVICE)) == ({TWO}, {TWO})
    assert await sent_to(store, "cmd:1", sender=SERVICE) == ["queued", "suppressed", "queued"]
    await say(store, "START", 1, service=SERVICE)
    assert (await out(store), await out(store, SERVICE)) == (set(), set())


async def test_a_start_that_does_not_tell_its_service_brings_back_every_service(
    store: Store,
) -> None:
    await say(store, "STOP", to=SERVICE)
    await say(store, "STOP", to=SERVICE, from_=ONE)
    await say(store, "STOP", to="MG HOUSE")
    await say(store, "START", 1)
    assert (await out(store, SERVICE), await out(store, "MG HOUSE")) == ({ONE}, {TWO})


async def test_a_stop_to_a_number_is_none_to_a_service_that_it_does_not_tell(
    store: Store,
) -> None:
    await say(store, "STOP", to=SERVICE)
    await say(store, "START", 1, to=SERVICE)
    await say(store, "STOP", 2)
    assert (await out(store), await out(store, SERVICE)) == ({TWO}, set())


async def test_a_start_that_tells_its_service_leaves_the_others(store: Store) -> None:
    other = "MG" + "b" * 32
    await say(store, "STOP", to=SERVICE)
    await say(store, "STOP", to=other)
    await say(store, "START", 1, service=SERVICE)
    assert (await out(store, SERVICE), await out(store, other)) == (set(), {TWO})


async def test_who_has_opted_out_stays_so_when_the_send_that_told_it_is_gone(store: Store) -> None:
    send_id, owner = await store.sent(1), await store.worker()
    [claim] = await store.outbox.turn(send_id, owner, (), 1)
    await store.outbox.turn(send_id, owner, [refused(claim)], 0)
    await store.change("DELETE FROM send")
    assert await out(store) == {ONE}


async def test_the_moment_and_the_way_it_was_learned_are_kept(store: Store) -> None:
    await say(store, "quit")
    assert await store.rows("SELECT sender, address, learned, at FROM opt_out") == [
        (FROM, TWO, "STOP", NOON)
    ]


async def test_the_audit_tells_of_a_send_to_those_left_out_as_well(store: Store) -> None:
    await say(store, "STOP")
    await store.sent(actor=Actor("U0BOB", "C0ONCALL"))
    assert await store.rows("SELECT actor, detail FROM audit") == [("U0BOB", "3 recipients")]
