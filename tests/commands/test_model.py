import pytest

from commands.model import FINAL, TRANSITIONS, Actor, DeliveryState, NewSend, Recipient, mask
from commands.person import Person
from commands.services import Request


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("+16175551212", "••••••••1212"),
        ("whatsapp:+16175551212", "whatsapp:••••••••1212"),
        ("911", "911"),
    ],
)
def test_a_mask_leaves_the_last_four(address: str, masked: str) -> None:
    assert mask(address) == masked


def test_no_repr_shows_a_number_a_text_or_a_secret() -> None:
    actor, alice = Actor("U1", "C1"), Recipient("+16175551212", "alice")
    send = NewSend("cmd:1", actor, "the text", (alice,), "+1", "rule", answer_url="https://secret")
    request = Request("send +16175551212 the text", actor, "cmd:1", "https://secret")
    una = Person("U2", "una", "+16175551212")
    shown = f"{alice!r} {una!r} {send!r} {request!r}"
    assert "una" in shown
    assert "cmd:1" in shown
    assert "alice" in shown
    assert not any(s in shown for s in ("6175551212", "the text", "secret"))


def test_nothing_follows_a_final_state() -> None:
    assert {
        DeliveryState.DELIVERED,
        DeliveryState.UNDELIVERED,
        DeliveryState.FAILED,
        DeliveryState.CANCELED,
        DeliveryState.SUPPRESSED,
    } == FINAL


def test_only_back_to_queued_does_a_state_ever_go() -> None:
    order = list(DeliveryState)
    back = {
        (old, new)
        for old, to in TRANSITIONS.items()
        for new in to
        if order.index(new) < order.index(old)
    }
    assert back == {
        (DeliveryState.SENDING, DeliveryState.QUEUED),
        (DeliveryState.IN_DOUBT, DeliveryState.QUEUED),
    }
