"""What `/sms status` shows: of the last sends a little, of one send all that its asker may see."""

from datetime import UTC, datetime

import pytest

from bot.slack.message import Message
from bot.slack.views.card import channel_card, private_card
from bot.slack.views.status import last_sends, one_send
from commands.model import Delivery, Kind
from commands.outcome import LastSends, OneSend
from commands.snapshot import Snapshot, Standing
from tests.bot.slack.views.kit import (
    ACCEPTED,
    DELIVERED,
    DOUBT,
    FAILED,
    QUEUED,
    buttons,
    labels,
    outputs,
    progress,
    shown,
    snapshot,
    title,
)

MOMENT = datetime(2026, 3, 1, 2, 58, 4, tzinfo=UTC)
DATE = "<!date^1772333884^{date_short_pretty}, {time}|2026-03-01 02:58 UTC>"


def sent(*deliveries: Delivery, **changes: object) -> Snapshot:
    return snapshot(*deliveries, **{"created": MOMENT, **changes})


def entries(message: Message) -> list[str]:
    """The marked lines about each send."""
    return [str(b["text"]["text"]) for b in message.blocks if b["type"] == "section"]


def words(message: Message) -> list[str]:
    quotes = [b["elements"][0] for b in message.blocks if b["type"] == "rich_text"]
    return [str(quote["elements"][0]["text"]) for quote in quotes]


def detail(
    *deliveries: Delivery, own: bool, masked: bool = False, listed: bool = False, **changes: object
) -> Message:
    return one_send(OneSend(sent(*deliveries, **changes), own=own, masked=masked), listed=listed)


def details(message: Message) -> list[dict[str, object]]:
    """The buttons beside the sends of the list."""
    return [b["accessory"] for b in message.blocks if b["type"] == "section"]


# -- the list -----------------------------------------------------------------------------


def test_a_send_in_the_list_tells_who_when_to_how_many_and_how_it_stands() -> None:
    message = last_sends(LastSends((sent(DELIVERED, ACCEPTED, FAILED, DOUBT),)))
    assert title(message) == "The last sends of this channel"
    head, standing = entries(message)[0].split("\n")
    assert head == f":warning: *#7* from <@U0ALICE>, {DATE}, to 4 recipients"
    assert standing == "Partial-Success: 1 delivered, 1 sent, 1 failed, 1 unknown"
    assert words(message) == ["Water in the <lab>"]
    assert buttons(message) == ["sms_status"]


def test_who_does_not_see_the_blocks_is_told_the_same() -> None:
    newest, oldest = sent(QUEUED, FAILED), sent(DELIVERED, send_id=5, kind=Kind.PAGE, retry_of=3)
    heading, second, first = last_sends(LastSends((newest, oldest))).text.split("\n")
    assert heading == "The last sends of this channel:"
    assert second == (
        "#7 from <@U0ALICE>, 2026-03-01 02:58 UTC, to 2 recipients:"
        " Sending: 1 failed, 1 waiting: “Water in the &lt;lab&gt;”"
    )
    assert first == (
        "#5 from <@U0ALICE>, 2026-03-01 02:58 UTC, to 1 recipient, a page, again after #3:"
        " Success: 1 delivered: “Water in the &lt;lab&gt;”"
    )


@pytest.mark.parametrize(
    ("deliveries", "status"),
    [
        ([DELIVERED], ":white_check_mark: Success: 1 delivered"),
        ([ACCEPTED], ":white_check_mark: Success: 1 sent"),
        ([FAILED], ":x: Failed: 1 failed"),
        ([FAILED, DOUBT], ":x: Failed: 1 failed, 1 unknown"),
        ([DOUBT], ":grey_question: Unknown: 1 unknown"),
        ([QUEUED, DOUBT], ":hourglass_flowing_sand: Sending: 1 unknown, 1 waiting"),
    ],
)
def test_a_send_in_the_list_stands_as_its_card_says(
    deliveries: list[Delivery], status: str
) -> None:
    [entry] = entries(last_sends(LastSends((sent(*deliveries),))))
    head, standing = entry.split("\n")
    assert f"{head.split(' ')[0]} {standing}" == status
    card = title(channel_card(sent(*deliveries), masked=True))
    assert card.split(": ")[1].split(",")[0] == standing.split(":")[0]


def test_while_twilio_is_looked_at_for_somebody_a_send_is_not_done() -> None:
    [entry] = entries(last_sends(LastSends((sent(DELIVERED, DOUBT, looking=1),))))
    assert entry.endswith("Sending: 1 delivered, 1 unknown")


