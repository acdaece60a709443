"""Pages on a fresh database: opened, fired by hand, and the questions that tests ask them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.store.pagesteps import PageSteps, Standing
from bot.store.pageviews import PostgresPages
from commands.model import Committed, Kind, Recipient
from commands.oncall import Hand, Ladder, Rung, Way
from commands.page import Reached
from tests.bot.store.kit import Store, draft

WAIT = timedelta(minutes=5)
PLAIN = Ladder((Rung(("alice", "bob"), WAIT),), 3)
DB = Ladder(
    (Rung(("oncall",), WAIT), Rung(("<!subteam^S0LEADS>",), timedelta(minutes=10))),
    2,
    "db",
    "https://x.example/1",
    "alert:prod",
    storm=True,
)
ALICE, BOB, CAROL = (
    Recipient(f"+1617555000{n}", name) for n, name in enumerate(("alice", "bob", "carol"))
)
HAND = Hand("alice", Way.COMMAND, "U0ALICE")
OTHER = Hand("bob", Way.SMS, "", BOB.address)


@dataclass
class Paging:
    """Everything that reads and writes pages."""

    store: Store

    @property
    def views(self) -> PostgresPages:
        """What answers and shows pages."""
        return PostgresPages(self.store.pool, self.store.jobs)

    @property
    def steps(self) -> PageSteps:
        """What fires their steps."""
        return PageSteps(self.store.pool, self.store.jobs)

    async def opened(self, ladder: Ladder = PLAIN, **changes: object) -> int:
        """Open a page and give its number."""
        new = draft(2, **{"kind": Kind.PAGE, "ladder": ladder, **changes})
        committed = await self.store.ledger.commit(new)
        assert isinstance(committed, Committed)
        return committed.send_id

    async def standing(self, page_id: int) -> Standing:
        """Give a page that waits."""
        found = await self.steps.standing(page_id)
        assert found is not None
        return found

    async def fired(
        self, page_id: int, *people: Recipient, reached: Reached | None = None, text: str = "Water"
    ) -> bool:
        """Fire the next step of a page."""
        page = await self.standing(page_id)
        index = len(page.fired)
        rung = page.ladder.rungs[index % len(page.ladder.rungs)]
        return await self.steps.fire(page, index, rung, reached or Reached(people), text)

    async def paged(self, *people: Recipient) -> int:
        """Open a page whose first step has gone out to these, by default to alice and bob."""
        page_id = await self.opened()
        await self.fired(page_id, *(people or (ALICE, BOB)))
        await self.become(page_id, "accepted")
        await self.store.forget_jobs()
        await self.store.change("UPDATE page_card SET stale = false")
        return page_id

    async def become(self, page_id: int, state: str, *people: Recipient) -> None:
        """Let the messages of a page's steps, by default all, be in a state."""
        await self.store.change(
            "UPDATE delivery d SET state = %s, sid = CASE WHEN %s THEN 'SM' || d.id END, owner = 1"
            " FROM send s WHERE s.id = d.send_id"
            " AND s.page_id = %s AND page_step IS NOT NULL AND (%s = 0 OR address = ANY(%s))",
            state,
            state in {"accepted", "sent", "delivered", "undelivered"},
            page_id,
            len(people),
            [person.address for person in people],
        )

    async def due(self, page_id: int) -> None:
        """Let a page's next step, or its end, be due."""
        await self.store.change("UPDATE page SET due = now() WHERE id = %s", page_id)

    async def row(self, page_id: int) -> dict[str, Any]:
        """The row of a page."""
        [(row,)] = await self.store.rows("SELECT to_jsonb(page) FROM page WHERE id = %s", page_id)
        found: dict[str, Any] = row
        return found

    async def told(self, page_id: int) -> list[tuple[str, list[str]]]:
        """What was sent about a page beside its steps, and to whom."""
        rows = await self.store.rows(
            "SELECT body, (SELECT array_agg(name ORDER BY position) FROM delivery"
            " WHERE send_id = send.id) FROM send"
            " WHERE page_id = %s AND page_step IS NULL ORDER BY id",
            page_id,
        )
        return [(body, names) for body, names in rows]

    async def noted(self, page_id: int) -> list[tuple[str, str, str, str]]:
        """What a page's timeline has, without what its messages add."""
        rows = await self.store.rows(
            "SELECT what, who, how, detail FROM page_event WHERE page_id = %s ORDER BY id", page_id
        )
        return [(what, who, how, detail) for what, who, how, detail in rows]

    async def said(self, page_id: int) -> list[tuple[str, str]]:
        """What is to be said about a page in Slack."""
        rows = await self.store.rows(
            "SELECT kind, text FROM page_post WHERE page_id = %s ORDER BY id", page_id
        )
        return [(kind, text) for kind, text in rows]
