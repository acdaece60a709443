import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.dressing import Mention, Text, plain, undress


@pytest.mark.parametrize(
    ("raw", "typed"),
    [
        ("a &amp; b &lt;c&gt;", "a & b <c>"),
        ("&amp;lt;", "&lt;"),
        ("&lt;@U1&gt;", "<@U1>"),
        ("&quot;", "&quot;"),
        ("<https://x.org/a|x.org/a>", "x.org/a"),
        ("<https://x.org/|x.org>", "x.org"),
        ("<https://x.org|https://x.org>", "https://x.org"),
        ("<https://x.org>", "https://x.org"),
        ("<https://x.org?a=1&amp;b=2>", "https://x.org?a=1&b=2"),
        ("<https://x.org|our wiki>", "our wiki (https://x.org)"),
        ("<mailto:a@b.org|a@b.org>", "a@b.org"),
        ("<mailto:a@b.org>", "a@b.org"),
        ("<mailto:a@b.org|Al>", "Al (a@b.org)"),
        ("<tel:+16175551212|(617) 555-1212>", "(617) 555-1212"),
        ("<tel:+16175551212>", "+16175551212"),
        ("<#C1|general>", "#general"),
        ("<#C1|>", "#C1"),
        ("<@U1|alice>", "@alice"),
        ("<@W1|@alice>", "@alice"),
        ("<!subteam^S1|@sre>", "@sre"),
        ("<!subteam^S1>", "@S1"),
        ("<!here>", "@here"),
        ("<!here|here>", "@here"),
        ("<!date^1392734382^{date}|Feb 18>", "Feb 18"),
        ("<!odd>", "@odd"),
        ("1 < 2 <3> <b c>", "1 < 2 <3> <b c>"),
        (" two  blanks\n“kept” ", " two  blanks\n“kept” "),
    ],
)
def test_slack_s_dressing_becomes_what_was_typed(raw: str, typed: str) -> None:
    assert plain(raw) == typed


def test_a_user_without_a_name_waits_for_one() -> None:
    text = undress("ask <@U1> or <@U2|bob> or <@U1|> &amp; go")
    assert text.users == ("U1",)
    assert text.filled({"U1": "Alice"}) == "ask @Alice or @bob or @Alice & go"
    assert text.filled({}) == "ask @U1 or @bob or @U1 & go"


def test_a_lone_mention_is_one_part() -> None:
    assert undress("<@U1>") == Text((Mention("U1"),))


@given(st.text())
def test_any_typed_text_survives_slack_s_escaping(typed: str) -> None:
    escaped = typed.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain(escaped) == typed


@given(st.text(alphabet="<>@!#|^&;:UCSamptlgh1 /\n"))
def test_no_text_breaks_it(raw: str) -> None:
    assert isinstance(plain(raw), str)
