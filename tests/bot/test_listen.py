"""Replies that Twilio is asked for: which lists, and each reply once."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.store.looks import FEW
from bot.store.purge import HEARD
from commands.rules import Contact
from tests.bot.engine import Engine
from tests.bot.listening import Process, asked, written
from tests.bot.store.reply_kit import ALICE, BOB, FROM, STRANGER, paged, posts, stage

SERVICE = "MG" + "a" * 32
OTHER = "+15005550009"


@pytest.fixture
def process(engine: Engine) -> Process:
    return Process(engine)


# What is heard


async def test_a_reply_that_is_polled_acknowledges_the_page(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine)
    await engine.twilio.inbound(BOB, FROM, "ack")
    await process.look()
    assert await stage(engine, page) == ("acknowledged", "bob", "")


async def test_a_reply_is_heard_once_however_often_it_is_read(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine)
    await engine.twilio.inbound(BOB, FROM, "on my way")
    for _ in range(3):
        await process.look()
    assert await posts(engine, page) == [("reply", "bob", "on my way")]
    assert process.heard() == {"words": 1}


async def test_replies_are_heard_in_the_order_in_which_they_were_written(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine)
    for ago, body in ((3, "two"), (5, "one"), (1, "three")):
        written(engine, BOB, body, ago)
    await process.look()
    assert [text for _, _, text in await posts(engine, page)] == ["one", "two", "three"]


async def test_of_replies_within_one_second_the_first_one_wins(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine)
    for person in (BOB, ALICE):
        written(engine, person, "1", 0).date_sent = datetime.now(UTC).replace(microsecond=0)
    await process.look()
    assert await stage(engine, page) == ("acknowledged", "bob", "")


async def test_our_own_messages_are_no_replies(engine: Engine, process: Process) -> None:
    await paged(engine, sender=SERVICE, people=[(f"+1617555{n:04}", "") for n in range(FEW + 1)])
    engine.at_twilio(ALICE, "1", date_sent=datetime.now(UTC), status="delivered")
    await process.look()
    assert process.heard() == {}


async def test_strangers_are_counted_and_nothing_else(engine: Engine, process: Process) -> None:
    page = await paged(engine)
    await engine.twilio.inbound(STRANGER, FROM, "1")
    await process.look()
    assert process.heard() == {"unknown": 1}
    assert (await stage(engine, page))[0] == "open"


async def test_whoever_the_directory_knows_by_now_is_called_by_its_name(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine, people=[(BOB, "")])
    process.policy = replace(process.policy, contacts=(Contact("Bob B.", BOB, "U0BOB"),))
    await engine.twilio.inbound(BOB, FROM, "1")
    await process.look()
    assert await stage(engine, page) == ("acknowledged", "Bob B.", "")


async def test_two_processes_hear_a_reply_once(engine: Engine, process: Process) -> None:
    page = await paged(engine)
    await engine.twilio.inbound(BOB, FROM, "on my way")
    other = Process(engine)
    await process.look()
    await other.look()
    assert len(await posts(engine, page)) == 1
    assert len(engine.lists) == 2


async def test_what_was_written_before_the_page_is_not_read(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine, ago=60)
    written(engine, BOB, "1", 100)
    await process.look()
    assert (await stage(engine, page))[0] == "open"
    assert process.heard() == {}


async def test_replies_from_while_the_bot_was_down_are_heard_at_the_next_start(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine, ago=7200)
    await process.look()
    written(engine, BOB, "1", 3600)
    await Process(engine).look()
    assert (await stage(engine, page))[0] == "acknowledged"


async def test_a_reply_that_twilio_lists_minutes_late_is_heard(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine, ago=7200)
    await process.look()
    written(engine, BOB, "1", 500)
    await process.look()
    assert (await stage(engine, page))[0] == "acknowledged"


async def test_a_reply_that_twilio_lists_an_hour_late_is_heard_within_a_minute(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine, ago=7200)
    await process.look()
    written(engine, BOB, "1", 3600)
    await process.look_later()
    assert (await stage(engine, page))[0] == "acknowledged"


async def test_no_reply_is_looked_for_that_may_be_forgotten_by_now(
    engine: Engine, process: Process
) -> None:
    await paged(engine, ago=60 * 3600)
    await process.look()
    [since] = [datetime.fromisoformat(r.query["DateSent>"][0]) for r in engine.lists]
    assert datetime.now(UTC) - since < timedelta(seconds=HEARD)


async def test_a_process_that_has_looked_reads_no_further_back_than_it_must(
    engine: Engine, process: Process
) -> None:
    await paged(engine, ago=7200)
    for _ in range(2):
        await process.look()
    first, second = (r.query["DateSent>"][0] for r in engine.lists)
    assert datetime.fromisoformat(second) - datetime.fromisoformat(first) > timedelta(minutes=100)


async def test_all_pages_of_twilios_list_are_read(engine: Engine, process: Process) -> None:
    page = await paged(engine)
    written(engine, BOB, "first", 20)
    for _ in range(120):
        written(engine, STRANGER, "hello", 10)
    await process.look()
    assert await posts(engine, page) == [("reply", "bob", "first")]


# Which lists


async def test_only_what_was_sent_to_the_pages_sender_is_asked_for(
    engine: Engine, process: Process
) -> None:
    await paged(engine)
    await process.look()
    assert asked(engine) == [(FROM, "")]


async def test_a_page_by_whatsapp_is_answered_there(engine: Engine, process: Process) -> None:
    person = f"whatsapp:{ALICE}"
    page = await paged(engine, sender=f"whatsapp:{FROM}", people=[(person, "")])
    process.policy = replace(process.policy, contacts=(Contact("alice", ALICE),))
    await engine.twilio.inbound(person, f"whatsapp:{FROM}", "1")
    await process.look()
    assert await stage(engine, page) == ("acknowledged", "alice", "")


async def test_where_a_service_hides_its_numbers_those_paged_are_asked_for_one_by_one(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine, sender=SERVICE)
    await engine.twilio.inbound(BOB, OTHER, "1")
    await process.look()
    assert Counter(asked(engine)) == Counter([("", ALICE), ("", BOB), ("", "")])
    assert (await stage(engine, page))[0] == "acknowledged"


async def test_where_a_service_has_paged_many_all_messages_are_asked_for(
    engine: Engine, process: Process
) -> None:
    page = await paged(
        engine, sender=SERVICE, people=[(f"+1617555{n:04}", f"p{n}") for n in range(FEW + 1)]
    )
    await engine.twilio.inbound(BOB, OTHER, "1")
    await process.look()
    assert asked(engine) == [("", "")]
    assert (await stage(engine, page))[0] == "acknowledged"


async def test_nobody_can_reply_to_a_name_so_that_twilio_is_not_asked(
    engine: Engine, process: Process
) -> None:
    await paged(engine, sender="ACME")
    await process.look()
    assert engine.lists == []


async def test_stop_after_a_plain_send_is_heard(engine: Engine, process: Process) -> None:
    await engine.sent(1)
    await engine.twilio.inbound(ALICE, FROM, "STOP")
    await process.look()
    assert process.heard() == {"optout": 1}
    assert await engine.ledger.opted_out(FROM) == {ALICE}


async def test_a_page_is_answered_to_its_sender_however_much_is_sent_from_others(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine)
    await process.look()
    await engine.change("UPDATE page SET stage = 'acknowledged', due = NULL, acked_at = now()")
    await engine.change(
        "INSERT INTO send (request_key, kind, team, channel, actor, sender, body, recipients)"
        " SELECT n::text, 'send', '', '', '', %s, '', 1 FROM generate_series(1, 1000) AS n",
        OTHER,
    )
    await engine.twilio.inbound(BOB, FROM, "resolve")
    await process.look()
    assert await stage(engine, page) == ("resolved", "", "bob")


async def test_during_a_page_other_senders_are_asked_for_once_a_minute(
    engine: Engine, process: Process
) -> None:
    await engine.sent(1, sender=OTHER)
    await paged(engine)
    for _ in range(3):
        await process.look()
    assert Counter(asked(engine)) == {(FROM, ""): 3, (OTHER, ""): 1}
    await process.look_later()
    assert Counter(asked(engine)) == {(FROM, ""): 4, (OTHER, ""): 2}


async def test_while_a_service_pages_who_has_another_page_of_it_is_heard(
    engine: Engine, process: Process
) -> None:
    water = await paged(engine, sender=SERVICE, people=[(ALICE, "alice")])
    await engine.change("UPDATE page SET stage = 'acknowledged', due = NULL, acked_at = now()")
    await paged(engine, "58", body="Fire", sender=SERVICE, people=[(BOB, "bob")])
    await process.look()
    await engine.twilio.inbound(ALICE, OTHER, "resolve")
    await process.look_later()
    assert await stage(engine, water) == ("resolved", "", "alice")


async def test_while_a_service_pages_only_those_paged_are_asked_for_at_each_look(
    engine: Engine, process: Process
) -> None:
    await paged(engine, sender=SERVICE)
    for _ in range(3):
        await process.look()
    assert Counter(asked(engine)) == {("", ALICE): 3, ("", BOB): 3, ("", ""): 1}
