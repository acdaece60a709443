"""The life of the fake's messages: taken, moved along by the event loop, reported by callback."""

import asyncio
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime

from twilio_core.testing.courier import Courier
from twilio_core.testing.outcomes import Ends
from twilio_core.testing.records import Stored
from twilio_core.testing.rules import GOOD_SENDER


def path_of(start: str, end: str) -> list[str]:
    """Return the states after the first: `failed` is never preceded by `sent`."""
    head = [] if start == "queued" else ["queued"]
    return [*head, "sending", *([] if end in {"sent", "failed"} else ["sent"]), end]


@dataclass(frozen=True)
class _Journey:
    """What is left of a delivery: states to come, how it ends, seconds a step, copies."""

    path: deque[str]
    end: Ends
    step: float
    copies: int


class Deliveries:
    """The messages that are on their way."""

    def __init__(self, courier: Courier) -> None:
        """Report by `courier`."""
        self._courier = courier
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, message: Stored, end: Ends, *, step: float | None, copies: int) -> None:
        """Set a message on its way to `end`.

        Args:
            message: as it was taken.
            end: its last state.
            step: seconds between two states; None: nothing moves by itself.
            copies: how often each callback is posted.
        """
        path = path_of(message.status, end.status)
        wait = 0.0
        if message.send_at:
            wait = (message.send_at - datetime.now(UTC)).total_seconds()
        if step is not None:
            self._arrange(message, _Journey(deque(path), end, step, copies), wait)

    def _arrange(self, message: Stored, journey: _Journey, wait: float = 0.0) -> None:
        loop = asyncio.get_running_loop()
        delay = wait + journey.step
        self._idle.clear()
        self._timers[message.sid] = loop.call_later(delay, self._move, message, journey)

    def _move(self, message: Stored, journey: _Journey) -> None:
        del self._timers[message.sid]
        if message.status != "canceled":
            self._step(message, journey)
        if not self._timers:
            self._idle.set()

    def _step(self, message: Stored, journey: _Journey) -> None:
        status = journey.path.popleft()
        message.move(status, journey.end.error_code if not journey.path else None)
        # A Messaging Service chooses its sender while the message is queued.
        message.from_ = message.from_ or GOOD_SENDER
        self.report(message, journey.copies)
        if journey.path:
            self._arrange(message, journey)

    def report(self, message: Stored, copies: int = 1) -> None:
        """Post the status callback, if there is one, in the background."""
        for _ in range(copies if message.callback else 0):
            form = message.callback_form()
            self._courier.spawn(self._courier.post(message.callback, form))

    async def settle(self) -> None:
        """Wait until every delivery has ended and every callback is answered."""
        await self._idle.wait()
        await self._courier.settle()

    def stop(self) -> None:
        """Let nothing move any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._idle.set()
