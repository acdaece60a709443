"""Whatever is typed, a person has an answer, and the database holds it or is never asked to."""

from itertools import product
from typing import Any

from bot.policyfile import parse
from bot.slack.replies import FAILED, NOT_STORED
from tests.bot.slack.kit import ALICE, ONCALL, ONE, POLICY, Desk, Private, Shown

ODD = (
    *("\0", "a\0b", "\ud800", "\udfff\ud800", "\u202eevil\u202c", "\u200b", "\ufeff", "\x1b[2J"),
    *("<!channel>", "<@U0BOB>", "<!subteam^S0SRE>", "<https://evil.example|+16175551212>", "&lt;"),
    *("```", "'; DROP TABLE send; --", "%s %(x)s {0} {x!r}", "$1", "\\", "Z\u0351\u0343" * 200),
    *("\U0001f468\u200d\U0001f469\u200d\U0001f467" * 50, "9" * 30, "x" * 3_000, "😀" * 800),
)

FORMS = (
    *(
        "{}",
        "send {} hi",
        f"send {ONE} {{}}",
        f'send "{{}}",{ONE} hi',
        f"send whatsapp:{{}},{ONE} x",
    ),
    *("page {} hi", "status {}", "ack {}", "recipients {}", "contacts add {} +16175551299"),
    *(
        "contacts add n{} {}",
        "contacts remove {}",
        "group g {}",
        "group {} alice",
        "why send {} hi",
    ),
)


async def test_every_odd_text_has_an_answer(
    at_desk: Desk, private: Private, shown: Shown, told: list[Any]
) -> None:
    rules = POLICY.replace('"send",', '"send", "page",')
    at_desk.policy = parse(f'admins = ["{ALICE}"]\n{rules}').policy
    for form, text in product(FORMS, ODD):
        done = await at_desk.slack.command(ALICE, ONCALL, form.replace("{}", text))
        assert done.error == "", ascii((form, text))
    answers = "".join(shown(each) for each in private())
    assert FAILED.partition(" (")[0] not in answers
    assert NOT_STORED.text not in answers
    assert [line for line in told if line["event"] == "request.failed"] == []
