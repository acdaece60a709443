"""A modal in the terminal: its inputs asked for one by one, its errors shown beside them."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from rich.padding import Padding
from rich.text import Text

from bot.sandbox.demo_cast import CHANNELS, NAMES
from bot.sandbox.demo_lines import NextLine
from bot.sandbox.demo_screen import ARROW, Screen, Seat
from bot.sandbox.model import Impossible, Json, View
from bot.sandbox.mrkdwn import safe
from bot.sandbox.people import People
from bot.sandbox.render import Bar, blocks
from bot.sandbox.workspace import elements_of

CANCEL: Final = "cancel"
BACK: Final = "back"

_MENUS = ("external_select", "static_select")
"""Left as they are: what they offer can be typed into another input, or has a default."""


_PATIENCE = 3.0
"""Seconds that a button has to change what is shown, if it does."""

_LOOK = 0.02


def _said(obj: Json | None) -> str:
    return safe(str((obj or {}).get("text", "")))


@dataclass(frozen=True)
class Composer:
    """Fills in whatever modal is on top."""

    slack: People
    screen: Screen
    lines: NextLine

    async def fill(self, seat: Seat) -> Seat | None:
        """Ask for the inputs and submit, until the app takes them or the person gives up.

        Returns where the answer will appear; None if there will be none.
        """
        view = self.slack.top_view(seat.user)
        self._title(view)
        values: dict[str, str] = {}
        while view in self.slack.views(seat.user):
            if (on_top := self.slack.top_view(seat.user)) is not view:
                await self._look(on_top, seat)
                continue
            asked = await self._ask(view, values, seat)
            if asked is None:
                await self.slack.close(seat.user, view)
                self.screen.remark("Closed; nothing was sent.")
                return None
            values = asked
            await self._submit(view, values, seat)
        chosen = [v for v in values.values() if v in CHANNELS.values()]
        return replace(seat, channel=chosen[0]) if chosen else seat

    async def _look(self, view: View, seat: Seat) -> None:
        """Show a view that has nothing to fill in, and do what the person says to it."""
        shown = Bar(blocks(view.body["blocks"], NAMES), "cyan")
        self.screen.show(Text(_said(view.body.get("title")), "bold"), shown)
        buttons = [e for b in view.body["blocks"] for e in elements_of(b) if e["type"] == "button"]
        send = _said(view.body.get("submit"))
        choices = [
            *([f"Enter: {send}"] if send else []),
            *(f"{number}: {_said(each['text'])}" for number, each in enumerate(buttons, 1)),
            f"{BACK}: {_said(view.body.get('close'))}",
        ]
        prompt = Text.assemble("  ", (f"({', '.join(choices)}) ", "dim"), (f"{ARROW} ", "green"))
        self.screen.console.print(prompt, end="", soft_wrap=True)
        line = await self.lines()
        self.screen.echo(line)
        said = BACK if line is None else line.strip().casefold()
        if not said and send:
            await self._submit(view, {}, seat)
        elif said in {str(number) for number, _ in enumerate(buttons, 1)}:
            await self._press(view, buttons[int(said) - 1]["action_id"], seat)
        elif said in {BACK, CANCEL}:
            await self.slack.close(seat.user, view)

    async def _press(self, view: View, action_id: str, seat: Seat) -> None:
        """Press a button, and wait for what it does: the app acknowledges it before it acts."""
        before = view.hash
        await self.slack.click(seat.user, view, action_id)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while self._is_as_it_was(view, before):  # noqa: ASYNC110 - no event tells
                    await asyncio.sleep(_LOOK)

    def _is_as_it_was(self, view: View, version: str) -> bool:
        return view.hash == version and view.open and self.slack.top_view(view.user) is view

    def _title(self, view: View) -> None:
        title = Text.assemble("── ", (_said(view.body.get("title")), "bold"), " ──")
        hint = f"Enter keeps what stands in [ ], {CANCEL} closes without sending."
        self.screen.remark(title)
        self.screen.remark(hint)

    async def _submit(self, view: View, values: dict[str, str], seat: Seat) -> None:
        try:
            done = await self.slack.submit(seat.user, view, values)
        except Impossible as why:
            self.screen.remark(f"Slack does not submit this: {why}", "red")
            return
        if done.error:
            self.screen.remark(f"Slack: the app failed with the error “{done.error}”", "red")

    async def _ask(self, view: View, before: dict[str, str], seat: Seat) -> dict[str, str] | None:
        """Ask for every input; None where the person gives up."""
        values: dict[str, str] = {}
        for block in view.body["blocks"]:
            if block["type"] != "input" or block["element"]["type"].endswith(_MENUS):
                continue
            ident = str(block["block_id"])
            first = before.get(ident) or _preset(block["element"], seat)
            self._caption(block, view.errors.get(ident, ""))
            entered = await self._enter(block, first)
            if entered is None:
                return None
            values[ident] = entered
        return {ident: value for ident, value in values.items() if value}

    def _caption(self, block: Json, error: str) -> None:
        label = Text(_said(block["label"]), "bold")
        hint = _said(block.get("hint"))
        self.screen.remark(label.append(f"  {hint}" if hint else "", "not bold dim"))
        if error:
            self.screen.show(Padding(Text(safe(error), "red"), (0, 0, 0, 2)))

    async def _enter(self, block: Json, first: str) -> str | None:
        """Let one input be typed, again while it is empty and must not be."""
        shown = f"[{_named(first)}] " if first else ""
        example = _said(block["element"].get("placeholder"))
        shown = shown or (f"(such as {example}) " if example else "")
        while True:
            prompt = Text.assemble("  ", (shown, "dim"), (f"{ARROW} ", "green"))
            self.screen.console.print(prompt, end="", soft_wrap=True)
            line = await self.lines()
            self.screen.echo(line)
            if line is None or line.strip().casefold() == CANCEL:
                return None
            entered = _read(block["element"], line.strip()) or first
            if entered or block.get("optional"):
                return entered
            self.screen.remark("  Slack does not submit without it.", "red")


def _named(value: str) -> str:
    return f"#{NAMES[value]}" if value in CHANNELS.values() else value


def _preset(element: Json, seat: Seat) -> str:
    """Give what Slack fills in before the person does."""
    if element.get("default_to_current_conversation"):
        return seat.channel
    return str(element.get("initial_value") or "")


def _read(element: Json, line: str) -> str:
    """Turn what was typed into what the element holds: a channel's name into its id."""
    if str(element["type"]).startswith(("conversations_", "channels_")):
        return CHANNELS.get(line.removeprefix("#"), "")
    return line
