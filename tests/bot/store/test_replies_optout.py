"""STOP, START and HELP written in answer to a page, and what else may look like them."""

import pytest

from bot.store.replies import Outcome
from tests.bot.store.kit import Store
from tests.bot.store.optout_kit import out
from tests.bot.store.reply_kit import (
    ALICE,
    BOB,
    FROM,
    STRANGER,
    happened,
    kept,
    paged,
    posts,
    say,
    stage,
    told,
)

O = Outcome  # noqa: E741 - as short as the states elsewhere


async def test_who_has_opted_out_is_asked_nothing(store: Store) -> None:
    await paged(store, ago=90)
    fire = await paged(store, "58", body="Fire on the roof")
    await say(store, "STOP")
    assert await say(store, "ack") is O.UNCLEAR
    assert [to for to, _ in await told(store, fire)] == [ALICE]
    [(state,)] = await store.rows(
        "SELECT state FROM delivery JOIN send ON send.id = send_id WHERE page_step IS NULL"
    )
    assert state == "suppressed"


async def test_a_page_from_a_name_is_answered_like_others(store: Store) -> None:
    await paged(store, ago=90, sender="ACME")
    await paged(store, "58", body="Fire on the roof", sender="ACME")
    assert await say(store, "ack") is O.UNCLEAR


async def test_stop_in_the_middle_of_a_page_is_recorded_and_told_under_its_card(
    store: Store,
) -> None:
    page = await paged(store)
    assert await say(store, "Stop") is O.OPTOUT
    assert await out(store) == {ALICE}
    assert await happened(store, page) == [("opted out", "alice", "sms")]
    assert await posts(store, page) == [
        ("note", "", "alice has texted STOP: no further page reaches them.")
    ]
    assert (await stage(store, page))[0] == "open"


async def test_stop_start_and_help_are_not_answered(store: Store) -> None:
    page = await paged(store)
    for body in ("STOP", "START", "HELP", "info"):
        await say(store, body)
    assert await told(store, page) == []


async def test_start_brings_back_and_is_in_the_timeline(store: Store) -> None:
    page = await paged(store)
    await say(store, "STOP", ago=5)
    assert await say(store, "START") is O.OPTOUT
    assert await out(store) == set()
    assert [what for what, *_ in await happened(store, page)] == ["opted out", "opted in"]


async def test_yes_is_an_answer_that_is_shown_with_the_page(store: Store) -> None:
    page = await paged(store)
    assert await say(store, "Yes") is O.WORDS
    assert await posts(store, page) == [("reply", "alice", "Yes")]
    assert await store.rows("SELECT 1 FROM opt_out") == []


@pytest.mark.parametrize("learned", ["STOP", "21610"])
@pytest.mark.parametrize(
    ("sender", "service"), [(FROM, ""), ("MG" + "a" * 32, "MG" + "a" * 32), ("MG" + "a" * 32, "")]
)
async def test_yes_brings_back_who_has_opted_out(
    store: Store, learned: str, sender: str, service: str
) -> None:
    await paged(store)
    await store.change(
        "INSERT INTO opt_out VALUES (%s, %s, %s, now() - interval '1 minute')",
        sender,
        ALICE,
        learned,
    )
    assert await say(store, "Yes", service=service) is O.OPTOUT
    assert await out(store, sender) == set()


@pytest.mark.parametrize(
    ("sender", "address", "learned"),
    [
        (FROM, ALICE, "START"),
        (FROM, BOB, "STOP"),
        ("+15005550009", ALICE, "STOP"),
        ("MG" + "a" * 32, ALICE, "STOP"),
    ],
)
async def test_yes_is_an_answer_whatever_is_known_of_other_pairs(
    store: Store, sender: str, address: str, learned: str
) -> None:
    await paged(store)
    await store.change("INSERT INTO opt_out VALUES (%s, %s, %s, now())", sender, address, learned)
    assert await say(store, "Yes", service="MG" + "b" * 32) is O.WORDS


async def test_the_word_of_a_stranger_is_remembered_for_the_next_send(store: Store) -> None:
    assert await say(store, "STOP", STRANGER) is O.OPTOUT
    assert await out(store) == {STRANGER}


async def test_an_accounts_own_word_for_stop_opts_out(store: Store) -> None:
    assert await say(store, "arret", opt_out_type="STOP") is O.OPTOUT
    assert await out(store, FROM) == {ALICE}


async def test_help_is_kept_with_the_page(store: Store) -> None:
    page = await paged(store)
    assert await say(store, "HELP") is O.HELP
    assert await kept(store) == [("help", page, ALICE, "alice", "HELP")]
