"""Commands as processes of their own, without the start of an interpreter for each.

To import the command line costs a second, and a hundred tests would each pay it. One process has
imported it, and forks for each command: with that command's folder, environment and streams. What
the command does then, and how it ends, is as ever.
"""

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.cli import main

ROOT = Path(__file__).parents[3]
_COMMANDS = ("activity", "auditing", "contacts", "service", "setup")
_LIMIT = 60
"""Seconds after which a command is killed."""


class Forks:
    """The process that forks; one command at a time."""

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

    def run(
        self, words: Sequence[str], folder: Path, environ: Mapping[str, str]
    ) -> tuple[int, str, str]:
        """Carry a command out; give its exit code and what was on its two streams."""
        with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
            asked = [words, str(folder), dict(environ), out.name, err.name]
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.write(f"{json.dumps(asked)}\n")
            self._process.stdin.flush()
            code = int(self._process.stdout.readline())
            return code, out.read().decode(), err.read().decode()

    def stop(self) -> None:
        """End it."""
        self._process.communicate()


def _serve() -> bool:
    """Fork for each command that is asked for; give whether this is the process for one."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _become(*json.loads(line))
            return True
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the answer
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
