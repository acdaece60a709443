"""The variables that the bot is told by: the environment, ``.env`` under it, and secrets' files.

A secret may stand in a file, as systemd, Docker and Kubernetes hand it over: `NAME_FILE` then holds
the path instead of `NAME` the secret.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from bot.faults import Fault

SECRETS: Final = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_API_SECRET",
    "DATABASE_URL",
)
"""The variables whose value may stand in a file; those that sms.toml names for alerts may too."""

_FILE = "_FILE"
_LONGEST = 65_536
"""Bytes of a file; none of the secrets is longer than some hundred."""


def merged(
    environ: Mapping[str, str] | None, directory: Path, faults: list[Fault]
) -> dict[str, str]:
    """Lay the environment over ``.env``, and read the secrets' files.

    A `$` in a secret is itself: no interpolation. A relative path begins at `directory`.
    """
    path = directory / ".env"
    written: Mapping[str, str | None] = {}
    try:
        if path.exists():
            written = dotenv_values(path, interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        faults.append(Fault(str(path), f"cannot be read ({type(exc).__name__})", "Mend or move it"))
    ours = {name: value for name, value in written.items() if value is not None}
    whole = {**ours, **(os.environ if environ is None else environ)}
    paths = {
        n: str(directory / v.strip()) for n, v in whole.items() if n.endswith(_FILE) and v.strip()
    }
    return _with_files({**whole, **paths}, faults)


def present(variables: Mapping[str, str]) -> dict[str, str]:
    """Drop blank variables; trim the others, as a secret mounted from a file ends in a newline."""
    return {name: value.strip() for name, value in variables.items() if value.strip()}


def held(name: str, variables: Mapping[str, str]) -> str | Fault:
    """Give a secret, from its variable or its file, empty if neither is set; or what is wrong."""
    value, path = variables.get(name, "").strip(), variables.get(name + _FILE, "").strip()
    if not path:
        return value
    if value:
        return Fault(name + _FILE, f"is set, and so is {name}", "Unset one of the two")
    return _read(name + _FILE, Path(path))


def _read(where: str, path: Path) -> str | Fault:
    remedy = "Give the path of a file that holds the secret and nothing else"
    try:
        with path.open("rb") as file:
            text = file.read(_LONGEST + 1).decode("utf-8").strip()
    except OSError as exc:
        return Fault(where, f"its file cannot be read ({exc.strerror})", remedy)
    except UnicodeDecodeError:
        return Fault(where, "its file is not text in UTF-8", remedy)
    if not text or len(text) > _LONGEST:
        return Fault(where, "its file is empty" if not text else "its file is too long", remedy)
    return text


def _with_files(variables: dict[str, str], faults: list[Fault]) -> dict[str, str]:
    for name in SECRETS:
        found = held(name, variables)
        if isinstance(found, Fault):
            faults.append(found)
            variables[name] = "?"  # it is set, though nobody knows to what: no other fault follows
        elif variables.pop(name + _FILE, ""):
            variables[name] = found
    return variables
