from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.gateway import (
    ATTEMPTS,
    GIVE_UP,
    Gateway,
    Verdict,
)
from bot.metrics import Metrics
from bot.pace import PATIENCE, Pace
from bot.slots import Slots
from bot.store.outbox import Claim, Letter
from bot.store.pulse import Beat
from commands.model import DeliveryState, Kind
from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import (
    Ends,
    Error,
    FakeTwilio,
    Html,
    Outcome,
    Raw,
    Reset,
    ServerError,
    Silence,
)

TO = "+16175551212"
TOKEN = "0" * 31 + "1"
S = DeliveryState


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio(step=None) as fake:
        yield fake


@dataclass
class Desk:
    """A gateway, and the pace that it keeps to."""

    twilio: FakeTwilio
    client: TwilioClient
    metrics: Metrics = field(default_factory=Metrics)
    slots: Slots = field(default_factory=lambda: Slots(40))
    status_url: str = ""

    def __post_init__(self) -> None:
        self.pace = Pace(self.slots)

    async def send(
        self,
        attempt: int = 1,
        kind: Kind = Kind.SEND,
        age: float = 0.0,
        body: str = "Water",
        throttled: int = 0,
    ) -> Verdict:
        created = datetime.now(UTC) - timedelta(seconds=age)
        letter = Letter("+15005550006", body, kind, TOKEN, created)
        gateway = Gateway(self.client, self.metrics, self.pace, self.status_url)
        return await gateway.send(letter, Claim(7, TO, attempt, throttled))

    def down_for(self, seconds: float) -> None:
        """Let no connection have come about for so long."""
        self.pace.learn(Beat(alive=True, live=1, ceiling=None, paused=0.0, down=seconds))


@pytest.fixture
async def desk(twilio: FakeTwilio) -> AsyncIterator[Desk]:
    credentials = Credentials(twilio.account_sid, twilio.auth_token)
    client = TwilioClient(open_http(), credentials, twilio.url, timeout=1.0)
    yield Desk(twilio, client)
    await client.aclose()


async def test_what_twilio_takes_is_accepted_with_its_sid(desk: Desk) -> None:
    verdict = await desk.send()
    settled = verdict.settled
    assert (settled.delivery_id, settled.attempt, settled.state) == (7, 1, S.ACCEPTED)
    assert (settled.sid, settled.code) == (next(iter(desk.twilio.messages)), "200")
    assert settled.request_id.startswith("RQ")
    assert settled.pause is None
    assert not verdict.halts


@pytest.mark.parametrize(
    ("outcome", "state", "code", "halts"),
    [
        (Error(21211), S.FAILED, "400", False),
        (Error(20003, 401), S.FAILED, "401", True),
        (Error(20404, 404), S.FAILED, "404", True),
        (Error(63038, 429), S.FAILED, "429", True),
        (ServerError(500), S.IN_DOUBT, "500", False),
        (Html(503), S.IN_DOUBT, "503", False),
        (Reset(accepted=True), S.IN_DOUBT, "1001", False),
        (Silence(accepted=True), S.IN_DOUBT, "1001", False),
        (Raw(201, b"{}"), S.IN_DOUBT, "1001", False),
        (Raw(201, b"not json"), S.IN_DOUBT, "1001", False),
        (Error(20429, 429), S.QUEUED, "", False),
    ],
)
async def test_each_answer_of_twilio_has_its_meaning(
    desk: Desk, outcome: Outcome, state: S, code: str, halts: object
) -> None:
    desk.twilio.script(TO, outcome)
    verdict = await desk.send()
    assert (verdict.settled.state, verdict.settled.code, verdict.halts) == (state, code, halts)
    assert verdict.settled.reason


async def test_a_message_that_twilio_gives_up_at_once_has_failed_for_its_reason(desk: Desk) -> None:
    given_up = b'{"sid": "SM00000000000000000000000000000007", "status": "%s", "error_code": %s}'
    desk.twilio.script(TO, Raw(201, given_up % (b"failed", b"30007")))
    settled = (await desk.send()).settled
    assert (settled.state, settled.code, settled.error_code) == (S.FAILED, "1001", 30007)
    assert settled.reason == "30007 a carrier filtered the message"
    desk.twilio.script(TO, Raw(201, given_up % (b"queued", b"null")))
    settled = (await desk.send()).settled
    assert (settled.state, settled.error_code, settled.reason) == (S.ACCEPTED, None, "")


# Where Twilio is to report


