"""The tour's five steps, done by what Slack and Twilio hold."""

from collections.abc import AsyncIterator

import pytest

from bot.sandbox.browser.room import Room
from bot.sandbox.browser.tour import STOPS, tour
from bot.sandbox.environ import SENDER
from bot.sandbox.model import Origin
from bot.sandbox.workspace import BOT_USER
from bot.slack.surface import COMPOSE, PREVIEW
from tests.bot.sandbox.rooms import a_room

ALICE, ONCALL = "U0ALICE", "C0ONCALL"


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with a_room() as made:
        yield made


def done(room: Room) -> list[bool]:
    return [stop["done"] for stop in tour(room)]


def card(room: Room, **payload: object) -> None:
    """Post what the bot posts of a send."""
    told = {"event_type": "sms_send", "event_payload": payload}
    room.slack.workspace.post(ONCALL, BOT_USER, Origin.POST, "a card", metadata=told)


async def test_at_first_nothing_is_done(room: Room) -> None:
    assert done(room) == [False] * 5
    assert [stop["command"].startswith("/sms ") for stop in tour(room)] == [True] * len(STOPS)


async def test_a_send_to_two_is_done_when_both_are_delivered(room: Room) -> None:
    card(room, statusCode="", delivered=0)
    card(room, statusCode="200", delivered=1)
    card(room, statusCode="200", delivered=2, page="open")
    assert not done(room)[0]
    card(room, statusCode="200", delivered=2)
    assert done(room) == [True, False, False, False, False]


async def test_a_failure_is_mended_by_a_later_send(room: Room) -> None:
    card(room, statusCode="200", delivered=1)
    card(room, statusCode="201", delivered=1)
    assert not done(room)[1]
    card(room, statusCode="200", delivered=1)
    assert done(room)[1]


async def test_the_composer_is_done_when_its_preview_was_sent(room: Room) -> None:
    workspace = room.slack.workspace
    body = {"type": "modal", "callback_id": COMPOSE, "blocks": []}
    composer = workspace.show(ALICE, body)
    preview = workspace.show(ALICE, {**body, "callback_id": PREVIEW}, on=composer)
    preview.open = False  # Back leads to the composer
    assert not done(room)[2]
    workspace.clear(ALICE)
    assert done(room)[2]


async def test_a_page_is_done_by_who_replies(room: Room) -> None:
    card(room, statusCode="200", delivered=2, page="acknowledged", acknowledged_by="bob")
    assert not done(room)[3]  # by a button
    await room.twilio.inbound("+16175551213", SENDER, "ack")
    assert done(room)[3]


async def test_to_ask_why_is_done_once_it_was_asked(room: Room) -> None:
    room.typed.append("why send +33199001234 Bonjour")
    assert done(room) == [False, False, False, False, True]
