"""Who we are at Slack: asked once, at the start, not with somebody's first command."""

import asyncio
from dataclasses import dataclass

from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.faults import ConfigFaults, Fault
from bot.slack.voice import SLACK_ERRORS, error_of

_PROMPT = 0.5
"""Seconds that a command may wait for Slack to say who we are: it has 3 s in all."""

_HOPELESS = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired",
     "no_permission", "org_login_required", "not_allowed_token_type"}
)  # fmt: skip


@dataclass(frozen=True)
class Home:
    """Where we are installed.

    Attributes:
        team: id of the workspace.
        enterprise: id of its organization, empty outside Enterprise Grid.
    """

    team: str
    enterprise: str = ""


class Identity:
    """The answer of auth.test, which authorizes every request of the one workspace."""

    def __init__(self, client: AsyncWebClient, token: str) -> None:
        self._client = client
        self._token = token
        self._known: AuthorizeResult | None = None
        self._asking = asyncio.Lock()

    async def known(self) -> bool:
        """Tell whether Slack has accepted our token; it is asked again as long as it has not."""
        await self.authorize()
        return self._known is not None

    async def home(self) -> Home | None:
        """Give where we are at home; None as long as Slack has not told."""
        known = await self.authorize()
        return Home(known.team_id, known.enterprise_id or "") if known.team_id else None

    async def ask(self) -> None:
        """Ask Slack; that it is out of reach now is no reason not to start.

        Raises:
            ConfigFaults: Slack knows the token, and refuses it.
        """
        try:
            await self._ask()
        except SLACK_ERRORS as exc:
            error = error_of(exc)
            if error in _HOPELESS:
                raise ConfigFaults([_refused(error)]) from exc

    async def authorize(self) -> AuthorizeResult:
        """Give Bolt what it needs to know of us for a request: the token, if nothing else."""
        try:
            async with asyncio.timeout(_PROMPT):
                return await self._ask()
        except SLACK_ERRORS:
            return AuthorizeResult(enterprise_id=None, team_id=None, bot_token=self._token)

    async def _ask(self) -> AuthorizeResult:
        async with self._asking:
            if self._known is None:
                answer = await self._client.auth_test()
                self._known = AuthorizeResult.from_auth_test_response(
                    auth_test_response=answer, bot_token=self._token
                )
        return self._known


def _refused(error: str) -> Fault:
    return Fault(
        "SLACK_BOT_TOKEN",
        f"is refused by Slack ({error})",
        "Install the app to the workspace again and copy its Bot User OAuth Token (xoxb-…)",
    )
