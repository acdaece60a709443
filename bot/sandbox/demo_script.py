"""The part of the demo that plays by itself: what is typed, and why."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bot.sandbox.demo_cast import LONDON, MAGIC
from bot.sandbox.demo_desk import Desk
from bot.sandbox.demo_screen import Screen

Pause = Callable[[float], Coroutine[Any, Any, None]]
"""Waits so many seconds where somebody watches; where nobody does, not at all."""

_READ = 0.8
"""Seconds to read an answer before the next step."""

_KEY = 0.012
"""Seconds between two letters typed."""


@dataclass(frozen=True)
class Step:
    """One thing that is done.

    Attributes:
        caption: what there is to see.
        text: what is typed after `/sms`; empty where something else is done.
        press: how the label begins of a button that is pressed.
        phone: who replies from their phone, and what.
        channel: where.
    """

    caption: str
    text: str = ""
    press: str = ""
    phone: tuple[str, str] = ("", "")
    channel: str = "oncall"


STEPS: Final = (
    Step("What can be typed here?", "help"),
    Step("A message to two people", "send alice,bob Water in the lab"),
    Step("One of three fails: Dan's country is not enabled", "send lab,dan Water is rising"),
    Step("Somebody enables it at Twilio. Once more, to Dan alone", press="Retry failed"),
    Step("A number that #oncall may not reach", "send +33199001234 Bonjour"),
    Step("Which rule decides? This sends nothing", "why send +16175550142 Hello"),
    Step("Who can be reached from here?", "recipients"),
    Step("The rest of the list", press="Next"),
    Step("Who is on call? Page until somebody has it", "page lab Water in the lab, rising"),
    Step("Bob is awake. He replies to the SMS", phone=("bob", "1")),
    Step("Where the bot is no member, it answers in private", "send bob Lunch?", channel="random"),
)


def banner() -> Table:
    """Draw what this is and who is in it."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    rows = (
        ("  #oncall", "the bot is a member: its cards are for everybody"),
        ("  #random", "the bot is not: it answers in private"),
        ("  people", "alice (that is you), bob and carol, in both channels"),
        ("  contacts", f"alice, bob, carol, dan ({LONDON}); group lab = alice, bob"),
        ("  sms.toml", "#oncall may reach them, verified numbers, +1617… and +1500555…"),
        ("  failing", "numbers with which the local Twilio plays tricks:"),
    )
    for row in rows:
        grid.add_row(*row)
    for number, what in MAGIC.items():
        grid.add_row("", Text.assemble((number, "cyan"), f" {what}"))
    return grid


def open_with(screen: Screen) -> None:
    """Say what this is."""
    screen.show()
    screen.show(Text("SMS from Slack, played on this machine", "bold"))
    screen.show("The real bot between a local Slack and a local Twilio: no account, no network,")
    screen.show("no SMS. It types a few commands by itself; then it is your turn.")
    screen.show()
    screen.show(banner())
    screen.show()


async def play(desk: Desk, steps: Sequence[Step], pause: Pause) -> None:
    """Carry out the steps, one after the other."""
    for number, step in enumerate(steps, 1):
        caption = Text(f"{number}/{len(steps)}  {step.caption}", "bold magenta")
        desk.screen.show(Rule(caption, align="left", style="dim"))
        desk.go(step.channel)
        if step.press:
            await _press(desk, step.press, pause)
        elif step.phone[0]:
            await pause(_READ)
            await desk.phone(*step.phone)
        else:
            await _type(desk, step.text, pause)
        await pause(_READ)
    desk.go("oncall")


async def _press(desk: Desk, label: str, pause: Pause) -> None:
    await pause(_READ)
    labels = (button.label for button in desk.screen.buttons)
    # not there where the machine is too slow for the demo: then that step says so
    number = next((n for n, said in enumerate(labels, 1) if said.startswith(label)), 0)
    desk.screen.typed(desk.seat, f"{number}")
    await desk.press(number)


async def _type(desk: Desk, text: str, pause: Pause) -> None:
    desk.screen.typed(desk.seat, "", end="")
    for letter in f"/sms {text}":
        desk.screen.console.print(letter, end="", markup=False, highlight=False)
        await pause(_KEY)
    desk.screen.console.print()
    await pause(_READ / 3)
    await desk.command(text)


async def in_real_time(seconds: float) -> None:
    """Pause for somebody who watches."""
    await asyncio.sleep(seconds)


async def at_once(_seconds: float) -> None:
    """Do not pause: nobody watches."""
