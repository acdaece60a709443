"""Where the person of the demo sits, and what can be done from there."""

from dataclasses import dataclass, replace

from bot.sandbox.demo_cast import CHANNELS, PEOPLE, PHONES
from bot.sandbox.demo_composer import Composer
from bot.sandbox.demo_lines import NextLine
from bot.sandbox.demo_screen import Screen, Seat
from bot.sandbox.environ import SENDER
from bot.sandbox.model import Delivered, Impossible
from bot.sandbox.mrkdwn import safe
from bot.sandbox.people import People
from twilio_core.testing import FakeTwilio

START = Seat(PEOPLE["alice"], CHANNELS["oncall"])


@dataclass
class Desk:
    """A person before the local Slack.

    Attributes:
        slack: what they work with.
        screen: what they see.
        lines: what they type.
        twilio: the account whose SMS they get, and reply to.
        shortcut_id: callback id of the app's global shortcut.
        seat: who they are and which channel they look at.
    """

    slack: People
    screen: Screen
    lines: NextLine
    twilio: FakeTwilio
    shortcut_id: str
    seat: Seat = START

    async def command(self, text: str) -> None:
        """Send `/sms` and a text, and see what comes of it."""
        await self.slack.command(self.seat.user, self.seat.channel, text)
        await self._see()

    async def press(self, number: int) -> None:
        """Press a button of the last answers."""
        buttons = self.screen.buttons
        if not 1 <= number <= len(buttons):
            there = f"they go from 1 to {len(buttons)}" if buttons else "the last answer has none"
            self.screen.remark(f"There is no button {number}: {there}.", "red")
            return
        it = buttons[number - 1]
        self.screen.remark(f"presses [ {safe(it.label)} ]")
        try:
            done = await self.slack.click(self.seat.user, it.message, it.action, it.value, it.block)
        except Impossible:
            self.screen.remark("That button is on somebody else's screen.", "red")
            return
        self._complain(done)
        await self._see()

    async def shortcut(self) -> None:
        """Choose the app's shortcut from Slack's menu."""
        self._complain(await self.slack.global_shortcut(self.seat.user, self.shortcut_id))
        await self._see()

    async def phone(self, name: str, text: str) -> None:
        """Look at somebody's phone, and reply from it to the last SMS if there is a text."""
        number = PHONES.get(name)
        if number is None:
            self.screen.remark(f"Nobody's phone is called {name}: {', '.join(PHONES)}.", "red")
            return
        got = [m.body for m in self.twilio.messages.values() if m.to == number]
        last = f"shows “{got[-1]}”" if got else "has got no SMS yet"
        self.screen.remark(f"{name}'s phone {last}")
        if text:
            self.screen.remark(f"{name} replies “{text}”")
            await self.twilio.inbound(number, SENDER, text)
            await self._see()

    def look(self) -> None:
        """See what has changed meanwhile."""
        if not self.screen.catch_up(self.seat):
            self.screen.remark("Nothing new. Type /sms help, or ? for what else works here.")

    def go(self, name: str) -> None:
        """Change the channel."""
        if name in CHANNELS:
            self.seat = replace(self.seat, channel=CHANNELS[name])
            self.screen.catch_up(self.seat)
        else:
            there = " and ".join(f"#{each}" for each in CHANNELS)
            self.screen.remark(f"There is no #{name}, only {there}.", "red")

    def become(self, name: str) -> None:
        """Be somebody else."""
        if name in PEOPLE:
            self.seat = replace(self.seat, user=PEOPLE[name])
            self.screen.catch_up(self.seat)
        else:
            self.screen.remark(f"Nobody is called {name}: be {', '.join(PEOPLE)}.", "red")

    def _complain(self, done: Delivered) -> None:
        if done.error:
            self.screen.remark(f"Slack: the app failed with the error “{done.error}”", "red")

    async def _see(self) -> None:
        """See the answer; where it is a modal, fill it in first."""
        await self.screen.follow(self.seat)
        composer = Composer(self.slack, self.screen, self.lines)
        while self.slack.views(self.seat.user):
            submitted = await composer.fill(self.seat)
            if submitted:
                await self.screen.follow(submitted)
