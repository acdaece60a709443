"""The preview: what a send would be, and its text in plain characters."""

from commands.dispatch import look_at
from commands.outcome import Asked, Sending
from commands.question import Word
from tests.commands.conftest import BOB, World
from tests.commands.questions_kit import A, B, refused, say


async def test_the_composer_always_shows_what_would_be_sent(world: World) -> None:
    world.ledger.out = {("+15005550006", BOB.number)}
    outcome = await look_at(
        world.actor, "alice, bob, alice", "Don\u2019t", "view:1", world.services
    )
    assert isinstance(outcome, Asked)
    seen = outcome.preview
    assert (seen.recipients, seen.left_out, outcome.question.folded) == ((A, B), (B,), 1)
    assert (seen.reached, seen.messages, seen.odd) == (1, 1, ("\u2019",))
    assert (seen.size.encoding, seen.plain) == ("UCS-2", None)


async def test_plain_characters_are_offered_where_they_make_it_shorter(world: World) -> None:
    text = "Don\u2019t " + "x" * 70
    outcome = await look_at(world.actor, "alice", text, "view:1", world.services)
    assert isinstance(outcome, Asked)
    assert outcome.preview.plain
    assert (outcome.preview.messages, outcome.preview.plain.segments) == (2, 1)
    plain = await say(world, outcome.question.turn, Word.PLAIN)
    assert isinstance(plain, Asked)
    assert plain.question.new.body == "Don't " + "x" * 70
    assert (plain.preview.size.encoding, plain.preview.odd) == ("GSM-7", ())


async def test_plain_characters_are_refused_where_they_would_not_help(world: World) -> None:
    outcome = await look_at(world.actor, "alice", "Don\u2019t", "view:1", world.services)
    assert isinstance(outcome, Asked)
    assert "no shorter" in refused(await say(world, outcome.question.turn, Word.PLAIN)).text


async def test_plain_characters_make_no_other_text(world: World) -> None:
    await world.say("send alice Don't " + "x" * 70)
    text = "Don\u2019t " + "x" * 70
    outcome = await look_at(world.actor, "alice, bob", text, "view:1", world.services)
    assert isinstance(outcome, Asked)
    assert outcome.already
    plain = await say(world, outcome.question.turn, Word.PLAIN)
    assert isinstance(plain, Asked)
    assert plain.already
    assert plain.already.missing(plain.question.new.recipients) == (B,)
    assert isinstance(await say(world, plain.question.turn), Sending)
