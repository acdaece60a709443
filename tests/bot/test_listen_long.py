"""Lists of replies that are longer than what is read of them in one look."""

from datetime import UTC, datetime, timedelta

from tests.bot.engine import Engine
from tests.bot.listening import Process, written
from tests.bot.store.reply_kit import ALICE, BOB, FROM, STRANGER, paged, stage


async def busy(engine: Engine) -> int:
    """Let an hour's page be answered, and strangers write after that."""
    page = await paged(engine, ago=3600)
    written(engine, BOB, "1", 3000)
    for ago in range(14, 0, -1):
        written(engine, STRANGER, "hello", 100 + 10 * ago)
    return page


async def test_a_long_list_is_gone_on_with_where_the_last_look_was_cut(engine: Engine) -> None:
    process, page = Process(engine, most=5), await busy(engine)
    await process.look()
    await process.look()
    assert (await stage(engine, page))[0] == "open"
    for _ in range(2):
        await process.look()
    assert (await stage(engine, page))[0] == "acknowledged"
    assert process.heard() == {"ack": 1, "unknown": 14}


async def test_a_long_list_is_gone_on_with_where_it_is_looked_once_a_minute(
    engine: Engine,
) -> None:
    process, page = Process(engine, most=5), await busy(engine)
    for _ in range(4):
        await process.look_later()
    assert (await stage(engine, page))[0] == "acknowledged"


async def test_what_comes_while_a_long_list_is_read_is_heard_at_once(engine: Engine) -> None:
    process, page = Process(engine, most=5), await busy(engine)
    await process.look()
    await engine.twilio.inbound(ALICE, FROM, "ack")
    await process.look()
    assert await stage(engine, page) == ("acknowledged", "alice", "")


async def test_a_long_list_is_read_to_its_start_however_much_comes_meanwhile(
    engine: Engine,
) -> None:
    process, page = Process(engine, most=5), await busy(engine)
    for _ in range(5):
        await process.look()
        for _ in range(2):
            written(engine, STRANGER, "hello", 0)
    assert (await stage(engine, page))[0] == "acknowledged"


async def test_more_than_one_look_reads_that_came_since_the_last_one_is_read_by_the_next(
    engine: Engine,
) -> None:
    process, page = Process(engine, most=5), await paged(engine)
    await process.look()
    written(engine, BOB, "1", 10)
    for ago in range(9, 0, -1):
        written(engine, STRANGER, "hello", ago)
    await process.look()
    assert (await stage(engine, page))[0] == "open"
    await process.look()
    assert (await stage(engine, page))[0] == "acknowledged"


async def test_a_list_that_was_read_to_its_start_is_not_gone_on_with(engine: Engine) -> None:
    process = Process(engine, most=5)
    await busy(engine)
    for _ in range(6):
        await process.look()
    before = len(engine.lists)
    await process.look()
    assert len(engine.lists) == before + 1


async def test_what_came_in_one_second_is_not_read_for_ever(engine: Engine) -> None:
    process, page = Process(engine, most=5), await paged(engine, ago=3600)
    written(engine, BOB, "1", 3000)
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    for _ in range(6):
        written(engine, STRANGER, "hello", 0).date_sent = moment
    for _ in range(4):
        await process.look()
    assert (await stage(engine, page))[0] == "acknowledged"
