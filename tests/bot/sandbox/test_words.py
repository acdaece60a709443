import pytest

from bot.sandbox.model import Impossible
from bot.sandbox.server import FakeSlack
from bot.sandbox.states import chosen, empty, initial, state_of


@pytest.mark.parametrize(
    ("typed", "dressed"),
    [
        ("@alice, hi", "<@U0ALICE|alice>, hi"),
        ("page @sre now", "page <!subteam^S0SRE|@sre> now"),
        ("a@alice", "a@alice"),
        ("@nobody", "@nobody"),
        ("in #oncall.", "in <#C0ONCALL|oncall>."),
        ("in #secret", "in <#C0SECRET|>"),
        ("#nowhere", "#nowhere"),
        ("see https://x.io/a?b=1&c=2.", "see <https://x.io/a?b=1&amp;c=2>."),
        ("a & b < c > d", "a &amp; b &lt; c &gt; d"),
        ("+16175551212", "+16175551212"),
        ('"(617) 555-1212"', '"(617) 555-1212"'),
    ],
)
async def test_typed_text_is_dressed(slack: FakeSlack, typed: str, dressed: str) -> None:
    assert slack.escape(typed) == dressed


@pytest.mark.parametrize(
    ("kind", "value", "field", "told"),
    [
        ("plain_text_input", "x", "value", "x"),
        ("users_select", "U1", "selected_user", "U1"),
        ("multi_users_select", ("U1", "U2"), "selected_users", ["U1", "U2"]),
        ("conversations_select", "C1", "selected_conversation", "C1"),
        ("datepicker", "2026-01-01", "selected_date", "2026-01-01"),
    ],
)
def test_entries_become_state(kind: str, value: object, field: str, told: object) -> None:
    assert chosen({"type": kind}, value) == {"type": kind, field: told}


def test_what_was_there_at_first_is_state_until_something_is_entered() -> None:
    option = {"text": {"type": "plain_text", "text": "One"}, "value": "1"}
    group = {"label": option["text"], "options": [option]}
    select = {"type": "static_select", "action_id": "a", "option_groups": [group]}
    block = {"block_id": "b", "element": select | {"initial_option": option}}
    assert state_of([block], {})["b"]["a"]["selected_option"] == option
    assert chosen(select, "1")["selected_option"] == option
    text = {"type": "plain_text_input", "initial_value": "hi"}
    assert initial(text) == {"type": "plain_text_input", "value": "hi"}
    assert initial({"type": "multi_users_select", "initial_users": ["U1"]}) == {
        "type": "multi_users_select",
        "selected_users": ["U1"],
    }
    assert initial({"type": "overflow"}) is None
    assert initial({"type": "button"}) is None
    assert initial({"type": "checkboxes"}) == {"type": "checkboxes", "selected_options": []}
    assert initial({"type": "datepicker"}) == {"type": "datepicker", "selected_date": None}
    assert empty({"type": "x", "value": None})


def test_one_may_tick_a_single_box_but_not_enter_into_an_image() -> None:
    option = {"text": {"type": "plain_text", "text": "One"}, "value": "1"}
    boxes = {"type": "checkboxes", "options": [option]}
    assert chosen(boxes, "1")["selected_options"] == [option]
    with pytest.raises(Impossible):
        chosen({"type": "image"}, "x")
