"""`/sms status` at the desk: a slow database, and a button pressed once the rules have changed."""

from dataclasses import replace

import psycopg

from tests.bot.slack.kit import ALICE, BOB, ONCALL, ONE, Desk, Private, Shown, Wait


def forbid(desk: Desk) -> None:
    """Let only alice do anything in the channel from now on."""
    rules = desk.policy.channels[ONCALL]
    desk.policy = replace(desk.policy, channels={ONCALL: replace(rules, who=(ALICE,))})


async def test_an_answer_that_the_database_delays_follows_after_the_acknowledgement(
    at_desk: Desk, private: Private, eventually: Wait, database_url: str
) -> None:
    await at_desk.books.send(ONE)
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("LOCK TABLE send")
        done = await at_desk.slack.command(ALICE, ONCALL, "status")
        assert done.error == ""
        assert "the answer follows here" in private()[0].text
        await other.rollback()
    await eventually(lambda: "#1 from <@U0ALICE>" in private()[-1].text)


async def test_refresh_is_decided_anew_and_a_refusal_leaves_what_was_shown(
    at_desk: Desk, private: Private, eventually: Wait, shown: Shown
) -> None:
    await at_desk.books.send(ONE)
    await at_desk.slack.command(BOB, ONCALL, "status")
    await at_desk.slack.command(BOB, ONCALL, "status 1")
    forbid(at_desk)
    await at_desk.books.settle(ONE, "accepted")
    listed, detailed = private(BOB)
    for message in (listed, detailed):
        assert (await at_desk.slack.click(BOB, message, "sms_status")).error == ""
    await eventually(lambda: len(private(BOB)) == 4)
    assert all("You are not among those" in shown(answer) for answer in private(BOB)[2:])
    assert "Sending" in listed.text
    assert "Sending" in detailed.text


async def test_a_send_that_is_gone_is_told_of_instead_of_refreshed(
    at_desk: Desk, private: Private, eventually: Wait
) -> None:
    send = await at_desk.books.send(ONE)
    await at_desk.slack.command(BOB, ONCALL, f"status {send}")
    [message] = private(BOB)
    await at_desk.books.run("DELETE FROM send WHERE id = %s", send)
    await at_desk.slack.click(BOB, message, "sms_status")
    await eventually(lambda: "This channel has no send 1." in private(BOB)[-1].text)
    assert "Sending" in message.text
