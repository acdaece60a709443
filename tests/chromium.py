"""Where the tests of the demo's page find a browser; without one they are deselected, and said so.

`.ci/run` installs one first, so that nothing is left out there.
"""

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "browser"
MISSING = "tests/browser: DESELECTED, there is no chromium; .ci/chromium installs it on Debian"


def chromium() -> str:
    """Give the path of Debian's browser; empty if it is not installed."""
    return shutil.which("chromium") or ""


def without_browser(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what needs a browser where there is none."""
    if chromium():
        return
    left = [item for item in items if HERE in item.path.parents]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def browser_first(items: list[pytest.Item]) -> None:
    """Keep what needs a browser together: between others, one would be started for each."""
    items.sort(key=lambda item: HERE not in item.path.parents)
