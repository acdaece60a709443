"""What a bot is told so that it lives between a local Slack and a local Twilio."""

from typing import Final

from bot.sandbox.server import FakeSlack
from twilio_core.testing import FakeTwilio

SENDER: Final = "+15005550006"
"""The sender that passes every check of Twilio's own test credentials.

https://www.twilio.com/docs/iam/test-credentials
"""


def environ(
    slack: FakeSlack, twilio: FakeTwilio, *, http: bool = False, **others: str
) -> dict[str, str]:
    """Give the environment that points a bot at both, with a listener on any free port.

    Args:
        slack: the workspace, for which the bot is given its tokens.
        twilio: the account that it sends from.
        http: whether Slack calls the bot, by signed requests, instead of Socket Mode. Slack
            learns where to call from its `events_url`, once the bot listens.
        others: further variables, as `DATABASE_URL`; they take the place of those above.
    """
    way = (
        {"SLACK_SIGNING_SECRET": slack.signing_secret}
        if http
        else {"SLACK_APP_TOKEN": slack.app_token}
    )
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        **way,
        "SLACK_API_URL": slack.api_url,
        "TWILIO_ACCOUNT_SID": twilio.account_sid,
        "TWILIO_AUTH_TOKEN": twilio.auth_token,
        "TWILIO_FROM": SENDER,
        "TWILIO_URL": twilio.url,
        "PORT": "0",
        **others,
    }
