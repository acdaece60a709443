"""The Twilio account that the configuration names."""

from bot.config import Settings
from twilio_core import Credentials


def credentials(settings: Settings) -> Credentials:
    """Give who we are to Twilio."""
    secrets = (settings.twilio_auth_token, settings.twilio_api_secret)
    token, secret = (s.get_secret_value() if s else "" for s in secrets)
    return Credentials(settings.twilio_account_sid, token, settings.twilio_api_key or "", secret)
