"""Pages, faked: they are told what there is, and remember who has them."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import timedelta

from commands.model import Kind
from commands.oncall import PAGE_MOVES, Answerable, Ended, Hand, Ladder, PageStage, Rung
from commands.pageview import Happening, PageView, Timeline
from tests.commands.fakes import NOW, sent

DB = Ladder(
    (
        Rung(("oncall",), timedelta(minutes=5)),
        Rung(("<!subteam^S0LEADS>", "bob"), timedelta(minutes=10)),
    ),
    2,
    "db",
)
"""An escalation of two steps, gone through twice."""


@dataclass
class FakePages:
    """Keeps who has which page; one that is `gone` was removed right after it was looked at."""

    kept: dict[int, Answerable] = field(default_factory=dict)
    hands: dict[int, Hand] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)

    def open(
        self, page_id: int, *paged: str, channel: str = "C1", stage: PageStage = PageStage.OPEN
    ) -> None:
        """Have a page that went to these addresses."""
        self.kept[page_id] = answerable(page_id, *paged, channel=channel, stage=stage)

    async def answerable(self, page_id: int) -> Answerable | None:
        return self.kept.get(page_id)

    async def lately(self, channel: str, count: int) -> tuple[Answerable, ...]:
        here = [page for page in self._newest if page.channel == channel]
        return tuple(p for n, p in enumerate(here) if n < count or p.stage is PageStage.OPEN)

    async def paged(self, addresses: Collection[str]) -> tuple[Answerable, ...]:
        theirs = [page for page in self._newest if not page.addresses.isdisjoint(addresses)]
        return tuple(page for page in theirs if page.stage is PageStage.OPEN)

    @property
    def _newest(self) -> list[Answerable]:
        return [page for _, page in sorted(self.kept.items(), reverse=True)]

    async def acknowledge(self, page_id: int, hand: Hand) -> Ended | None:
        return self._end(page_id, hand, PageStage.ACKNOWLEDGED)

    async def resolve(self, page_id: int, hand: Hand) -> Ended | None:
        return self._end(page_id, hand, PageStage.RESOLVED)

    def _end(self, page_id: int, hand: Hand, stage: PageStage) -> Ended | None:
        if page_id in self.gone:
            return None
        page = self.kept[page_id]
        first = stage in PAGE_MOVES[page.stage]
        if first:
            self.kept[page_id] = replace(page, stage=stage)
            self.hands[page_id] = hand
        by, now = self.hands[page_id], self.kept[page_id].stage
        return Ended(page_id, first, now, by.name, by.user, page.code, NOW)

    async def view(self, page_id: int) -> PageView | None:
        page = self.kept.get(page_id)
        return None if page is None or page_id in self.gone else viewed(page)

    async def timeline(self, page_id: int) -> Timeline | None:
        view = await self.view(page_id)
        return Timeline(view, (Happening(NOW, "asked", "U0ME", "slack"),)) if view else None


def answerable(
    page_id: int = 7, *paged: str, channel: str = "C1", stage: PageStage = PageStage.OPEN
) -> Answerable:
    """Give a page that U0ASKED has asked for, and that went to these addresses."""
    return Answerable(
        page_id,
        channel,
        "U0ASKED",
        stage,
        f"{page_id + 40}",
        "Water in the lab",
        NOW,
        frozenset(paged),
    )


def viewed(page: Answerable) -> PageView:
    """Give a page as it is shown."""
    return PageView(
        page_id=page.page_id,
        stage=page.stage,
        code=page.code,
        source="slack",
        escalation="",
        link="",
        people=replace(sent(page.page_id, page.channel), kind=Kind.PAGE),
        steps=3,
        fired=1,
        due=NOW if page.stage is PageStage.OPEN else None,
        missed="",
        acked=None,
        resolved=None,
        firing=0,
        alerts=0,
    )
