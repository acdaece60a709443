from datetime import UTC, datetime, timedelta, timezone

import pytest

from twilio_core import CallerId, Credentials, Message, NewMessage
from twilio_core.messages import Account

TO, FROM = "+16175550001", "+15005550006"
SERVICE = "MG" + "0123456789abcdef" * 2
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=timezone(timedelta(hours=1)))


def test_a_plain_message_has_three_fields() -> None:
    assert NewMessage(TO, FROM, "hi").form() == [("To", TO), ("From", FROM), ("Body", "hi")]


def test_every_option_has_its_field() -> None:
    message = NewMessage(
        to=TO,
        sender=SERVICE,
        body="hi",
        media_urls=("https://x/1", "https://x/2"),
        content_sid="HX" + "0" * 32,
        content_variables='{"1": "db"}',
        status_callback="https://x/status",
        validity_period=300,
        send_at=NOON,
    )
    assert message.form() == [
        ("To", TO),
        ("MessagingServiceSid", SERVICE),
        ("Body", "hi"),
        ("MediaUrl", "https://x/1"),
        ("MediaUrl", "https://x/2"),
        ("ContentSid", "HX" + "0" * 32),
        ("ContentVariables", '{"1": "db"}'),
        ("StatusCallback", "https://x/status"),
        ("ValidityPeriod", "300"),
        ("ScheduleType", "fixed"),
        ("SendAt", "2026-01-02T11:00:00Z"),
    ]


@pytest.mark.parametrize(
    "sender", ["12345", "ACME Ops", "whatsapp:+15005550006", "MG", "MG" + "g" * 32]
)
def test_whatever_is_no_service_is_a_from(sender: str) -> None:
    assert ("From", sender) in NewMessage(TO, sender, "hi").form()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"to": " "}, "recipient"),
        ({"sender": ""}, "sender"),
        ({"body": ""}, "body, media or a content template"),
        ({"body": "x" * 1601}, "1,600"),
        ({"body": "\U0001f525" * 801}, "1,600"),
        ({"media_urls": ("https://x",) * 11}, "10 media"),
        ({"validity_period": 0}, "1 to 36,000"),
        ({"validity_period": 36001}, "1 to 36,000"),
        ({"send_at": NOON}, "Messaging Service"),
        ({"send_at": NOON.replace(tzinfo=None), "sender": SERVICE}, "time zone"),
    ],
)
def test_what_twilio_cannot_take_is_refused_by_name(options: dict[str, object], fault: str) -> None:
    given: dict[str, object] = {"to": TO, "sender": FROM, "body": "hi", **options}
    with pytest.raises(ValueError, match=fault):
        NewMessage(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("validity", [1, 36000])
def test_the_ends_of_the_validity_are_valid(validity: int) -> None:
    fields = dict(NewMessage(TO, FROM, "hi", validity_period=validity).form())
    assert fields["ValidityPeriod"] == str(validity)


def test_a_message_of_twilio_is_read_in_full() -> None:
    data = {
        "sid": "SM1",
        "status": "undelivered",
        "to": TO,
        "from": FROM,
        "body": "hi",
        "error_code": 30003,
        "error_message": "Unreachable",
        "date_created": "Fri, 02 Jan 2026 11:00:00 +0000",
        "date_sent": "Fri, 02 Jan 2026 11:00:01 -0000",
        "direction": "outbound-api",
        "num_segments": "2",
        "messaging_service_sid": SERVICE,
    }
    assert Message.parse(data, "RQ1") == Message(
        sid="SM1",
        status="undelivered",
        to=TO,
        from_=FROM,
        body="hi",
        error_code=30003,
        error_message="Unreachable",
        date_created=NOON,
        date_sent=NOON + timedelta(seconds=1),
        direction="outbound-api",
        num_segments=2,
        messaging_service_sid=SERVICE,
        request_id="RQ1",
    )


@pytest.mark.parametrize("date", [None, 7, "", "yesterday", "Fri, 99 Jan 2026 11:00:00 +0000"])
def test_what_twilio_leaves_out_or_garbles_is_empty(date: object) -> None:
    data = {"sid": "SM1", "to": None, "date_created": date, "num_segments": "many"}
    assert Message.parse(data) == Message("SM1")


def test_a_date_without_a_zone_is_utc() -> None:
    message = Message.parse({"sid": "SM1", "date_created": "Fri, 02 Jan 2026 11:00:00 -0000"})
    assert message
    assert message.date_created
    assert message.date_created.tzinfo is UTC


def test_what_has_no_sid_is_no_message() -> None:
    assert Message.parse({"status": "queued"}) is None


def test_nothing_private_shows_in_a_log() -> None:
    private = {"to": TO, "from": FROM, "body": "secret words", "phone_number": TO}
    shown = [
        repr(NewMessage(TO, FROM, "secret words", status_callback="https://x/token")),
        repr(Message.parse({"sid": "SM1", **private})),
        repr(CallerId.parse({"sid": "PN1", **private, "friendly_name": TO})),
        repr(Credentials("AC1", "hidden-token", "SK1", "hidden-secret")),
    ]
    for each in ("617555", "500555", "secret", "hidden", "token='", "SK1", "https"):
        assert each not in "".join(shown)


def test_an_account_is_read() -> None:
    data = {"sid": "AC1", "friendly_name": "Ops", "status": "active", "type": "Full"}
    assert Account.parse(data) == Account("AC1", "Ops", "active", "Full")


def test_the_key_goes_before_the_token() -> None:
    assert Credentials("AC1", "token").basic() == ("AC1", "token")
    assert Credentials("AC1", "token", "SK1", "secret").basic() == ("SK1", "secret")
