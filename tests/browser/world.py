"""The demo's page, served from a thread: Playwright's blocking calls keep the main one."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from queue import SimpleQueue

from bot import logs
from bot.sandbox.browser.room import Room
from bot.sandbox.browser.site import serving
from bot.sandbox.demo_cast import LONDON
from bot.sandbox.demo_world import start
from bot.sandbox.server import FakeSlack
from twilio_core.testing import FakeTwilio


class Demo:
    """A demo that runs.

    Attributes:
        address: of its page, with the token.
        slack: the local Slack; to be looked at only.
        twilio: the local Twilio; to be looked at only.
    """

    address: str
    slack: FakeSlack
    twilio: FakeTwilio

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()

    async def run(self, ready: "SimpleQueue[BaseException | None]") -> None:
        """Serve until `stop`; tells once whether it has started."""
        async with AsyncExitStack() as stack:
            try:
                world = await start(stack, logs.configure)
                self.slack, self.twilio = world.slack, world.twilio
                room = Room.of(world)
                room.switches.set_trick(LONDON, "country")
                self.address = await stack.enter_async_context(serving(room))
            except BaseException as why:  # noqa: BLE001 - told to the thread that waits
                ready.put(why)
                return
            ready.put(None)
            await self._over.wait()

    def stop(self) -> None:
        """End it, from another thread."""
        self._loop.call_soon_threadsafe(self._over.set)

    def main(self, ready: "SimpleQueue[BaseException | None]") -> None:
        """Be the thread."""
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self.run(ready))


@contextmanager
def running() -> Iterator[Demo]:
    """Run a demo."""
    demo = Demo()
    ready: SimpleQueue[BaseException | None] = SimpleQueue()
    thread = threading.Thread(target=demo.main, args=[ready], name="demo")
    thread.start()
    try:
        if why := ready.get():
            raise why
        yield demo
    finally:
        demo.stop()
        thread.join()
