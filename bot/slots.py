"""How many requests to Twilio may be under way at once in this process, shared fairly."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

RESERVE = 10
"""Requests beyond the limit that are kept for pages, or as many as the limit is, if that is less:
a page must not wait for an ordinary message that Twilio takes its time for."""


class Slots:
    """A limit shared by all drains.

    Each may use its equal part, so that nobody waits behind ten thousand others; pages have a part
    of their own. What the limit is follows from the pace of all processes (`bot.pace`).
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._sharers = 0
        self._urgent = 0
        self._changed = asyncio.Event()

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return self._limit

    @property
    def used(self) -> int:
        """How many requests are under way, or about to be."""
        return self._used

    def resize(self, limit: int) -> None:
        """Let so many requests be under way; those beyond it that are may end."""
        if limit != self._limit:
            self._limit = limit
            self._notify()

    @contextmanager
    def sharing(self, *, urgent: bool = False) -> Iterator[None]:
        """Count the caller among those who share the limit; `urgent` if it posts a page."""
        self._sharers += 1
        self._urgent += urgent
        try:
            yield
        finally:
            self._sharers -= 1
            self._urgent -= urgent
            self._notify()

    def room(self, held: int, *, urgent: bool = False) -> int:
        """Tell how many more slots a sharer that holds `held` may take now."""
        limit, sharers = self._limit, self._sharers
        if urgent:  # ordinary ones take no part in it
            limit, sharers = limit + min(RESERVE, limit), self._urgent
        share = max(1, limit // max(1, sharers))
        return max(0, min(share - held, limit - self._used))

    def take(self, count: int = 1) -> None:
        """Occupy `count` slots."""
        self._used += count

    def give_back(self, count: int = 1) -> None:
        """Free `count` slots and wake who waits for room."""
        self._used -= count
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def change(self) -> asyncio.Event:
        """Give what is set once slots are given back, or there is more room for another reason.

        Take it before asking for `room`: a change in between then wakes at once, and none is lost.
        """
        return self._changed
