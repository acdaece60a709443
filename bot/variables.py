"""The variables that the bot is told by: the environment, and ``.env`` under it."""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from bot.faults import Fault


def merged(
    environ: Mapping[str, str] | None, directory: Path, faults: list[Fault]
) -> dict[str, str]:
    """Lay the environment over ``.env``. A `$` in a secret is itself: no interpolation."""
    path = directory / ".env"
    written: Mapping[str, str | None] = {}
    try:
        if path.exists():
            written = dotenv_values(path, interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        faults.append(Fault(str(path), f"cannot be read ({type(exc).__name__})", "Mend or move it"))
    ours = {name: value for name, value in written.items() if value is not None}
    return {**ours, **(os.environ if environ is None else environ)}


def present(variables: Mapping[str, str]) -> dict[str, str]:
    """Drop blank variables; trim the others, as a secret mounted from a file ends in a newline."""
    return {name: value.strip() for name, value in variables.items() if value.strip()}
