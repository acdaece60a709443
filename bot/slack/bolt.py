"""Bolt, as this bot wants it: strict about who calls, quiet about what it does not know."""

import logging

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from bot.config import Settings
from bot.slack.identity import Identity

log = structlog.get_logger(__name__)


def bolt(settings: Settings, identity: Identity) -> AsyncApp:
    """Build the app; its listeners are registered by `Listeners`."""
    secret = settings.slack_signing_secret

    async def authorize() -> AuthorizeResult:  # a function: Bolt knows no `self`
        return await identity.authorize()

    app = AsyncApp(
        # Bolt's own level would be the root's, and its warnings are advice to its developers
        logger=logging.getLogger("slack_bolt"),
        authorize=authorize,
        signing_secret=secret.get_secret_value() if secret else None,
        # Socket Mode comes authenticated; over HTTP configuration has seen to a secret
        request_verification_enabled=settings.slack_app_token is None,
        raise_error_for_unhandled_request=True,
    )

    async def refused(error: Exception, response: BoltResponse | None) -> BoltResponse | None:
        """Answer what nobody here listens to, and what lacks something that Slack's would have.

        Listeners let nothing else out. An event is acknowledged before it is read: no `response`.
        """
        unknown = isinstance(error, BoltUnhandledRequestError)
        what = "request.unhandled" if unknown else "request.malformed"
        log.warning(what, error=type(error).__name__)
        return BoltResponse(status=404 if unknown else 400) if response else None

    app.error(refused)
    return app
