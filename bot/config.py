"""Environment and sms.toml to frozen values; all faults of both at once.

Only the given mapping and ``.env`` in the given directory are read, so two configurations can
live in one process and a test never touches `os.environ`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.faults import ConfigFaults, Fault
from bot.policyfile import PolicyFile, read_policy
from bot.senders import SENDER_REMEDY, sender_shape
from bot.variables import merged, present
from commands.policy import Policy

__all__ = ["Config", "ConfigFaults", "Fault", "Settings", "TwilioInputs", "load", "twilio_inputs"]

SLACK_API_URL = "https://slack.com/api/"
TWILIO_URL = "https://api.twilio.com/2010-04-01/Accounts/"

_SLACK_APP = "on https://api.slack.com/apps, your app"
_CONSOLE = "on the front page of https://console.twilio.com"
_REMEDIES = {
    "SLACK_BOT_TOKEN": f"Copy the Bot User OAuth Token (xoxb-…): {_SLACK_APP}, OAuth & Permissions",
    "SLACK_APP_TOKEN": "Make a token (xapp-…) with the scope connections:write: "
    f"{_SLACK_APP}, Basic Information, App-Level Tokens",
    "SLACK_API_URL": f"Unset it for {SLACK_API_URL}, or give an http(s) address",
    "TWILIO_ACCOUNT_SID": f"Copy the Account SID (AC and 32 hexadecimal digits) {_CONSOLE}",
    "TWILIO_AUTH_TOKEN": f"Copy the Auth Token {_CONSOLE}",
    "TWILIO_API_KEY": "Give the SID (SK and 32 hexadecimal digits) of a key from the console's "
    "page Account, API keys; or unset TWILIO_API_KEY and TWILIO_API_SECRET",
    "TWILIO_API_SECRET": "Give the secret shown when the API key was made; "
    "or unset TWILIO_API_KEY and TWILIO_API_SECRET",
    "TWILIO_FROM": SENDER_REMEDY,
    "TWILIO_URL": f"Unset it for {TWILIO_URL}, or give an http(s) address",
    "DATABASE_URL": "Unset it for the embedded database, or give postgresql://user@host/name",
    "PORT": "Unset it for 3000, or give a number from 0 to 65535",
    "PUBLIC_URL": "Give the http(s) address under which Twilio reaches this bot, or unset it: "
    "delivery is polled then",
    "LOG_FORMAT": "Give console or json, or unset it",
    "LOG_LEVEL": "Give DEBUG, INFO, WARNING, ERROR or CRITICAL, or unset it",
}


def _wrong(what: str) -> PydanticCustomError:
    return PydanticCustomError("wrong", "{what}", {"what": what})


def _secret(pattern: str, what: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        if not re.fullmatch(pattern, value.get_secret_value()):
            raise _wrong(what)
        return value

    return AfterValidator(check)


def _text(accept: Callable[[str], object], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not accept(value):
            raise _wrong(what)
        return value

    return AfterValidator(check)


def _base_url(value: str) -> str:
    """Check an http(s) address and end its path with a slash, so that names can be joined on."""
    try:
        parts = urlsplit(value)
        named = (parts.hostname or "").encode("idna").decode("idna")  # UnicodeError: of no host
        reachable = parts.scheme in {"http", "https"} and named and parts.port != 0
    except ValueError:
        reachable = False
    if not reachable or re.search(r"\s", value):
        raise _wrong("is not an http(s) address")
    if parts.query or parts.fragment or parts.username is not None:
        raise _wrong("holds more than scheme, host, port and path")
    return value.rstrip("/") + "/"


def _database_url(value: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(value.get_secret_value())
        usable = parts.scheme in {"postgresql", "postgres"} and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "://" not in value.get_secret_value():
        raise _wrong("is not a postgresql:// address")
    return value


def _port(value: object) -> int:
    text = str(value)
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65_535:  # noqa: PLR2004
        raise _wrong("is not a number from 0 to 65535")
    return int(text)


_HEX = "[0-9a-fA-F]{32}"
_Url = Annotated[str, AfterValidator(_base_url)]


class Settings(BaseSettings):
    """The environment, checked. Secrets show in no `repr`; every address ends with a slash.

    Attributes:
        slack_bot_token: ``xoxb-…``.
        slack_app_token: ``xapp-…``; set: Slack is reached by Socket Mode.
        slack_signing_secret: proves that a request to ``POST /slack/events`` is Slack's.
        slack_api_url: base of Slack's Web API.
        twilio_account_sid: ``AC…``.
        twilio_auth_token: for requests without an API key, and for webhook signatures.
        twilio_api_key: ``SK…``, used for requests instead of the auth token.
        twilio_api_secret: belongs to the API key.
        twilio_from: the default sender, in any shape that Twilio takes.
        twilio_url: the Accounts root.
        database_url: PostgreSQL; None: the embedded server. Secret for the password inside.
        sms_data_dir: where the embedded database lives; absolute.
        sms_config: the policy and directory file; absolute.
        host: the address that the HTTP listener binds.
        port: its TCP port; 0 lets the system choose.
        public_url: how Twilio reaches the listener; None: deliveries and replies are polled.
        log_format: None: console where the log goes to a terminal, else json.
        log_level: the least severe level that is written.
    """

    model_config = SettingsConfigDict(
        alias_generator=str.upper, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    slack_bot_token: Annotated[SecretStr, _secret(r"xoxb-\S+", "does not begin with xoxb-")]
    slack_app_token: (
        Annotated[SecretStr, _secret(r"xapp-\S+", "does not begin with xapp-")] | None
    ) = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: _Url = SLACK_API_URL
    twilio_account_sid: Annotated[
        str, _text(re.compile(f"AC{_HEX}").fullmatch, "is not AC and 32 hexadecimal digits")
    ]
    twilio_auth_token: SecretStr | None = None
    twilio_api_key: (
        Annotated[
            str, _text(re.compile(f"SK{_HEX}").fullmatch, "is not SK and 32 hexadecimal digits")
        ]
        | None
    ) = None
    twilio_api_secret: SecretStr | None = None
    twilio_from: Annotated[str, _text(sender_shape, "is nothing that Twilio can send from")]
    twilio_url: _Url = TWILIO_URL
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] | None = None
    sms_data_dir: Path
    sms_config: Path
    host: str = "127.0.0.1"
    port: Annotated[int, BeforeValidator(_port)] = 3000
    public_url: _Url | None = None
    log_format: Literal["console", "json"] | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what `load_settings` merged and nothing else: `os.environ` is only its default."""
        return (init_settings,)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value that is set, for the redaction of logs and reports."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(v.get_secret_value() for v in values if isinstance(v, SecretStr))


