"""What some tests need of the machine; where it is missing they are deselected, and that is said.

`.ci/run` installs it first, so that nothing is left out there.
"""

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "browser"
"""The tests that need a browser."""

SYSTEMD = "systemd"
"""The mark of those that ask systemd."""

_NEEDED = (("chromium", "tests/browser"), ("systemd-analyze", "what systemd says of its unit"))


def chromium() -> str:
    """Give the path of Debian's browser; empty if it is not installed."""
    return shutil.which("chromium") or ""


def missing() -> list[str]:
    """Say what is not tested on this machine, and what would have to be installed."""
    return [
        f"{what}: DESELECTED, there is no {tool}; .ci/tools installs it on Debian"
        for tool, what in _NEEDED
        if not shutil.which(tool)
    ]


def deselect(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what needs something that this machine does not have."""
    without_browser, without_systemd = not chromium(), not shutil.which("systemd-analyze")
    left = [
        item
        for item in items
        if (without_browser and HERE in item.path.parents)
        or (without_systemd and item.get_closest_marker(SYSTEMD))
    ]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


def browser_first(items: list[pytest.Item]) -> None:
    """Keep what needs a browser together: between others, one would be started for each."""
    items.sort(key=lambda item: HERE not in item.path.parents)
