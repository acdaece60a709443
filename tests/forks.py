"""Commands as processes of their own, without the start of an interpreter for each.

To import the command line costs a second, and more than a hundred tests would each pay it. One
process has imported it, and forks for each command: with that command's folder, environment and
streams. What the command does then, and how it ends, is as ever.
"""

import asyncio
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.cli import main

ROOT = Path(__file__).parents[1]
_COMMANDS = ("activity", "auditing", "contacts", "keeping", "service", "setup")
_RUNS, _LIMIT = "", 170
"""What is said of a command that has not ended; seconds after which one is killed."""


class Forks:
    """The process that forks."""

    def __init__(self) -> None:
        kept = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME"}}
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT,
            env={**kept, "PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._one = threading.Lock()

    async def run(
        self, words: Sequence[str], folder: Path, environ: Mapping[str, str]
    ) -> tuple[int, str, str]:
        """Carry a command out; give its exit code and what was on its two streams."""
        with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
            started = await self.start(words, folder, environ, out.name, err.name)
            code = await started.wait()
            return code, out.read().decode(), err.read().decode()

    async def start(
        self,
        words: Sequence[str],
        folder: Path,
        environ: Mapping[str, str],
        out: str = os.devnull,
        err: str = os.devnull,
    ) -> "Forked":
        """Start a command and leave it running."""
        asked = [words, str(folder), dict(environ), out, err]
        return Forked(self, int(await asyncio.to_thread(self.ask, asked)))

    def ask(self, what: object) -> str:
        """Put a question to the process: a command to start, or the number of one."""
        with self._one:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(f"{json.dumps(what)}\n")
            self._process.stdin.flush()
            return self._process.stdout.readline().strip()

    def stop(self) -> None:
        """End it."""
        self._process.communicate()


class Forked:
    """A command that was started."""

    def __init__(self, forks: Forks, pid: int) -> None:
        self._forks = forks
        self.pid = pid
        self._code = _RUNS

    @property
    def returncode(self) -> int | None:
        """Its exit code, once it has ended."""
        if self._code == _RUNS:
            self._code = self._forks.ask(self.pid)
        return None if self._code == _RUNS else int(self._code)

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    async def wait(self) -> int:
        """Wait for its end."""
        while (code := self.returncode) is None:  # noqa: ASYNC110 - another process knows
            await asyncio.sleep(0.005)
        return code


def _serve() -> bool:
    """Answer what is asked; give whether this is the process of a command."""
    for line in sys.stdin:
        asked = json.loads(line)
        if isinstance(asked, int):
            pid, status = os.waitpid(asked, os.WNOHANG)
            print(os.waitstatus_to_exitcode(status) if pid else _RUNS, flush=True)  # noqa: T201
        elif pid := os.fork():
            print(pid, flush=True)  # noqa: T201
        else:
            _become(*asked)
            return True
    return False


def _become(words: list[str], folder: str, environ: dict[str, str], out: str, err: str) -> None:
    """Take on what a shell would have given to a command."""
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    os.chdir(folder)
    for number, (path, mode) in enumerate(
        [(os.devnull, os.O_RDONLY), (out, os.O_WRONLY), (err, os.O_WRONLY)]
    ):
        opened = os.open(path, mode)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["sms-bot", *words]
    signal.alarm(_LIMIT)


if __name__ == "__main__":
    for name in _COMMANDS:
        importlib.import_module(f"bot.cli.{name}")
    gc.freeze()  # what is imported is not to be gone through at the end of each command
    if _serve():
        main()
