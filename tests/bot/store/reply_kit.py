"""Pages that were sent to people, and what those write back."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, LiteralString, Protocol

from bot.jobs import Jobs
from bot.store.database import Pool
from bot.store.pages import open_page, tell
from bot.store.replies import Outcome, Replies, Reply
from commands.model import Kind, Recipient
from commands.oncall import Ladder, Rung
from commands.rules import Contact
from tests.bot.store.kit import draft

ALICE, BOB, STRANGER = "+16175550000", "+16175550001", "+16175559999"
FROM = "+15005550006"
LADDER = Ladder((Rung(("oncall",), timedelta(minutes=5)),))

_sids = count(1)


class Ledger(Protocol):
    """A database with pages, as several fixtures have one."""

    pool: Pool
    jobs: Jobs

    async def rows(self, sql: LiteralString, *params: object) -> Sequence[tuple[Any, ...]]: ...

    async def change(self, sql: LiteralString, *params: object) -> None: ...


async def paged(
    store: Ledger,
    code: str = "47",
    *,
    people: Sequence[tuple[str, str]] = ((ALICE, "alice"), (BOB, "bob")),
    body: str = "Water in the lab",
    sender: str = FROM,
    ago: float = 60,
) -> int:
    """Open a page, fire its only step, so many seconds ago; everybody has got it."""
    new = draft(
        0,
        request_key=f"page:{code}:{body}",
        body=body,
        sender=sender,
        kind=Kind.PAGE,
        ladder=LADDER,
        recipients=tuple(Recipient(*each) for each in people),
    )
    async with store.pool.connection() as conn, conn.transaction():
        page = (await open_page(conn, store.jobs, new)).send_id
        await tell(conn, store.jobs, page, "step:0", body, people, step=0)
    await store.change(
        "UPDATE page SET code = %s, fired = 1, due = now() + interval '5 minutes',"
        " created = created - make_interval(secs => %s) WHERE id = %s",
        code,
        ago,
        page,
    )
    await store.change(
        "UPDATE send SET created = created - make_interval(secs => %s) WHERE page_id = %s",
        ago,
        page,
    )
    await store.change(
        "UPDATE delivery d SET state = 'delivered', sid = 'SM' || md5(d.id::text),"
        " attempted = s.created FROM send s WHERE s.id = send_id AND page_id = %s",
        page,
    )
    return page


async def say(
    store: Ledger,
    body: str,
    from_: str = ALICE,
    *,
    sid: str = "",
    contact: Contact | None = None,
    ago: float | None = 0,
    **changes: str,
) -> Outcome | None:
    """Let somebody have written, so many seconds ago, and give what became of it.

    By this machine's clock; by the database's as it hears it if `ago` is None.
    """
    at = None if ago is None else datetime.now(UTC) - timedelta(seconds=ago)
    reply = Reply(sid or f"SM{next(_sids):032x}", from_, FROM, body, at, **changes)
    return await Replies(store.pool, store.jobs).hear(reply, contact)


async def stage(store: Ledger, page: int) -> tuple[str, str, str]:
    """Where a page is, who has it, and who resolved it."""
    [found] = await store.rows("SELECT stage, acked_by, resolved_by FROM page WHERE id = %s", page)
    return found[0], found[1], found[2]


async def told(store: Ledger, page: int) -> list[tuple[str, str]]:
    """Address and text of what was sent about a page beside its steps, in order."""
    return [
        (address, text)
        for address, text in await store.rows(
            "SELECT d.address, s.body FROM send s JOIN delivery d ON d.send_id = s.id"
            " WHERE s.page_id = %s AND s.page_step IS NULL ORDER BY s.id, d.id",
            page,
        )
    ]


async def posts(store: Ledger, page: int) -> list[tuple[str, str, str]]:
    """What is to be said in Slack about a page."""
    return [
        (kind, who, text)
        for kind, who, text in await store.rows(
            "SELECT kind, who, text FROM page_post WHERE page_id = %s ORDER BY id", page
        )
    ]


async def happened(store: Ledger, page: int) -> list[tuple[str, str, str]]:
    """What people did to a page by SMS."""
    return [
        (what, who, how)
        for what, who, how in await store.rows(
            "SELECT what, who, how FROM page_event WHERE page_id = %s AND how = 'sms' ORDER BY id",
            page,
        )
    ]


async def kept(store: Ledger) -> list[tuple[object, ...]]:
    """What is known of each reply, in the order in which they came."""
    return list(
        await store.rows("SELECT outcome, page_id, address, who, body FROM reply ORDER BY received")
    )
