"""Whom *Retry failed* reaches for: `failed_part`."""

import asyncio

from commands.model import Kind, Part, Recipient
from commands.retry import retry_key
from tests.bot.store.kit import Store

OFF = 30003


async def failed(store: Store, send_id: int, *positions: int) -> None:
    """Let these recipients of a send have failed."""
    await store.change(
        "UPDATE delivery SET state = 'failed', error_code = %s"
        " WHERE send_id = %s AND position = ANY(%s)",
        OFF,
        send_id,
        list(positions),
    )


def people(*numbers: int) -> tuple[Recipient, ...]:
    """Give recipients as `draft` makes them."""
    return tuple(Recipient(f"+1617555{n:04}", f"person {n}") for n in numbers)


async def retried(store: Store, part: Part | None) -> int:
    """Commit what a click on *Retry failed* would, and give the number of its send."""
    assert part is not None
    key = retry_key(part.send_id, part.retries)
    return await store.sent(request_key=key, recipients=part.recipients, retry_of=part.send_id)


async def test_only_those_who_failed_are_offered_for_a_retry_in_their_order(store: Store) -> None:
    send_id = await store.sent(6)
    await store.change(
        "UPDATE delivery SET sid = position, state = (ARRAY['sent', 'undelivered', 'in_doubt',"
        " 'failed', 'canceled', 'suppressed'])[position]"
    )
    part = await store.ledger.failed_part(send_id)
    them = people(1, 3, 4, 5)
    sender = "+15005550006"
    assert part == Part(send_id, "U0ALICE", "C0ONCALL", "Water in the lab", them, sender=sender)
    assert "Water" not in repr(part)


async def test_there_is_nothing_to_retry_of_a_send_that_does_not_exist(store: Store) -> None:
    assert await store.ledger.failed_part(4711) is None


async def test_a_retry_remembers_what_it_repeats(store: Store) -> None:
    first = await store.sent()
    await store.sent(request_key="retry:1", retry_of=first, kind=Kind.PAGE)
    assert await store.rows("SELECT kind, retry_of FROM send WHERE id = 2") == [("page", first)]
    [(detail,)] = await store.rows("SELECT detail FROM audit WHERE send_id = 2")
    assert detail == "3 recipients, again after send 1"


async def test_the_card_of_what_is_retried_is_shown_anew(store: Store) -> None:
    first = await store.sent()
    await store.forget_jobs()
    second = await store.sent(request_key="retry:1", retry_of=first)
    assert [job for job in await store.waiting() if job[0] == "card"] == [
        ("card", first),
        ("card", second),
    ]


async def test_those_whom_a_retry_has_reached_for_are_not_offered_again(store: Store) -> None:
    send_id = await store.sent(4)
    await failed(store, send_id, 1, 2)
    again = await retried(store, await store.ledger.failed_part(send_id))
    await failed(store, again, 1)
    part = await store.ledger.failed_part(send_id)
    assert part is not None
    assert (part.recipients, part.retries) == ((), 1)
    of_the_retry = await store.ledger.failed_part(again)
    assert of_the_retry is not None
    assert (of_the_retry.recipients, of_the_retry.retries) == (people(0), 0)


async def test_who_fails_after_a_retry_is_offered_for_the_next_one(store: Store) -> None:
    send_id = await store.sent(4)
    await failed(store, send_id, 1)
    first = await retried(store, await store.ledger.failed_part(send_id))
    await failed(store, send_id, 4)
    part = await store.ledger.failed_part(send_id)
    assert part is not None
    assert (part.recipients, part.retries) == (people(3), 1)
    assert await retried(store, part) != first


async def test_a_retry_of_another_send_leaves_the_same_person_on_offer(store: Store) -> None:
    one, other = [await store.sent(2, request_key=key) for key in ("a", "b")]
    await failed(store, one, 1)
    await failed(store, other, 1)
    await retried(store, await store.ledger.failed_part(one))
    part = await store.ledger.failed_part(other)
    assert part is not None
    assert (part.recipients, part.retries) == (people(0), 0)


async def test_of_many_clicks_at_once_one_send_is_made(store: Store) -> None:
    send_id = await store.sent(3)
    await failed(store, send_id, 1, 3)

    async def click() -> int | None:
        part = await store.ledger.failed_part(send_id)
        return await retried(store, part) if part and part.recipients else None

    made = await asyncio.gather(*(click() for _ in range(20)))
    assert len({each for each in made if each is not None}) == 1
    assert await store.count("send") == 2


async def test_a_retry_that_is_made_during_the_look_is_not_made_twice(store: Store) -> None:
    send_id = await store.sent(1)
    await failed(store, send_id, 1)
    async with store.pool.connection() as conn, conn.transaction():
        await conn.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
        looking = asyncio.create_task(store.ledger.failed_part(send_id))
        await store.someone_waits()  # between its two questions
        await conn.execute(
            "INSERT INTO send (request_key, kind, team, channel, actor, sender, body, recipients,"
            " retry_of) SELECT %s, kind, team, channel, actor, sender, body, 1, id FROM send",
            (retry_key(send_id, 0),),
        )
        await conn.execute(
            "INSERT INTO delivery (send_id, position, address) SELECT 2, 1, address FROM delivery"
        )
    part = await looking
    assert part is not None
    assert (part.recipients, part.retries) == (people(0), 0)
    assert await retried(store, part) == 2
    assert await store.count("delivery") == 2
