"""Private answers in words."""

import json

from bot.slack.message import Message
from bot.slack.surface import UNDO
from bot.slack.views.answers import changed, explained, helped, plain, refused
from bot.slack.views.text import escaped, fit
from commands.outcome import Changed, Explained, Helped, Refused


def shown(message: Message) -> str:
    return json.dumps(list(message.blocks), ensure_ascii=False)


def test_a_refusal_shows_what_is_wrong_what_to_do_and_the_line_to_copy() -> None:
    answer = refused(Refused("No.", 'Ask for this line:\nto = ["+44"]\nwho = ["*"]', "NotAllowed"))
    assert answer.text == "No."
    said, sentence, line = answer.blocks
    assert said["text"]["text"] == ":no_entry: No."
    assert sentence["text"]["text"] == "Ask for this line:"
    assert line["elements"][0]["type"] == "rich_text_preformatted"
    assert line["elements"][0]["elements"][0]["text"] == 'to = ["+44"]\nwho = ["*"]'


def test_a_refusal_without_a_remedy_is_one_sentence() -> None:
    assert len(refused(Refused("No.", "", "Refusal")).blocks) == 1


def test_a_mention_typed_into_a_command_pings_nobody_not_even_by_the_fallback() -> None:
    answer = refused(Refused("<!channel> & <@U0BOB>", "", "UsageError"))
    assert "<" not in answer.text
    assert "&lt;!channel&gt; &amp; &lt;@U0BOB&gt;" in shown(answer)


def test_why_names_the_verdict_the_reason_the_rule_and_the_remedy() -> None:
    answer = explained(Explained(False, "send x y", "No rule.", 'channel "C1": to', "Write it"))
    assert "`/sms send x y` would be refused here. Nothing was sent." in shown(answer)
    assert "No rule." in shown(answer)
    assert "Rule: `channel" in shown(answer)
    assert "Write it" in shown(answer)


def test_why_without_a_rule_shows_none() -> None:
    answer = explained(Explained(True, "help", "Help is given to everybody.", ""))
    assert "would be allowed" in shown(answer)
    assert "Rule:" not in shown(answer)


def test_a_backtick_does_not_end_the_code_that_it_stands_in() -> None:
    assert shown(explained(Explained(True, "send `a` b", "Yes.", ""))).count("`") == 2


def test_help_lists_its_lines() -> None:
    assert "/sms send\\n/sms help" in shown(helped(Helped(("/sms send", "/sms help"))))


def test_a_sentence_is_said_as_it_is() -> None:
    assert plain("a < b").text == "a &lt; b"


def test_escaped_text_is_never_cut_inside_an_entity() -> None:
    assert escaped("&" * 10, 12) == "&amp;&amp;…"
    assert escaped("abc", 3) == "abc"
    assert escaped("abcd", 3) == "ab…"


def test_what_does_not_fit_is_counted() -> None:
    assert fit(["aaaa"] * 10, ",", 40) == "aaaa,aaaa,aaaa,… and 7 more"
    assert fit(["a" * 50], ",", 40) == "… and 1 more"
    assert fit(["a", "b"], ",", 40) == "a,b"


def test_a_change_of_the_directory_can_be_undone_by_its_button() -> None:
    answer = changed(Changed(7, "Added <jane>.", undoable=True))
    assert answer.text == "Added &lt;jane&gt;."
    [button] = answer.blocks[1]["elements"]
    assert (button["action_id"], button["value"]) == (UNDO, "7")
    assert "10 minutes" in shown(answer)


def test_an_undone_change_has_no_button() -> None:
    assert len(changed(Changed(8, "Undone.", undoable=False)).blocks) == 1
