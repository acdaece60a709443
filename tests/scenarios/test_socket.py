"""Socket Mode survives what Slack and the network do to it: the next command is answered."""

from tests.scenarios.conftest import Build
from tests.scenarios.world import ALICE, World, payload


async def answered(world: World) -> None:
    """Type until Slack can deliver, and see the card of that one send."""
    await world.slack.connected(20)
    done = await world.say("send alice Water in the lab")
    assert done.error == ""
    card = await world.card()
    assert payload(card)["status"] == "Success"
    assert len(world.sent()) == 1


async def test_a_refresh_asked_by_slack(socket_world: World) -> None:
    await socket_world.slack.disconnect("refresh_requested")
    await socket_world.wait(lambda: socket_world.slack.connections >= 1)
    await answered(socket_world)


async def test_a_dropped_connection(socket_world: World) -> None:
    socket_world.slack.drop()
    await socket_world.wait(lambda: socket_world.slack.connections == 0)
    await answered(socket_world)


async def test_handshakes_that_fail(socket_world: World) -> None:
    socket_world.slack.fail_handshakes(2)
    socket_world.slack.drop()
    await socket_world.wait(lambda: socket_world.slack.connections == 0)
    await answered(socket_world)


async def test_a_slack_that_cannot_be_reached_at_the_start(stopped_world: World) -> None:
    world = stopped_world
    world.slack.outage(2.0)
    await world.start()
    await answered(world)


async def test_the_same_envelope_twice(socket_world: World) -> None:
    done = await socket_world.say("send alice Water in the lab")
    again = await socket_world.slack.redeliver(done, same_envelope=True)
    assert again.error == ""
    await socket_world.card()
    assert len(socket_world.sent()) == 1


async def test_a_send_goes_on_while_slack_is_away_and_the_card_follows(socket_world: World) -> None:
    world = socket_world
    world.twilio.latency = 1.0
    await world.say("send alice Water in the lab")
    world.slack.outage(3.0)
    card = await world.card()
    assert payload(card)["status"] == "Success"
    assert len(world.sent()) == 1


async def test_a_forged_request_over_http_is_refused(build: Build) -> None:
    async with build("http") as world:
        await world.start()
        body = {"command": "/sms", "text": "send alice hi", "user_id": ALICE}
        for options in ({"secret": "wrong"}, {"age": 301}):
            answer = await world.slack.post_raw("slash_commands", body, **options)
            assert answer.status == 401
        assert world.twilio.requests == []
        assert world.rows("SELECT count(*) FROM send") == [(0,)]
