"""What this process knows of its way to Slack, for admins to see."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass
class Link:
    """Told by what speaks to Slack; one a process.

    Attributes:
        mode: how Slack reaches this process, e.g. ``Socket Mode``; empty if it does not.
        needs_socket: whether a connection has to stand for that.
        since: since when the connection stands, None while it does not.
        answered: when Slack last took a call of the Web API.
        error: what last went wrong, in Slack's word or as an exception's class; empty for nothing.
        failed: when that was.
    """

    mode: str = ""
    needs_socket: bool = False
    since: datetime | None = None
    answered: datetime | None = None
    error: str = ""
    failed: datetime | None = None

    def reached(self, *, by_socket: bool) -> None:
        """Note that Slack reaches this process, by a socket or over HTTP."""
        self.mode, self.needs_socket = ("Socket Mode" if by_socket else "HTTP"), by_socket

    def connected(self) -> None:
        """Note that the connection stands."""
        self.since = self.since or datetime.now(UTC)

    def lost(self) -> None:
        """Note that there is no connection."""
        self.since = None

    def took(self) -> None:
        """Note that Slack has taken a call."""
        self.answered = datetime.now(UTC)

    def failing(self, error: str) -> None:
        """Note that Slack could not be reached, or did not take a call that it may take later."""
        self.error, self.failed = error, datetime.now(UTC)

    @property
    def well(self) -> bool:
        """Whether Slack reaches this process, and took the last call."""
        taken = self.failed is None or (self.answered is not None and self.answered > self.failed)
        return taken and (self.since is not None or not self.needs_socket)
