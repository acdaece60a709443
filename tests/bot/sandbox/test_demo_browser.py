"""The demo as a page: what is printed, what is opened, and how it ends."""

import asyncio
import errno
import io
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from rich.console import Console

from bot.config import Settings
from bot.sandbox.demo_browser import has_screen, stay

WITHIN = 60


def page(address: str) -> str:
    """Load the page."""
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 - our own address
        return str(answer.read().decode())


async def test_it_stays_until_it_is_left_and_opens_its_page_where_there_is_a_screen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DISPLAY", ":9")
    opened = asyncio.get_running_loop().create_future()
    out, settings = io.StringIO(), []

    def show(address: str) -> None:
        opened.get_loop().call_soon_threadsafe(opened.set_result, address)
        raise OSError("no browser after all")

    def keep(told: Settings) -> None:
        settings.append(told)

    console = Console(file=out, width=40)
    work = asyncio.create_task(stay(console, prepare=keep, show=show))
    async with asyncio.timeout(WITHIN):
        address = await opened
    assert f"The page of this demo: {address}\n" in out.getvalue()
    assert "SMS from Slack" in await asyncio.to_thread(page, address)
    assert not work.done()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    with pytest.raises(urllib.error.URLError):
        await asyncio.to_thread(page, address)
    assert not settings[0].sms_config.parent.exists()


def test_a_browser_is_opened_only_where_it_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not has_screen()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert has_screen()
    monkeypatch.delenv("WAYLAND_DISPLAY")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert has_screen()


def read_until(terminal: int, pattern: str) -> str:
    """Read from a terminal until something stands there, or it is closed."""
    shown, end = b"", time.monotonic() + WITHIN
    while time.monotonic() < end and not re.search(pattern, shown.decode(errors="replace")):
        try:
            part = os.read(terminal, 4096)
        except OSError as why:  # Linux says so where the other end is closed
            if why.errno != errno.EIO:
                raise
            break
        shown += part
    return shown.decode(errors="replace")


@pytest.mark.parametrize(
    ("option", "pattern"), [([], r"token=[-\w]+\r\n.*--terminal"), (["--terminal"], "1/11")]
)
def test_on_a_terminal_it_is_a_page_unless_told_otherwise(option: list[str], pattern: str) -> None:
    ours, theirs = pty.openpty()
    with tempfile.TemporaryDirectory(prefix="sms-bot-test-") as temporary:
        env = {**os.environ, "TMPDIR": temporary, "PYTHONUTF8": "1", "TERM": "xterm"}
        env = {name: value for name, value in env.items() if "DISPLAY" not in name}
        command = [sys.executable, "-m", "bot", "demo", *option]
        with subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=env
        ) as process:
            os.close(theirs)
            shown = read_until(ours, f"(?s){pattern}")
            assert re.search(f"(?s){pattern}", shown)
            assert ("token=" in shown) == (not option)
            process.send_signal(signal.SIGINT)
            read_until(ours, "$^")
            assert process.wait(WITHIN) == 0
        os.close(ours)
        assert list(Path(temporary).iterdir()) == []