@dataclass(frozen=True)
class Config:
    """All that the bot is told from outside.

    Attributes:
        settings: the environment.
        policy_path: where sms.toml is; absolute.
        policy_file: what it held when it was read.
        variables: gives environment and ``.env`` as they are now, for a file that is read again.
    """

    settings: Settings
    policy_path: Path
    policy_file: PolicyFile
    variables: Callable[[], Mapping[str, str]] = field(repr=False)

    @property
    def policy(self) -> Policy:
        """The policy and directory as they were at the start."""
        return self.policy_file.policy

    @property
    def alert_tokens(self) -> tuple[str, ...]:
        """The bearer tokens of alerts, for the redaction of logs."""
        return tuple(a.token.get_secret_value() for a in self.policy_file.alerts)


@dataclass(frozen=True)
class TwilioInputs:
    """What `send` and `recipients` on the command line need; unset is blank, nothing is judged.

    Attributes:
        account_sid: ``AC…``.
        auth_token: its token.
        url: the Accounts root; blank only where it was set to nothing.
        sender: the default sender.
        api_key: ``SK…``.
        api_secret: belongs to the key.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    url: str
    sender: str
    api_key: str
    api_secret: str = field(repr=False)


def load(environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> Config:
    """Read environment, ``.env`` and sms.toml.

    Raises:
        ConfigFaults: with every fault of all three.
    """
    faults: list[Fault] = []
    directory = cwd or Path.cwd()
    variables = present(merged(environ, directory, faults))
    settings = _settings(variables, directory, faults)
    path = directory / variables.get("SMS_CONFIG", "sms.toml")
    try:
        policy_file = read_policy(path, variables)
    except ConfigFaults as exc:
        raise ConfigFaults([*faults, *exc.faults]) from None
    if settings is None or faults:
        raise ConfigFaults(faults)
    return Config(settings, path, policy_file, lambda: present(merged(environ, directory, [])))


def load_settings(environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> Settings:
    """Read environment and ``.env`` alone.

    Raises:
        ConfigFaults: with every fault of both.
    """
    faults: list[Fault] = []
    directory = cwd or Path.cwd()
    settings = _settings(present(merged(environ, directory, faults)), directory, faults)
    if settings is None or faults:
        raise ConfigFaults(faults)
    return settings


def twilio_inputs(
    environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> TwilioInputs:
    """Read Twilio's variables as they are, for the contract's own checks of blank fields.

    Raises:
        ConfigFaults: ``.env`` is there but cannot be read.
    """
    faults: list[Fault] = []
    given = merged(environ, cwd or Path.cwd(), faults)
    if faults:
        raise ConfigFaults(faults)
    return TwilioInputs(
        account_sid=given.get("TWILIO_ACCOUNT_SID", ""),
        auth_token=given.get("TWILIO_AUTH_TOKEN", ""),
        url=given.get("TWILIO_URL", TWILIO_URL),
        sender=given.get("TWILIO_FROM", ""),
        api_key=given.get("TWILIO_API_KEY", ""),
        api_secret=given.get("TWILIO_API_SECRET", ""),
    )


def _settings(values: Mapping[str, str], directory: Path, faults: list[Fault]) -> Settings | None:
    paths = {
        "SMS_DATA_DIR": directory / values.get("SMS_DATA_DIR", ".sms-bot"),
        "SMS_CONFIG": directory / values.get("SMS_CONFIG", "sms.toml"),
    }
    lower = {"LOG_FORMAT": str.lower, "LOG_LEVEL": str.upper}
    cased = {n: change(values[n]) for n, change in lower.items() if n in values}
    found, settings = [*_joint_faults(values), *_garbled(values)], None
    try:
        settings = Settings.model_validate({**values, **cased, **paths})
    except ValidationError as exc:
        found += _field_faults(exc)
    order = [name.upper() for name in Settings.model_fields]
    told = {fault.where.removesuffix("_FILE") for fault in faults}  # of a file: nothing else counts
    new = (fault for fault in found if fault.where not in told)
    faults.extend(sorted(new, key=lambda fault: order.index(fault.where)))
    return settings


def _garbled(values: Mapping[str, str]) -> Iterator[Fault]:
    """Find what no request, path or log could carry: bytes that are no UTF-8, NUL and its kind."""
    for name in map(str.upper, Settings.model_fields):
        if any(unicodedata.category(c) in {"Cc", "Cs"} for c in values.get(name, "")):
            what = "holds characters that cannot be seen"
            yield Fault(name, what, "Type it anew instead of pasting it")


def _field_faults(error: ValidationError) -> Iterator[Fault]:
    for found in error.errors(include_url=False, include_input=False):
        name = str(found["loc"][0])
        what = {"missing": "is not set", "wrong": found["msg"]}.get(
            found["type"], "is none of the known values"
        )
        yield Fault(name, what, _REMEDIES[name])


def _joint_faults(values: Mapping[str, str]) -> Iterator[Fault]:
    """Find what is wrong between variables; on raw values, so that no other fault hides it."""
    if "SLACK_APP_TOKEN" not in values and "SLACK_SIGNING_SECRET" not in values:
        yield Fault(
            "SLACK_APP_TOKEN",
            "is not set, and neither is SLACK_SIGNING_SECRET: Slack cannot be reached",
            _REMEDIES["SLACK_APP_TOKEN"],
        )
    key, secret = "TWILIO_API_KEY" in values, "TWILIO_API_SECRET" in values
    if key != secret:
        missing, other = ("TWILIO_API_SECRET", "TWILIO_API_KEY")[:: 1 if key else -1]
        yield Fault(missing, f"is not set, but {other} is", _REMEDIES[missing])
    if "TWILIO_AUTH_TOKEN" not in values and not (key and secret and "PUBLIC_URL" not in values):
        webhooks = key and secret
        yield Fault(
            "TWILIO_AUTH_TOKEN",
            "is not set, but PUBLIC_URL is: webhooks are signed with it"
            if webhooks
            else "is not set",
            _REMEDIES["TWILIO_AUTH_TOKEN"],
        )
