"""Keep App Homes true: drawn when a person opens theirs, and anew when a send of theirs changes.

The `home` job is deferred by the card's (`bot.slack.follower`) for senders who have opened their
home lately, so that any process draws it and none is forgotten by a restart. A home is drawn once a
second at most. Whose drawing is overtaken by a later one says so, and the home is drawn once more.
"""

import asyncio
import hashlib
import json
from collections.abc import Sequence

import structlog

from bot.core import Core
from bot.drain import Unfinished
from bot.slack.replies import PAUSES
from bot.slack.views.home import home_view
from bot.slack.voice import NotMember, NotShown, SlackDown, Voice
from bot.store.homes import APART, Homes, Turn
from commands.home import home
from commands.ports import Site

PATIENCE = 5.0
"""Seconds that look-ups of user groups may take; what is not known then is said so."""

_PAUSE = 5.0

log = structlog.get_logger(__name__)


class HomeTab:
    """Draws homes. Built once a process; `run` is the job."""

    def __init__(
        self,
        core: Core,
        site: Site,
        homes: Homes,
        voice: Voice,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """Bind the parts.

        Args:
            core: gives the services that decide.
            site: what this process knows of itself.
            homes: whose home is looked at.
            voice: speaks to Slack.
            pauses: seconds to wait for Slack before a home that was opened is tried again.
        """
        self._core = core
        self._site = site
        self._homes = homes
        self._voice = voice
        self._pauses = pauses

    async def opened(self, user: str) -> None:
        """Show a person their home, trying again for a while if Slack is busy."""
        turn: Turn | float | None = await self._homes.opened(user)
        for pause in (*self._pauses, None):
            wait = await self._draw(turn) if isinstance(turn, Turn) else turn
            if wait is None:
                return
            if pause is None:
                log.warning("home.lost")
                return
            await asyncio.sleep(max(pause, wait))
            turn = await self._homes.turn(user)

    async def run(self, send_id: int, _worker: int = 0) -> Unfinished | None:
        """Draw the home of who asked for a send; `Unfinished` if it has to wait."""
        user = await self._homes.sender(send_id)
        turn = await self._homes.turn(user)
        wait = await self._draw(turn) if isinstance(turn, Turn) else turn
        return None if wait is None else Unfinished(wait)

    async def _draw(self, turn: Turn) -> float | None:
        """Draw what is; give the seconds after which it has to be drawn again, None for not."""
        services = await self._core.services(PATIENCE)
        view = home_view(await home(turn.user, services, self._site)).to_dict()
        digest = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()
        if digest != turn.shown:
            try:
                await self._voice.publish(turn.user, view)
            except SlackDown as down:
                log.warning("home.later", why=str(down))
                return down.retry_after or _PAUSE
            except (NotMember, NotShown) as refused:
                log.warning("home.unshown", why=str(refused))
                return None
        return None if await self._homes.shown(turn, digest) else APART