async def test_without_a_public_address_twilio_is_not_asked_to_report(desk: Desk) -> None:
    await desk.send()
    [post] = desk.twilio.posts
    assert "StatusCallback" not in post.form


async def test_twilio_is_told_to_report_to_an_address_that_names_row_attempt_and_token(
    desk: Desk,
) -> None:
    desk.status_url = "https://sms.example.com/twilio/status/"
    await desk.send(attempt=3)
    [post] = desk.twilio.posts
    assert post.form["StatusCallback"] == [f"https://sms.example.com/twilio/status/7-3-{TOKEN}"]
    assert desk.twilio.violations == []


# No connection


@pytest.mark.parametrize(("kind", "asked"), [(Kind.PAGE, ["300"]), (Kind.SEND, [])])
async def test_twilio_gives_a_page_up_after_five_minutes_and_nothing_else(
    desk: Desk, kind: Kind, asked: list[str]
) -> None:
    await desk.send(kind=kind)
    [post] = desk.twilio.posts
    assert post.form.get("ValidityPeriod", []) == asked


async def test_without_a_connection_the_message_waits_as_long_as_all_wait(desk: Desk) -> None:
    await desk.twilio.refuse()
    verdict = await desk.send()
    assert verdict.settled.state is S.QUEUED
    assert not verdict.halts
    assert verdict.settled.pause is not None
    assert 0 < desk.pace.paused <= verdict.settled.pause < 1


@pytest.mark.parametrize("kind", [Kind.SEND, Kind.PAGE])
async def test_a_send_ends_with_901_once_no_connection_came_about_for_long_enough(
    desk: Desk, kind: Kind
) -> None:
    await desk.twilio.refuse()
    desk.down_for(GIVE_UP[kind] + 1)
    verdict = await desk.send(kind=kind, age=GIVE_UP[kind] + 1)
    assert (verdict.settled.state, verdict.settled.code) == (S.FAILED, "901")
    assert verdict.halts


def test_a_person_is_told_after_half_a_minute_and_a_page_tried_for_ten() -> None:
    assert GIVE_UP == {Kind.SEND: 30.0, Kind.PAGE: 600.0}


@pytest.mark.parametrize(
    ("kind", "down", "age"),
    [
        (Kind.SEND, 29.0, 3_600.0),
        (Kind.SEND, 3_600.0, 20.0),
        (Kind.PAGE, 599.0, 3_600.0),
        (Kind.PAGE, 3_600.0, 500.0),
    ],
)
async def test_neither_a_short_outage_nor_a_young_send_is_a_reason_to_give_up(
    desk: Desk, kind: Kind, down: float, age: float
) -> None:
    await desk.twilio.refuse()
    desk.down_for(down)
    verdict = await desk.send(attempt=ATTEMPTS + 5, kind=kind, age=age)
    assert verdict.settled.state is S.QUEUED
    assert not verdict.halts


@pytest.mark.parametrize("outcome", [None, Error(21211), ServerError(500), Error(20003, 401)])
async def test_any_answer_ends_an_outage(desk: Desk, outcome: Outcome | None) -> None:
    desk.down_for(20)
    if outcome:
        desk.twilio.script(TO, outcome)
    await desk.send()
    assert (desk.pace.down, desk.slots.limit) == (0, 40)


async def test_a_refusal_of_too_many_requests_ends_an_outage_too(desk: Desk) -> None:
    desk.down_for(20)
    desk.twilio.script(TO, Error(20429, 429))
    await desk.send()
    assert (desk.pace.down, desk.slots.limit) == (0, 20)


@pytest.mark.parametrize("outcome", [Reset(), Silence()])
async def test_a_connection_without_an_answer_does_not_end_an_outage(
    desk: Desk, outcome: Outcome
) -> None:
    desk.down_for(20)
    desk.twilio.script(TO, outcome)
    await desk.send()
    assert desk.pace.down >= 20


# Too many requests


async def test_too_many_requests_are_tried_again_and_then_fail_with_429(desk: Desk) -> None:
    desk.twilio.script(TO, *[Error(20429, 429)] * 2)
    first, last = await desk.send(), await desk.send(throttled=ATTEMPTS - 1)
    assert (first.settled.state, first.settled.throttled) == (S.QUEUED, True)
    assert (last.settled.state, last.settled.code) == (S.FAILED, "429")
    assert not last.halts


async def test_attempts_that_went_otherwise_leave_the_tries_for_too_many_requests(
    desk: Desk,
) -> None:
    desk.twilio.script(TO, Error(20429, 429))
    assert (await desk.send(ATTEMPTS + 5)).settled.state is S.QUEUED


