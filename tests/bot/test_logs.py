import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.config import Settings, load_settings
from bot.logs import FLOORS, configure
from bot.redaction import HIDDEN, Redactor

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-1111-s3cr3t",
    "SLACK_APP_TOKEN": "xapp-1-s3cr3t",
    "SLACK_SIGNING_SECRET": "signing-s3cr3t",
    "TWILIO_ACCOUNT_SID": "AC" + "12345678" * 4,
    "TWILIO_AUTH_TOKEN": "auth/s3cr3t",
    "TWILIO_FROM": "+15005550006",
    "DATABASE_URL": "postgresql://sms:p%40ss-s3cr3t@db/sms",
}


def ours() -> list[logging.Handler]:
    return [h for h in logging.getLogger().handlers if type(h).__module__ == "bot.logs"]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Give pytest its own logging back."""
    names = (None, *FLOORS, "aiohttp.access")
    before = [(logging.getLogger(n), logging.getLogger(n).level) for n in names]
    yield
    for logger, level in before:
        logger.setLevel(level)
    for handler in ours():
        logging.getLogger().removeHandler(handler)
    logging.getLogger("aiohttp.access").disabled = False
    structlog.reset_defaults()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def settings(tmp_path: Path, **more: str) -> Settings:
    return load_settings({**SECRETS, **more}, tmp_path)


@pytest.fixture
def stream(tmp_path: Path) -> io.StringIO:
    stream = io.StringIO()
    configure(settings(tmp_path, LOG_LEVEL="DEBUG"), secrets=["alert-s3cr3t"], stream=stream)
    return stream


def last(stream: io.StringIO) -> dict[str, object]:
    found: dict[str, object] = json.loads(stream.getvalue().splitlines()[-1])
    return found


def test_an_event_is_one_json_object_with_time_level_and_logger(stream: io.StringIO) -> None:
    structlog.get_logger("bot.app").info("started %s", "well", port=3000, ok=True, none=None)
    found = last(stream)
    assert str(found.pop("timestamp")).endswith("Z")
    assert found == {
        "event": "started well",
        "level": "info",
        "logger": "bot.app",
        "port": 3000,
        "ok": True,
        "none": None,
    }


def test_the_standard_library_takes_the_same_way(stream: io.StringIO) -> None:
    logging.getLogger("elsewhere").warning("to %s", "+16175551212")
    found = last(stream)
    assert (found["event"], found["level"], found["logger"]) == (
        "to •••••••1212",
        "warning",
        "elsewhere",
    )


@pytest.mark.parametrize(
    "hostile",
    [
        *(v for k, v in SECRETS.items() if k not in {"TWILIO_ACCOUNT_SID", "TWILIO_FROM"}),
        "alert-s3cr3t",
        "token xoxp-2222-s3cr3t.",
        "xoxe.xoxb-1-s3cr3t",
        "auth%2Fs3cr3t",
        "password p@ss-s3cr3t",
        "postgres://other:s3cr3t@elsewhere/db",
        "Authorization: Bearer abcdefgh.s3cr3t",
        "Basic QUMxMjM0s3cr3t==",
        "https://hooks.slack.com/commands/T1/2/s3cr3t",
        "https://hooks.slack-gov.com/commands/T1/2/s3cr3t",
        "wss://wss-primary.slack.com/link/?ticket=s3cr3t&app_id=1",
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(stream: io.StringIO, hostile: str) -> None:
    class Thing:
        def __repr__(self) -> str:
            return f"<Thing {hostile}>"

    log = structlog.get_logger("bot")
    log.error(hostile, a=hostile, b=[{"c": (hostile,)}], d=Thing(), e=hostile.encode())
    log.error("x", **{hostile: 1})
    logging.getLogger("x").error("%s", {"payload": hostile})
    try:
        int(hostile)
    except ValueError:
        log.exception("failed")
        logging.getLogger("x").exception("failed")
    assert "s3cr3t" not in stream.getvalue()
    assert stream.getvalue().count(HIDDEN) >= 9


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+16175551212", "•••••••1212"),
        ("whatsapp:+16175551212", "whatsapp:•••••••1212"),
        ("to 6175551212, 5551212", "to ••••••1212, •••1212"),
        ("(617) 555-1212", "••••••1212"),
        ("+1 (617) 555-1212", "•••••••1212"),
        ("617.555.1212", "••••••1212"),
        ("?To=%2B16175551212&x", "?To=%2B•••••••1212&x"),
        ("<tel:16175551212|x>", "<tel:•••••••1212|x>"),
        ("\n16175551212\t", "\n•••••••1212\t"),
        ("SM12345678901234567890123456789012", "SM12345678901234567890123456789012"),
        ("2026-11-23T16:57:56.123456Z", "2026-11-23T16:57:56.123456Z"),
        ("ts 1700000000.123456", "ts 1700000000.123456"),
        ("0.123456789 s, code 123456", "0.123456789 s, code 123456"),
        ("127.0.0.1:3000 10.255.255.255", "127.0.0.1:3000 10.255.255.255"),
    ],
)
def test_only_the_last_four_digits_of_a_phone_number_are_left(text: str, shown: str) -> None:
    assert Redactor().text(text) == shown


def test_numbers_that_could_be_phones_are_masked_and_others_stay() -> None:
    value = Redactor().value
    assert value({"phone": 16175551212, "n": 50, "s": 0.123456789, "big": 1.6175551212e10}) == {
        "phone": "•••••••1212",
        "n": 50,
        "s": 0.123456789,
        "big": "•••••••1212.0",
    }


def test_a_structure_that_contains_itself_ends() -> None:
    loop: list[object] = ["+16175551212"]
    loop.append(loop)
    assert "617555" not in str(Redactor().value(loop))


def test_a_repr_that_fails_costs_nothing_but_itself() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert Redactor().value(Broken()) == "<Broken>"


def test_a_secret_that_is_no_address_or_too_short_to_hide_does_no_harm() -> None:
    redactor = Redactor(["http://[half", "abc", ""])
    assert redactor.text("abc http://[half") == f"abc {HIDDEN}"


def test_of_two_secrets_the_longer_is_hidden_whole() -> None:
    assert Redactor(["token", "token-and-more"]).text("a token-and-more") == f"a {HIDDEN}"


def test_libraries_stay_at_their_floor_when_we_debug(stream: io.StringIO) -> None:
    for name in FLOORS:
        logging.getLogger(f"{name}.deep").debug("payload of %s", name)
    logging.getLogger("httpx").info("POST https://api.twilio.com/?To=%2B16175551212")
    logging.getLogger("aiohttp.access").critical("GET /")
    structlog.get_logger("bot").debug("ours")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["ours"]


def test_a_level_above_a_floor_holds_for_libraries_too(tmp_path: Path) -> None:
    stream = io.StringIO()
    configure(settings(tmp_path, LOG_LEVEL="ERROR"), stream=stream)
    logging.getLogger("slack_sdk").warning("no")
    structlog.get_logger("bot").warning("no")
    assert stream.getvalue() == ""


def test_a_record_that_cannot_be_formatted_names_its_place_only(stream: io.StringIO) -> None:
    record = logging.LogRecord("x", logging.ERROR, __file__, 7, "%d", ("s3cr3t",), None)
    ours()[0].handle(record)
    assert "unreadable log record from" in stream.getvalue()
    assert "s3cr3t" not in stream.getvalue()


def test_configuring_again_replaces_the_former_set_up(tmp_path: Path) -> None:
    first, second = io.StringIO(), io.StringIO()
    configure(settings(tmp_path), stream=first)
    configure(settings(tmp_path), stream=second)
    logging.getLogger("x").error("once")
    assert (first.getvalue(), len(second.getvalue().splitlines())) == ("", 1)


@pytest.mark.parametrize(
    ("stream", "form", "json_written"),
    [
        (io.StringIO(), "", True),
        (Terminal(), "", False),
        (Terminal(), "json", True),
        (io.StringIO(), "console", False),
    ],
)
def test_the_format_follows_the_setting_then_the_terminal(
    tmp_path: Path, stream: io.StringIO, form: str, *, json_written: bool
) -> None:
    configure(settings(tmp_path, LOG_FORMAT=form), stream=stream)
    try:
        int("xoxb-s3cr3t")
    except ValueError:
        structlog.get_logger("bot").exception("it failed")
    assert stream.getvalue().startswith("{") == json_written
    assert "it failed" in stream.getvalue()
    assert "s3cr3t" not in stream.getvalue()


def test_no_text_forges_a_line_or_moves_the_terminal(tmp_path: Path) -> None:
    stream = io.StringIO()
    configure(settings(tmp_path, LOG_FORMAT="console"), stream=stream)
    forged = "x\n2026-01-01T00:00:00Z [info     ] ready\r\x1b[2J\u2028y"
    logging.getLogger("aiohttp.server").error("Error %s", forged)
    structlog.get_logger("bot").warning("told", name=forged, **{forged: 1})
    assert len(stream.getvalue().splitlines()) == 2
    assert not {"\x1b", "\r", "\u2028"} & set(stream.getvalue())


def test_standard_error_is_the_default(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(settings(tmp_path))
    structlog.get_logger("bot").warning("here")
    out, err = capsys.readouterr()
    assert (out, "here" in err) == ("", True)
