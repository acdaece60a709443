"""The file system of a stage: this machine's own, and over it, in memory, what the steps write."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.container.recipe import Stage, variables

_CHROOT = "/usr/sbin/chroot"
_PASSED = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT", "REQUESTS_CA")
"""How this machine reaches a package index: an engine passes that on to a build as well."""


class Rootfs:
    """Carries out the steps of a stage; nothing of it is ever written to the machine.

    Attributes:
        root: where it is mounted.
        env: its variables.
        folder: its working directory.
    """

    def __init__(self, scratch: Path, stage: Stage) -> None:
        self.stage = stage
        self.env = {"PATH": "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"}
        self.folder = "/"
        self.upper = scratch / "upper"
        self.root = scratch / "root"
        work = scratch / "work"
        for each in (self.upper, self.root, work):
            each.mkdir(parents=True)
        mount("-t", "overlay", "-o", f"lowerdir=/,upperdir={self.upper},workdir={work}", "none",
              self.root)  # fmt: skip
        # the base image has its Python there
        mount("--bind", sys.base_prefix, self.root / "usr/local")
        mount("-o", "remount,bind,ro", self.root / "usr/local")
        subprocess.run([_CHROOT, self.root, "/sbin/ldconfig"], check=True)
        mount("-t", "proc", "none", self.root / "proc")
        mount("-t", "tmpfs", "-o", "mode=1777", "none", self.root / "tmp")
        self._devices()

    def _devices(self) -> None:
        """Give the few that every container has; none but these of the machine is within reach."""
        dev = self.root / "dev"
        mount("-t", "tmpfs", "-o", "mode=0755", "none", dev)
        for name in ("null", "zero", "full", "random", "urandom"):
            (dev / name).touch()
            mount("--bind", f"/dev/{name}", dev / name)
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            (dev / name).symlink_to(f"/proc/self/fd/{number}")
        (dev / "fd").symlink_to("/proc/self/fd")
        (dev / "shm").mkdir()
        mount("-t", "tmpfs", "-o", "mode=1777,size=64m", "none", dev / "shm")

    def build(self, context: Path, others: Mapping[str, "Rootfs"]) -> None:
        """Carry out the steps."""
        for name, value in self.stage.steps:
            if name == "ENV":
                self.env |= variables(value)
            elif name == "WORKDIR":
                self.folder = value
                self.at(value).mkdir(parents=True, exist_ok=True)
            elif name == "COPY":
                self._copy(value.split(), context, others)
            elif name == "RUN":
                self._run(value)
            else:
                print(f"  {name} {value.split()[0]}: for who runs it")

    def at(self, path: str) -> Path:
        """Where a path inside lies for us."""
        return (
            self.root / self.folder.lstrip("/") / path if path[0] != "/" else self.root / path[1:]
        )

    def _copy(self, words: list[str], context: Path, others: Mapping[str, "Rootfs"]) -> None:
        print(f"  COPY {' '.join(words)}")
        if words[0].startswith("--from="):
            source = others[words.pop(0).partition("=")[2]]
            files = [source.at(word) for word in words[:-1]]
        else:
            files = [context / word for word in words[:-1]]
        target = self.at(words[-1])
        for file in files:
            if file.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(file, target, symlinks=True, ignore=ignored, dirs_exist_ok=True)
            else:
                shutil.copy2(file, target)

    def _run(self, command: str) -> None:
        print(f"  RUN {command[:60]}…")
        passed = {n: v for n, v in os.environ.items() if n.upper().startswith(_PASSED)}
        inside = ["/usr/bin/env", f"--chdir={self.folder}", "/bin/sh", "-c", command]
        subprocess.run(
            [_CHROOT, self.root, *inside],
            env={**passed, "HOME": "/root", **self.env},
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def close(self) -> None:
        """Let nobody write to it any more."""
        mount("-o", "remount,ro", self.root)

    def inside(self, *command: str) -> list[str]:
        """Give what carries a command out inside, as its user and without any rights."""
        user, group = self.stage.last("USER").split(":")
        return [
            _CHROOT,
            str(self.root),
            *("/usr/bin/setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"),
            *("--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"),
            *("/usr/bin/env", f"--chdir={self.folder}"),
            *command,
        ]

    def execute(
        self, command: Sequence[str], env: Mapping[str, str], beside: int
    ) -> tuple[int, str]:
        """Carry a command out beside a process that runs inside; give its code and its output."""
        there = ["/usr/bin/nsenter", f"--target={beside}", "--pid", "--mount"]
        done = subprocess.run(
            [*there, *self.inside(*command)],
            env={**self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout


def mount(*words: str | Path) -> None:
    """Mount, in this name space alone."""
    subprocess.run(["mount", *words], check=True)
