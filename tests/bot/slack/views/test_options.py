"""What the composer shows at its extremes: Slack takes all of it."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.acks import answer_suggestion
from bot.sandbox.blocks import view_problems
from bot.slack.views.composer import Origin, composer, filled
from bot.slack.views.options import option_groups
from commands import choices, offers
from commands.choices import LONGEST, Chosen
from commands.haystack import Candidate, haystack
from commands.offers import Member, Scope
from commands.policy import ChannelRules, Contact, Policy
from commands.suggest import MOST, Offer, Section, shared
from tests.bot.slack.views.hostile import hostile


def offered(*offers: Offer) -> list[str]:
    """What Slack shows of these, if it takes them."""
    violations: list[str] = []
    drawn = json.loads(json.dumps(option_groups(offers)))
    groups = answer_suggestion({"option_groups": drawn}, violations)
    assert violations == []
    return [option["text"]["text"] for options in groups.values() for option in options]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(hostile, hostile), max_size=30))
def test_slack_takes_every_option(named: list[tuple[str, str]]) -> None:
    some = [Candidate(f"user:U{n}", name, detail) for n, (name, detail) in enumerate(named)]
    if some:
        assert len(offered(Offer(Section.USERS, tuple(some)))) == len(some)


def test_slack_takes_a_hundred_of_ten_thousand_contacts_of_80_emoji() -> None:
    some = tuple(Contact("\U0001f4a5" * 75 + f"{n:05}", f"+1617{n:07}") for n in range(10_000))
    scope = Scope(Policy(contacts=some), ChannelRules("C1", to=("directory",)))
    everybody = haystack(tuple(offers.contacts(scope))).search("", MOST)
    assert len(offered(*shared([Offer(Section.CONTACTS, everybody)]))) == MOST


def test_a_name_is_shown_in_one_line_that_does_not_turn_around() -> None:
    [text] = offered(Offer(Section.USERS, (Candidate("user:U1", "evil\u202e\ngnp.exe"),)))
    assert text == "evil gnp.exe"


def test_a_name_that_shows_nothing_is_shown_by_what_it_stands_for() -> None:
    nameless = (Candidate("user:U1", "\u202e"), Candidate("user:U2", " ", "+16175551212"))
    assert offered(Offer(Section.USERS, nameless)) == ["user:U1", "+16175551212"]


def test_a_name_with_colons_does_not_become_an_emoji() -> None:
    [group] = option_groups([Offer(Section.USERS, (Candidate("user:U1", ":boom:"),))])
    assert group["options"][0]["text"]["emoji"] is False


def test_a_user_with_the_longest_names_has_room() -> None:
    scope = Scope(Policy(), ChannelRules("C1", to=("+1",)))
    them = tuple(offers.users([Member("U1", "n" * 80, "h" * 80, "+16175551212")], scope))
    assert len(offered(Offer(Section.USERS, them))[0]) == LONGEST


def test_slack_takes_the_composer_with_everything_in_it() -> None:
    senders = [f"+1617555{n:04}" for n in range(99)] + ["whatsapp:+1" + "1" * 64]
    origin = Origin("", "https://hooks.slack.com/" + "x" * 200, "C" + "0" * 20)
    view = composer(origin, "\U0001f4a5" * 800, senders).to_dict()
    assert view_problems(view) == []
    [menu] = [b for b in view["blocks"] if b["block_id"].startswith("sender:")]
    assert [o["value"] for o in menu["element"]["options"]] == senders
    assert menu["element"]["initial_option"]["value"] == senders[0]


def test_a_sender_that_a_menu_cannot_carry_is_not_offered() -> None:
    view = composer(Origin("C1"), "", ["messenger:" + "1" * 80]).to_dict()
    assert [b["block_id"] for b in view["blocks"]] == ["people", "recipients", "message"]


def test_the_senders_of_another_channel_are_another_input() -> None:
    def blocks(channel: str) -> set[str]:
        drawn = composer(Origin(chosen=channel), "", ["+1", "+2"]).to_dict()["blocks"]
        return {str(block["block_id"]) for block in drawn}

    assert blocks("C1") ^ blocks("C2") == {"sender:C1", "sender:C2"}


def test_what_was_chosen_is_read_with_what_was_typed() -> None:
    chosen = [{"value": choices.of_name("alice")}, {"value": "verified"}]
    values = {
        "people": {"people": {"selected_options": chosen}},
        "sender:C1": {"sender": {"selected_option": {"value": "MG1"}}},
        "message": {"message": {"value": "Water"}},
    }
    read = filled({"state": {"values": values}})
    assert read.chosen == Chosen(("name:alice", "verified"), "MG1")
    assert read.message == "Water"
