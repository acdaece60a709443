"""`sms-bot init`: a commented sms.toml and .env to start from."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Final

STARTERS: Final = (("sms.toml", "sms.toml", 0o644), (".env", "env.example", 0o600))
"""Name, template and mode of each file; ``.env`` will hold secrets, so it is its owner's alone."""


def starter(template: str) -> str:
    """Give the text of one of the shipped templates."""
    return (files("bot") / "templates" / template).read_text(encoding="utf-8")


def write_starters(directory: Path) -> list[tuple[Path, bool]]:
    """Write the starting files; the flag is False where one was there, which is left alone."""
    return [
        (directory / name, _write_new(directory / name, starter(template), mode))
        for name, template, mode in STARTERS
    ]


def _write_new(path: Path, text: str, mode: int) -> bool:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    return True
