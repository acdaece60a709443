"""The switches of the page: what a message meets, by the answer of the local Twilio."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.sandbox.browser.switches import TRICKS, Switches
from bot.sandbox.environ import SENDER
from bot.sandbox.model import Impossible
from twilio_core.testing import FakeTwilio

BOB = "+16175551213"


@pytest.fixture
async def twilio() -> AsyncIterator[FakeTwilio]:
    async with FakeTwilio(step=None) as fake:
        yield fake


async def post(twilio: FakeTwilio) -> int:
    """Send to Bob; gives Twilio's error code, 0 where it takes the message."""
    basic = aiohttp.encode_basic_auth(twilio.account_sid, twilio.auth_token)
    url = f"{twilio.url}{twilio.account_sid}/Messages.json"
    form = {"To": BOB, "From": SENDER, "Body": "hello"}
    known = {"Authorization": basic}
    async with aiohttp.ClientSession(headers=known) as http, http.post(url, data=form) as response:
        answer = await response.json()
    return int(answer["code"]) if "code" in answer else 0


@pytest.mark.parametrize(
    ("trick", "code"),
    [("landline", 21614), ("country", 21408), ("stopped", 21610), ("undelivered", 0), ("slow", 0)],
)
async def test_a_number_misbehaves_until_it_is_told_to_work(
    twilio: FakeTwilio, trick: str, code: int
) -> None:
    switches = Switches(twilio)
    switches.set_trick(BOB, trick)
    assert switches.trick(BOB) == trick
    if trick != "slow":
        assert [await post(twilio), await post(twilio)] == [code, code]
    switches.set_trick(BOB, "works")
    assert switches.trick(BOB) == "works"
    assert await post(twilio) == 0


async def test_each_trick_is_told_from_the_others(twilio: FakeTwilio) -> None:
    switches = Switches(twilio)
    for name in TRICKS:
        switches.set_trick(BOB, name)
        assert switches.trick(BOB) == name


async def test_who_replies_stop_moves_the_switch(twilio: FakeTwilio) -> None:
    switches = Switches(twilio)
    await twilio.inbound(BOB, SENDER, "STOP")
    assert switches.trick(BOB) == "stopped"
    await twilio.inbound(BOB, SENDER, "START")
    assert switches.trick(BOB) == "works"


async def test_twilio_is_down_and_comes_back_at_the_same_address(twilio: FakeTwilio) -> None:
    switches, url = Switches(twilio), twilio.url
    for _ in range(2):
        await switches.set_service("down")
        with pytest.raises(aiohttp.ClientConnectionError):
            await post(twilio)
    await switches.set_service("works")
    assert (await post(twilio), twilio.url) == (0, url)


async def test_a_slow_twilio_answers_later(twilio: FakeTwilio) -> None:
    switches = Switches(twilio)
    await switches.set_service("slow")
    assert twilio.latency > 0
    await switches.set_service("works")
    assert twilio.latency == 0


async def test_what_no_switch_has_is_impossible(twilio: FakeTwilio) -> None:
    with pytest.raises(Impossible, match="no trick"):
        Switches(twilio).set_trick(BOB, "haunted")
    with pytest.raises(Impossible, match="cannot be"):
        await Switches(twilio).set_service("haunted")
