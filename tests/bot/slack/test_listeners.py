"""Commands and modals: each acknowledged in time, each answered privately."""

import logging
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from tests.bot.slack.kit import ALICE, AWAY, ONCALL, ONE, Calls, Desk, Private, Wait

BODY = "The reactor melts"


# -- commands -----------------------------------------------------------------------------


async def test_an_answer_with_blocks_comes_with_the_acknowledgement(
    either: Desk, private: Private, calls: Calls
) -> None:
    done = await either.slack.command(ALICE, ONCALL, "help")
    assert (done.error, done.body["response_type"]) == ("", "ephemeral")
    [answer] = private()
    assert "/sms send" in str(answer.blocks)
    assert calls("response_url") == []


async def test_a_send_is_acknowledged_without_a_word_once_it_is_committed(either: Desk) -> None:
    done = await either.slack.command(ALICE, ONCALL, f"send alice {BODY}")
    assert (done.error, done.body) == ("", {})
    assert await either.sends() == 1


async def test_a_hostile_refusal_pings_nobody(either: Desk, private: Private) -> None:
    await either.slack.command(ALICE, ONCALL, "send <!channel>&*`x` hello")
    [answer] = private()
    assert "<!channel>" not in answer.text + str(answer.blocks)


async def test_an_error_in_the_ledger_is_told_privately_and_logged_without_the_message(
    either: Desk, private: Private, told: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await either.books.run("ALTER TABLE send ADD CHECK (body <> 'The reactor melts')")
    done = await either.slack.command(ALICE, ONCALL, f"send alice {BODY}")
    assert done.error == ""
    [answer] = private()
    assert "not certain that this was stored" in answer.text
    [entry] = [e for e in told if e["event"] == "request.failed"]
    assert entry["error"] == "CheckViolation"
    others = "\n".join(record.getMessage() for record in caplog.records)
    for secret in (BODY, ONE, either.slack.bot_token, either.slack.app_token):
        assert secret not in str(told)
        assert secret not in others


async def test_a_database_that_takes_its_time_is_told_and_the_answer_follows(
    at_desk: Desk, private: Private, eventually: Wait, database_url: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("LOCK TABLE audit")
        done = await at_desk.slack.command(ALICE, ONCALL, "send +442071838750 Water")
        assert done.error == ""
        assert "not known yet whether this is stored" in private()[0].text
        await other.rollback()
    await eventually(lambda: any("+44" in str(m.blocks) for m in private()))


async def test_a_slow_listing_follows_after_the_acknowledgement(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    at_desk.twilio.latency = 2.4
    at_desk.twilio.verified = [("+442071838750", "Lab")]
    done = await at_desk.slack.command(ALICE, ONCALL, "recipients")
    assert done.error == ""
    assert "follows here" in private()[0].text
    await eventually(lambda: "2 can be reached" in private()[-1].text)


async def test_a_slow_listing_that_fails_in_the_end_is_told(
    at_desk: Desk, private: Private, eventually: Wait, database_url: str
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        at_desk.policy = replace(at_desk.policy, channels={})
        await other.execute("LOCK TABLE audit")
        done = await at_desk.slack.command(ALICE, ONCALL, "recipients")
        assert done.error == ""
        await at_desk.books.run("SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN"
                                " pg_class c ON c.oid = l.relation WHERE c.relname = 'audit'"
                                " AND NOT l.granted")  # fmt: skip
        await eventually(lambda: "not certain" in private()[-1].text)
        await other.rollback()


# -- the composer -------------------------------------------------------------------------


async def test_a_composer_that_slack_does_not_open_is_answered_with_what_to_type(
    either: Desk, private: Private
) -> None:
    either.slack.fail("views.open", "expired_trigger_id")
    done = await either.slack.command(ALICE, ONCALL, "send")
    assert done.error == ""
    [answer] = private()
    assert "expired_trigger_id" in answer.text
    assert "type /sms send again" in answer.text
    assert await either.sends() == 0


async def test_a_slow_slack_does_not_cost_the_acknowledgement_of_a_composer(
    at_desk: Desk, private: Private
) -> None:
    at_desk.slack.latency = 30.0
    done = await at_desk.slack.command(ALICE, ONCALL, "send")
    assert done.error == ""
    assert "TimeoutError" in private()[0].text


async def test_a_shortcut_whose_composer_does_not_open_is_answered_in_a_direct_message(
    at_desk: Desk, eventually: Wait
) -> None:
    at_desk.slack.fail("views.open", "expired_trigger_id")
    done = await at_desk.slack.global_shortcut(ALICE, "sms_compose")
    assert done.error == ""
    await eventually(lambda: at_desk.slack.channel_messages(ALICE))
    assert "type /sms send again" in at_desk.slack.channel_messages(ALICE)[0].text


async def test_a_submission_that_fails_keeps_the_composer_open_and_says_so(either: Desk) -> None:
    await either.slack.command(ALICE, ONCALL, "send")
    await either.books.run("ALTER TABLE question ADD CHECK (body <> 'The reactor melts')")
    view = either.slack.top_view(ALICE)
    done = await either.slack.submit(ALICE, view, {"recipients": "alice", "message": BODY})
    assert done.error == ""
    assert view.open
    assert "not certain that this was stored" in view.errors["recipients"]


async def test_a_refusal_for_the_channel_of_a_shortcut_stands_under_the_channel(
    either: Desk,
) -> None:
    either.slack.add_channel("C0QUIET", "quiet", [ALICE])
    await either.slack.global_shortcut(ALICE, "sms_compose")
    view = either.slack.top_view(ALICE)
    values = {"channel": "C0QUIET", "recipients": "alice", "message": "hello"}
    assert (await either.slack.submit(ALICE, view, values)).error == ""
    assert list(view.errors) == ["channel"]


async def test_a_submission_is_one_send_in_the_channel_that_was_chosen(either: Desk) -> None:
    await either.slack.global_shortcut(ALICE, "sms_compose")
    view = either.slack.top_view(ALICE)
    values = {"channel": AWAY, "recipients": "alice", "message": "hello"}
    await either.slack.submit(ALICE, view, values)
    await either.slack.submit(ALICE, either.slack.top_view(ALICE), {})
    assert not view.open
    card = await either.books.cards.card(1)
    assert card is not None
    assert (card.channel, card.actor) == (AWAY, ALICE)


async def test_a_stop_waits_for_requests_under_way_and_ends_those_that_take_too_long(
    at_desk: Desk, private: Private
) -> None:
    at_desk.twilio.latency = 2.4
    at_desk.twilio.verified = [("+442071838750", "Lab")]
    await at_desk.slack.command(ALICE, ONCALL, "recipients")
    await at_desk.listeners.drained(5)
    assert "2 can be reached" in private()[-1].text
