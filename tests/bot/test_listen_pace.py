"""How often Twilio is asked for replies, and what happens when it cannot be."""

import asyncio

import pytest

from bot.store.looks import LATER, PAGING, SELDOM
from tests.bot.engine import Engine
from tests.bot.listening import Process, asked, written
from tests.bot.store.reply_kit import ALICE, BOB, FROM, paged, posts, stage
from twilio_core.testing import Error, ServerError

OTHER = "+15005550009"


@pytest.fixture
def process(engine: Engine) -> Process:
    return Process(engine)


# How often


async def test_during_a_page_it_is_looked_every_five_seconds(
    engine: Engine, process: Process
) -> None:
    await paged(engine)
    assert await process.look() == PAGING
    await process.look(4)
    assert len(engine.lists) == 1
    await process.look(5)
    assert len(engine.lists) == 2


@pytest.mark.parametrize("stage", ["acknowledged", "exhausted"])
async def test_afterwards_it_is_looked_once_a_minute(
    engine: Engine, process: Process, stage: str
) -> None:
    await paged(engine)
    await engine.change("UPDATE page SET stage = %s, due = NULL, acked_at = now()", stage)
    await process.look()
    await process.look(LATER - 1)
    assert len(engine.lists) == 1
    await process.look(LATER)
    assert len(engine.lists) == 2


async def test_with_nothing_to_be_answered_twilio_is_not_asked(
    engine: Engine, process: Process
) -> None:
    await engine.sent(1)
    await engine.change("UPDATE send SET created = created - interval '25 hours'")
    assert await process.look() == PAGING
    assert engine.lists == []


async def test_of_several_processes_one_looks_at_a_time(engine: Engine, process: Process) -> None:
    await paged(engine)
    others = [Process(engine) for _ in range(3)]
    await engine.change("UPDATE inbound_look SET looked = '-infinity'")
    await asyncio.gather(*(each._listen.look() for each in [process, *others]))
    assert len(engine.lists) == 1


async def test_who_is_not_at_turn_comes_again_when_it_is_time(
    engine: Engine, process: Process
) -> None:
    await paged(engine)
    await process.look()
    assert 0 < await process.look(3) <= 2


async def test_with_a_webhook_it_is_looked_once_a_minute_and_during_pages_only(
    engine: Engine,
) -> None:
    process = Process(engine, called_back=True)
    await engine.sent(1, sender=OTHER)
    await process.look()
    assert engine.lists == []
    await paged(engine)
    await process.look(0)
    await process.look(LATER - 1)
    assert asked(engine) == [(FROM, "")]
    await process.look(LATER)
    assert asked(engine) == [(FROM, "")] * 2


@pytest.mark.parametrize("stage", ["acknowledged", "exhausted"])
async def test_with_a_webhook_it_is_looked_every_five_minutes_until_a_page_is_resolved(
    engine: Engine, stage: str
) -> None:
    process = Process(engine, called_back=True)
    await paged(engine)
    await engine.change("UPDATE page SET stage = %s, due = NULL, acked_at = now()", stage)
    await process.look()
    await process.look(SELDOM - 1)
    assert len(engine.lists) == 1
    await process.look(SELDOM)
    assert asked(engine) == [(FROM, "")] * 2
    await engine.change("UPDATE page SET created = created - interval '1 day'")
    await process.look()
    assert len(engine.lists) == 2


@pytest.mark.parametrize(
    ("was", "body", "then"),
    [
        ("acknowledged", "resolve", "resolved"),
        ("exhausted", "ack", "acknowledged"),
    ],
)
async def test_what_came_by_webhook_while_the_process_was_replaced_is_found_at_its_start(
    engine: Engine, was: str, body: str, then: str
) -> None:
    page = await paged(engine)
    await engine.change("UPDATE page SET stage = %s, due = NULL, acked_at = now()", was)
    await Process(engine, called_back=True).look()
    await engine.twilio.inbound(BOB, FROM, body)
    await Process(engine, called_back=True).look(0)
    assert (await stage(engine, page))[0] == then


# What goes wrong


@pytest.mark.parametrize("fault", [ServerError(500), Error(20003, 401)])
async def test_what_twilio_does_not_give_now_is_heard_at_the_next_look(
    engine: Engine, process: Process, fault: ServerError | Error
) -> None:
    page = await paged(engine)
    await engine.twilio.inbound(BOB, FROM, "1")
    engine.twilio.script("*", fault)
    await process.look()
    assert (await stage(engine, page))[0] == "open"
    await process.look()
    assert (await stage(engine, page))[0] == "acknowledged"


async def test_one_list_that_fails_does_not_keep_the_others_from_being_read(
    engine: Engine, process: Process
) -> None:
    pages = [await paged(engine), await paged(engine, "58", body="Fire", sender=OTHER)]
    await engine.twilio.inbound(BOB, FROM, "47")
    await engine.twilio.inbound(BOB, OTHER, "58")
    engine.twilio.script("*", ServerError(500))
    await process.look()
    assert sorted([(await stage(engine, page))[0] for page in pages]) == ["acknowledged", "open"]


async def test_a_reply_that_cannot_be_written_down_keeps_no_other_from_it_and_is_read_again(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine, ago=3600)
    await engine.change("ALTER TABLE page_post RENAME TO away")
    written(engine, ALICE, "on my way", 1800)
    written(engine, BOB, "1", 2)
    await process.look()
    assert (await stage(engine, page))[0] == "acknowledged"
    await engine.change("ALTER TABLE away RENAME TO page_post")
    await process.look()
    assert [who for _, who, _ in await posts(engine, page)] == ["alice"]


async def test_a_reply_that_a_fault_of_ours_keeps_from_being_heard_is_heard_later(
    engine: Engine, process: Process
) -> None:
    page = await paged(engine)
    await engine.twilio.inbound(BOB, FROM, "1")
    process.fault = RuntimeError("a fault of ours")
    await process.look()
    process.fault = None
    await process.look()
    assert (await stage(engine, page))[0] == "acknowledged"


async def test_without_a_database_it_goes_on_a_little_later(
    engine: Engine, process: Process
) -> None:
    await engine.change("ALTER TABLE inbound_look RENAME TO away")
    assert await process._listen.look() == PAGING


async def test_no_number_and_no_word_is_logged(
    engine: Engine, process: Process, capsys: pytest.CaptureFixture[str]
) -> None:
    await paged(engine)
    await engine.change("ALTER TABLE page_post RENAME TO away")
    await engine.twilio.inbound(ALICE, FROM, "on my way")
    await process.look()
    engine.twilio.script("*", ServerError(500))
    await process.look()
    said = "".join(capsys.readouterr())
    assert "reply.unheard" in said
    assert "replies.unread" in said
    assert ALICE not in said
    assert "on my way" not in said
