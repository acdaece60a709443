from collections.abc import AsyncIterator

import pytest

from bot.gateway import ATTEMPTS, LONGEST_PAUSE, Gateway, Verdict, in_doubt
from bot.metrics import Metrics
from bot.store.outbox import Claim, Letter
from commands.model import DeliveryState
from twilio_core import Credentials, TwilioClient, open_http
from twilio_core.testing import Error, FakeTwilio, Html, Outcome, Raw, Reset, ServerError

TO = "+16175551212"
LETTER = Letter("+15005550006", "Water in the lab")
S = DeliveryState


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio(step=None) as fake:
        yield fake


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def gateway(twilio: FakeTwilio, metrics: Metrics) -> AsyncIterator[Gateway]:
    credentials = Credentials(twilio.account_sid, twilio.auth_token)
    client = TwilioClient(open_http(), credentials, twilio.url)
    yield Gateway(client, metrics)
    await client.aclose()


async def sent(gateway: Gateway, attempt: int = 1) -> Verdict:
    return await gateway.send(LETTER, Claim(7, TO, attempt))


async def test_what_twilio_takes_is_accepted_with_its_sid(
    gateway: Gateway, twilio: FakeTwilio
) -> None:
    verdict = await sent(gateway)
    settled = verdict.settled
    assert (settled.delivery_id, settled.attempt, settled.state) == (7, 1, S.ACCEPTED)
    assert (settled.sid, settled.code) == (next(iter(twilio.messages)), "200")
    assert settled.request_id.startswith("RQ")
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
        (Raw(201, b"{}"), S.IN_DOUBT, "1001", False),
        (Raw(201, b"not json"), S.IN_DOUBT, "1001", False),
        (Error(20429, 429), S.QUEUED, "", False),
    ],
)
async def test_each_answer_of_twilio_has_its_meaning(
    gateway: Gateway, twilio: FakeTwilio, outcome: Outcome, state: S, code: str, halts: object
) -> None:
    twilio.script(TO, outcome)
    verdict = await sent(gateway)
    assert (verdict.settled.state, verdict.settled.code, verdict.halts) == (state, code, halts)
    assert verdict.settled.reason


async def test_without_a_connection_the_message_waits_longer_each_time_and_then_fails(
    gateway: Gateway, twilio: FakeTwilio
) -> None:
    await twilio.refuse()
    settled = [(await sent(gateway, n)).settled for n in range(1, ATTEMPTS + 1)]
    assert [each.state for each in settled] == [S.QUEUED] * 4 + [S.FAILED]
    assert [each.pause for each in settled] == [0.5, 1.0, 2.0, 4.0, None]
    assert settled[-1].code == "901"


async def test_too_many_requests_are_tried_again_and_then_fail_with_429(
    gateway: Gateway, twilio: FakeTwilio
) -> None:
    twilio.script(TO, *[Error(20429, 429)] * 2)
    first, last = await sent(gateway), await sent(gateway, ATTEMPTS)
    assert (first.settled.state, first.settled.pause) == (S.QUEUED, 0.5)
    assert (last.settled.state, last.settled.code) == (S.FAILED, "429")
    assert first.throttled
    assert last.throttled
    assert not (await sent(gateway)).throttled


@pytest.mark.parametrize(
    ("asked", "pause"),
    [("7", 7.0), ("0", 0.0), ("1e300", LONGEST_PAUSE), ("86400", LONGEST_PAUSE), ("soon", 0.5)],
)
async def test_twilios_wish_is_kept_but_not_for_ever(
    gateway: Gateway, twilio: FakeTwilio, asked: str, pause: float
) -> None:
    twilio.script(TO, Raw(429, b'{"code": 20429}', {"Retry-After": asked}))
    assert (await sent(gateway)).settled.pause == pause


async def test_a_message_that_cannot_be_asked_for_fails_without_asking(
    gateway: Gateway, twilio: FakeTwilio
) -> None:
    verdict = await gateway.send(Letter("+15005550006", "x" * 1601), Claim(7, TO, 1))
    assert (verdict.settled.state, verdict.settled.code) == (S.FAILED, "1001")
    assert "1,600" in verdict.settled.reason
    assert twilio.requests == []


async def test_answers_are_counted_by_their_meaning_alone(
    gateway: Gateway, twilio: FakeTwilio, metrics: Metrics
) -> None:
    twilio.script(TO, Error(21211))
    await sent(gateway)
    await sent(gateway)
    text = metrics.text().decode()
    assert 'sms_twilio_answers_total{answer="Accepted"} 1.0' in text
    assert 'sms_twilio_answers_total{answer="RefusedByTwilio"} 1.0' in text
    assert "sms_twilio_seconds_count 2.0" in text
    assert "6175551212" not in text


def test_an_interrupted_message_may_have_been_sent() -> None:
    settled = in_doubt(Claim(7, TO, 2))
    assert (settled.delivery_id, settled.attempt, settled.state) == (7, 2, S.IN_DOUBT)
    assert settled.code == "1001"
    assert settled.reason.endswith("it may have been sent")
