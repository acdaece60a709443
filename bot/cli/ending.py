"""How a command ends that cannot do its work: one line that says what to do, and exit code 2."""

from collections.abc import Callable
from typing import NoReturn, TypeVar

import typer

from bot.faults import ConfigFaults

FAILED = 2
"""The exit code."""

T = TypeVar("T")


def say(text: str) -> None:
    """Tell a person something that is no result."""
    typer.echo(text, err=True)


def fail(text: str) -> NoReturn:
    """End with one line."""
    say(text)
    raise typer.Exit(FAILED)


def give_up(faults: ConfigFaults) -> NoReturn:
    """End with a line for each fault of the configuration."""
    for fault in faults.faults:
        say(str(fault))
    raise typer.Exit(FAILED)


def or_exit(read: Callable[[], T]) -> T:
    """Give what is read, or end with what is wrong with it."""
    try:
        return read()
    except ConfigFaults as faults:
        give_up(faults)