async def test_no_connection_is_not_counted_among_too_many_requests(desk: Desk) -> None:
    await desk.twilio.refuse()
    verdict = await desk.send()
    assert (verdict.settled.state, verdict.settled.throttled) == (S.QUEUED, False)


async def test_too_many_requests_halve_the_pace_and_anything_else_leaves_it(desk: Desk) -> None:
    desk.twilio.script(TO, Error(21211), Error(20429, 429))
    await desk.send()
    assert desk.slots.limit == 40
    await desk.send()
    assert desk.slots.limit == 20


async def test_each_attempt_waits_about_twice_as_long_as_the_one_before(desk: Desk) -> None:
    desk.twilio.script(TO, *[Error(20429, 429)] * 6)
    pauses = [(await desk.send(n)).settled.pause or 0.0 for n in range(1, 7)]
    for pause, usual in zip(pauses, (0.5, 1.0, 2.0, 4.0, 5.0, 5.0), strict=True):
        assert usual * 0.75 <= pause <= usual * 1.25


async def test_those_refused_together_do_not_come_back_together(desk: Desk) -> None:
    desk.twilio.script(TO, *[Error(20429, 429)] * 8)
    pauses = [(await desk.send()).settled.pause for _ in range(8)]
    assert len(set(pauses)) > 1


@pytest.mark.parametrize(
    ("asked", "pause"), [("7", 7.0), ("0", 0.0), ("1e300", PATIENCE), ("86400", PATIENCE)]
)
async def test_twilios_wish_is_kept_but_not_for_ever(desk: Desk, asked: str, pause: float) -> None:
    desk.twilio.script(TO, Raw(429, b'{"code": 20429}', {"Retry-After": asked}))
    assert (await desk.send()).settled.pause == pause
    assert desk.pace.paused <= pause


async def test_a_wish_that_cannot_be_read_is_none(desk: Desk) -> None:
    desk.twilio.script(TO, Raw(429, b'{"code": 20429}', {"Retry-After": "soon"}))
    pause = (await desk.send()).settled.pause
    assert pause is not None
    assert pause < 1
    assert desk.pace.paused == 0


async def test_twilios_wish_holds_everybody_back(desk: Desk) -> None:
    desk.twilio.script(TO, Raw(429, b'{"code": 20429}', {"Retry-After": "60"}))
    await desk.send()
    assert 50 < desk.pace.paused <= 60


# What never leaves, and what is counted


async def test_a_message_that_cannot_be_asked_for_fails_without_asking(desk: Desk) -> None:
    verdict = await desk.send(body="x" * 1601)
    assert (verdict.settled.state, verdict.settled.code) == (S.FAILED, "1001")
    assert "1,600" in verdict.settled.reason
    assert desk.twilio.requests == []


async def test_a_message_that_twilio_gives_up_at_once_is_failed(desk: Desk) -> None:
    taken = b'{"sid": "SM00000000000000000000000000000001", "status": "failed"}'
    desk.twilio.script(TO, Raw(201, taken))
    settled = (await desk.send()).settled
    assert (settled.state, settled.code) == (S.FAILED, "1001")
    assert "gave it up at once (failed)" in settled.reason


async def test_answers_are_counted_by_their_meaning_alone(desk: Desk) -> None:
    desk.twilio.script(TO, Error(21211), Ends())
    await desk.send()
    await desk.send()
    text = desk.metrics.text().decode()
    assert 'sms_twilio_answers_total{answer="Accepted"} 1.0' in text
    assert 'sms_twilio_answers_total{answer="RefusedByTwilio"} 1.0' in text
    assert "sms_twilio_seconds_count 2.0" in text
    assert "6175551212" not in text


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (None, "accepted"),
        (Error(21211), "refused (status code 400, Twilio's error 21211)"),
        (
            Error(20003, 401),
            "refused for the whole account (status code 401, Twilio's error 20003)",
        ),
        (Error(20429, 429), "not taken yet"),
        (Reset(), "unclear (status code 1001)"),
    ],
)
async def test_the_last_answer_is_kept_in_words_without_a_number(
    desk: Desk, outcome: Outcome | None, words: str
) -> None:
    if outcome is not None:
        desk.twilio.script(TO, outcome)
    await desk.send()
    assert desk.pace.last is not None
    assert desk.pace.last[0] == words
    assert abs(datetime.now(UTC) - desk.pace.last[1]) < timedelta(minutes=1)
