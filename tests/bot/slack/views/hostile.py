"""Texts that would do something where they are shown, what holds them, and what Slack must find."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from hypothesis import strategies as st

from bot.sandbox.blocks import problems
from bot.slack.message import Message
from commands.model import NOT_ACCEPTED, Delivery, DeliveryState, Kind, Recipient
from commands.snapshot import Retry, Snapshot
from tests.bot.slack.views.kit import snapshot

ALICE = "U0ALICE"
_LONGEST_FALLBACK = 3_000
_DATE = r"<!date\^\d+\^[^<>|]+\|[^<>]+>"

_PIECES = (
    *("<!channel>", "<@U0BOB>", "<https://x.example|x>", "&", "&amp;", "<", ">", "*", "_", "`"),
    *("```", "\n", "\u202e", "\U0001f468\u200d\U0001f680", ":x:", '"', "\\", "مرحبا"),
)

hostile = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.lists(
        st.sampled_from(_PIECES),
        max_size=12,
    ).map("".join),
    st.tuples(
        st.sampled_from(["&", "<!here>", "\U0001f4a5", "x", "\n", '"', "\x01"]),
        st.integers(1, 3_000),
    ).map(lambda pair: pair[0] * pair[1]),
)
numbers = st.integers(10**9, 10**14).map(lambda n: f"+{n}")
addresses = numbers | numbers.map(lambda n: f"whatsapp:{n}") | st.just("12345")


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    state = draw(st.sampled_from(DeliveryState))
    reason = draw(hostile) if state in NOT_ACCEPTED | {DeliveryState.IN_DOUBT} else ""
    code = draw(st.sampled_from(["400", "401", "1001", "901", "200"]))
    return Delivery(Recipient(draw(addresses), draw(hostile)), state, code, reason=reason)


big = st.integers(1, 2**63 - 1)
retries = st.builds(Retry, big, st.just(ALICE), st.sampled_from([1, 3, 10_000]))


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    some = draw(st.lists(deliveries(), min_size=1, max_size=8))
    times = draw(st.sampled_from([1, 1, 3, 25, 1_250]))
    all_ = some * times
    first = all_[:200]
    doubted = sum(d.state is DeliveryState.IN_DOUBT for d in all_)
    return snapshot(
        *all_,
        send_id=draw(big),
        body=draw(hostile)[:1_600],
        created=datetime(2026, 1, 1, tzinfo=UTC),
        retry_of=draw(st.none() | big),
        kind=draw(st.sampled_from(Kind)),
        failed=tuple(d for d in first if d.state in NOT_ACCEPTED),
        unknown=tuple(d for d in first if d.state is DeliveryState.IN_DOUBT),
        looking=draw(st.sampled_from([0, 0, doubted])),
        doubt=draw(st.integers(0, 2**31 - 1)),
        left_by=draw(st.sampled_from(["", ALICE])),
        retries=tuple(draw(st.lists(retries, max_size=30))),
    )


def texts(node: object, kind: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a block tree, with the type of the object that holds it."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "text" and isinstance(value, str):
                yield str(node.get("type", "")), value
            elif key != "value":
                yield from texts(value)
    elif isinstance(node, list | tuple):
        for item in node:
            yield from texts(item)


def check(message: Message) -> None:
    blocks = json.loads(json.dumps(list(message.blocks)))
    assert problems(blocks) == []
    assert message.text.strip() or blocks
    assert len(message.text) <= _LONGEST_FALLBACK
    marked = [text for kind, text in texts(blocks) if kind == "mrkdwn"]
    for text in (*marked, message.text):
        ours = re.sub(_DATE, "", text.replace(f"<@{ALICE}>", ""))
        assert not re.search("[<>]", ours)
        assert not re.search("&(?!amp;|lt;|gt;)", ours)
