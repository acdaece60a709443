"""The free part of the demo: what a person types, line by line."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from bot.sandbox.demo_desk import Desk

_KEYS = (
    ("/sms …", "a command; the /sms may be left out: send alice,bob Hello"),
    ("1, 2, …", "press a button of the last answers"),
    ("#random", "go to another channel: #oncall, #random"),
    ("as bob", "be somebody else: alice, bob, carol"),
    ("phone bob 1", "reply to an SMS from somebody's phone; without a text, look at it"),
    ("shortcut", "choose “Send an SMS” from Slack's shortcuts menu"),
    ("Enter", "see what has changed meanwhile"),
    ("quit", "leave; so do Ctrl-D and Ctrl-C"),
)
_LEAVE = frozenset({"quit", "exit", "q", "bye"})


def keys() -> Table:
    """Draw what can be typed."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column()
    for key, meaning in _KEYS:
        grid.add_row(Text(f"  {key}"), meaning)
    return grid


@dataclass(frozen=True)
class Prompt:
    """Reads lines until there are no more.

    Attributes:
        desk: where they are carried out.
        verbs: with which a command may begin that is typed without `/sms`.
    """

    desk: Desk
    verbs: Collection[str]

    async def run(self) -> None:
        """Carry out line after line, to the end of input or `quit`."""
        screen = self.desk.screen
        while True:
            screen.console.print(screen.prompt(self.desk.seat), end="", soft_wrap=True)
            line = await self.desk.lines()
            screen.echo(line)
            if line is None or line.strip().casefold() in _LEAVE:
                return
            await self.obey(line.strip())

    async def obey(self, line: str) -> None:
        """Carry out one line."""
        for fits, carry_out in self._table():
            if fits(line):
                waited = carry_out(line)
                if waited is not None:
                    await waited
                return

    def _table(self) -> tuple[tuple[Callable[[str], object], "_CarryOut"], ...]:
        desk = self.desk
        return (
            (lambda line: not line, lambda _: desk.look()),
            (lambda line: line.isascii() and line.isdecimal(), lambda line: desk.press(int(line))),
            (lambda line: line.startswith("#"), lambda line: desk.go(line[1:].strip())),
            (lambda line: _first(line) == "as", lambda line: desk.become(_rest(line))),
            (lambda line: _first(line) == "phone", lambda line: desk.phone(*_two(line))),
            (lambda line: line.casefold() == "shortcut", lambda _: desk.shortcut()),
            (lambda line: _first(line) == "/sms", lambda line: desk.command(_rest(line))),
            (lambda line: _first(line) in self.verbs, desk.command),
            (lambda _: True, self._explain),
        )

    def _explain(self, line: str) -> None:
        if line != "?":
            self.desk.screen.remark(f"“{line}” means nothing here. You can type:", "red")
        self.desk.screen.show(keys())


_CarryOut = Callable[[str], Awaitable[None] | None]


def _first(line: str) -> str:
    return line.partition(" ")[0].casefold()


def _two(line: str) -> tuple[str, str]:
    """Give the second word, and all that follows it."""
    return _first(_rest(line)), _rest(_rest(line))


def _rest(line: str) -> str:
    return line.partition(" ")[2].strip()