def test_of_a_long_text_the_first_words_are_listed_on_one_line() -> None:
    message = last_sends(LastSends((sent(DELIVERED, body="Water\nin the \u202elab " * 100),)))
    [listed] = words(message)
    assert listed.startswith("Water in the lab Water in")
    assert len(listed) == 60
    assert listed.endswith("…")


def test_ten_long_sends_to_thousands_are_all_told_of_in_the_fallback_as_well() -> None:
    each = Standing(
        send_id=1_234_567,
        kind=Kind.PAGE,
        channel="C0ONCALL",
        actor="U0123456789",
        body="\U0001f4a5" * 1_600,
        recipients=50_000,
        created=MOMENT,
        retry_of=1_234_566,
        tally={(d.state, d.code): 9_999 for d in (DELIVERED, ACCEPTED, FAILED, DOUBT, QUEUED)},
    )
    message = last_sends(LastSends((each,) * 10))
    counts = "9,999 delivered, 9,999 sent, 9,999 failed, 9,999 unknown, 9,999 waiting"
    assert message.text.count(counts) == 10
    assert len(entries(message)) == 10


def test_the_list_shows_no_number_of_anybody() -> None:
    assert "1212" not in shown(last_sends(LastSends((sent(ACCEPTED, FAILED),))))


def test_each_send_in_the_list_has_a_button_that_names_it_to_who_does_not_see_the_row() -> None:
    message = last_sends(LastSends((sent(DELIVERED), sent(FAILED, send_id=5))))
    assert [(b["action_id"], b["value"]) for b in details(message)] == [
        ("sms_details", "7"),
        ("sms_details", "5"),
    ]
    names = [b["accessibility_label"] for b in details(message)]
    assert names == ["Details of #7", "Details of #5"]


def test_an_empty_list_says_what_to_do_next() -> None:
    message = last_sends(LastSends(()))
    assert "nothing was sent from this channel yet" in message.text
    assert "/sms help" in message.text
    assert buttons(message) == []


# -- one send -----------------------------------------------------------------------------


def test_ones_own_send_is_shown_as_its_private_card_with_every_number_and_button() -> None:
    message = detail(ACCEPTED, FAILED, DOUBT, own=True)
    card = private_card(sent(ACCEPTED, FAILED, DOUBT))
    assert (progress(message), outputs(message)) == (progress(card), outputs(card))
    assert buttons(message) == ["sms_retry", "sms_again", "sms_leave", "sms_refresh"]
    assert "+16175551213" in shown(message)


def test_the_send_of_somebody_else_is_masked_and_can_only_be_looked_at_again() -> None:
    message = detail(ACCEPTED, FAILED, DOUBT, own=False, masked=True)
    card = channel_card(sent(ACCEPTED, FAILED, DOUBT), masked=True)
    assert (progress(message), outputs(message)) == (progress(card), outputs(card))
    assert labels(message) == {"Refresh": "7"}
    assert buttons(message) == ["sms_status"]
    assert "617555" not in shown(message)


def test_where_the_channel_shows_numbers_somebody_elses_are_shown() -> None:
    assert "+16175551212" in shown(detail(ACCEPTED, own=False))


@pytest.mark.parametrize("own", [True, False])
def test_what_changes_no_more_by_itself_has_nothing_to_press(own: bool) -> None:  # noqa: FBT001
    assert buttons(detail(DELIVERED, own=own)) == []


@pytest.mark.parametrize("own", [True, False])
def test_one_send_tells_when_it_was_asked_for_and_what_it_is(own: bool) -> None:  # noqa: FBT001
    message = detail(DELIVERED, own=own, kind=Kind.PAGE)
    assert f"asked for {DATE}, a page" in shown(message)
    assert message.text == (
        "#7 from <@U0ALICE>, 2026-03-01 02:58 UTC, to 1 recipient, a page:"
        " Success: 1 delivered: “Water in the &lt;lab&gt;”"
    )
    assert message.metadata is None


@pytest.mark.parametrize("own", [True, False])
def test_one_send_from_the_list_leads_back_to_it_also_when_it_is_done(own: bool) -> None:  # noqa: FBT001
    assert labels(detail(DELIVERED, own=own, listed=True)) == {"Back to the list": ""}
    assert buttons(detail(DELIVERED, own=own, listed=True)) == ["sms_status"]


@pytest.mark.parametrize("own", [True, False])
def test_one_send_from_the_list_is_looked_at_again_as_one_from_the_list(own: bool) -> None:  # noqa: FBT001
    message = detail(QUEUED, own=own, listed=True)
    assert buttons(message) == ["sms_details", "sms_status"]
    assert labels(message) == {"Refresh": "7", "Back to the list": ""}
