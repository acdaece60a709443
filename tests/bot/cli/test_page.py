"""`sms-bot page` and `sms-bot timeline`."""

import json

import psycopg
import pytest

from tests.bot.cli.kit import Shell

POLICY = """
[[channel]]
id = "C0ONCALL"
allow = ["send", "page"]
who = ["U0ALICE"]
to = ["directory"]
daily_limit = 5

[[channel]]
id = "C0QUIET"
allow = ["send"]

[[contact]]
name = "alice"
number = "+16175551212"

[[escalation]]
name = "db"
steps = [ { to = ["alice"], wait = "5m" }, { to = ["<!subteam^S0SRE>"], wait = "5m" } ]
repeat = 2
"""
ANOTHER = """
[[channel]]
id = "C0NIGHT"
allow = ["page"]
"""


@pytest.fixture
def bot(with_database: Shell) -> Shell:
    """A shell with a database, an sms.toml, and a bot that runs elsewhere."""
    (with_database.folder / "sms.toml").write_text(POLICY, encoding="utf-8")
    do(with_database, "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")
    return with_database


def do(bot: Shell, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(bot.environ["DATABASE_URL"], autocommit=True) as conn:
        cursor = conn.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def pages(bot: Shell) -> list[tuple[object, ...]]:
    return do(bot, "SELECT channel, source, escalation, body, link, rounds, sender FROM page")


async def test_an_escalation_is_paged_and_the_page_has_a_number(bot: Shell) -> None:
    done = await bot.real("page", "--to", "db", "--body", "Water, see https://x.example/1")
    assert (done.code, done.result) == (0, {"page": 1, "repeated": False})
    assert pages(bot) == [
        ("C0ONCALL", "cli", "db", "Water, see https://x.example/1", "https://x.example/1", 2,
         "+15005550006"),
    ]  # fmt: skip
    jobs = do(bot, "SELECT task_name FROM procrastinate_jobs ORDER BY 1")
    assert jobs == [("page",), ("page_card",)]


async def test_people_can_be_named_and_slack_is_not_asked_for_them(bot: Shell) -> None:
    done = await bot("page", "--to", "alice, <@U0BOB>", "--body", "Water")
    assert done.code == 0
    [(steps,)] = do(bot, "SELECT steps FROM page")
    assert steps == [{"to": ["alice", "<@U0BOB>"], "wait": 300.0}]


async def test_with_the_same_key_it_is_the_same_page(bot: Shell) -> None:
    first = await bot("page", "--to", "db", "--body", "Water", "--key", "incident-7")
    again = await bot("page", "--to", "db", "--body", "Water", "--key", "incident-7")
    assert first.result["page"] == again.result["page"]
    assert (first.result["repeated"], again.result["repeated"]) == (False, True)
    assert len(pages(bot)) == 1


async def test_without_a_bot_that_runs_nobody_would_be_paged_and_that_is_said(bot: Shell) -> None:
    do(bot, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'")
    done = await bot("page", "--to", "db", "--body", "Water")
    assert (done.code, done.out) == (2, "")
    assert "No bot runs on this database" in done.err
    assert pages(bot) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "nobody", "--body", "Water"), "no contact or group has this name"),
        (("--to", "alice,", "--body", "Water"), "The recipient list ends with a comma"),
        (("--to", "db", "--body", "  "), "--body is blank"),
        (("--to", "db", "--body", "x" * 1601), "--body is 1 characters too long"),
        (("--to", "db", "--body", "W", "--channel", "C0ELSE"), "C0ELSE is not in sms.toml"),
        (("--to", "db", "--body", "W", "--channel", "C0QUIET"), 'allow = ["send", "page"]'),
    ],
)
async def test_what_cannot_be_paged_is_told_and_leaves_no_trace(
    bot: Shell, words: tuple[str, ...], said: str
) -> None:
    done = await bot("page", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert pages(bot) == []


async def test_where_several_channels_page_one_has_to_be_named(bot: Shell) -> None:
    (bot.folder / "sms.toml").write_text(POLICY + ANOTHER, encoding="utf-8")
    done = await bot("page", "--to", "db", "--body", "Water")
    assert done.code == 2
    assert "C0ONCALL, C0NIGHT" in done.err
    named = await bot("page", "--to", "db", "--body", "Water", "--channel", "C0NIGHT")
    assert named.code == 0
    assert [channel for channel, *_ in pages(bot)] == ["C0NIGHT"]


async def test_a_timeline_is_json_for_programs(bot: Shell) -> None:
    await bot("page", "--to", "db", "--body", "Water")
    told = (await bot.real("timeline", "1")).result
    assert (told["page"], told["stage"], told["escalation"]) == (1, "open", "db")
    assert (told["acknowledged"], told["resolved"]) == (None, None)
    [asked] = told["timeline"]
    assert (asked["what"], asked["who"]) == ("asked", "cli")
    assert asked["at"].endswith("Z")


async def test_a_timeline_is_markdown_for_a_post_mortem(bot: Shell) -> None:
    await bot("page", "--to", "db", "--body", "Water | *now*")
    done = await bot("timeline", "1", "--markdown")
    lines = done.out.splitlines()
    assert lines[0] == "# Page 1: Water \\| \\*now\\*"
    assert any(line.startswith("- Asked for by cli at ") for line in lines)
    assert lines[-1].endswith("| Page asked for by cli | cli |")


async def test_a_page_that_is_not_there_has_no_timeline(bot: Shell) -> None:
    done = await bot("timeline", "7")
    assert (done.code, done.out) == (2, "")
    assert "There is no page 7" in done.err


async def test_the_same_words_are_json_whatever_they_hold(bot: Shell) -> None:
    await bot("page", "--to", "db", "--body", 'Quote " and \u2603')
    done = await bot("timeline", "1")
    assert json.loads(done.out)["text"] == 'Quote " and \u2603'
    assert done.out.isascii()
