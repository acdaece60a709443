"""`sms-bot page` and `sms-bot timeline`: pages for scripts, and what happened to one."""

import asyncio
import json
import math
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.cli.database import configured, database_told
from bot.cli.ending import fail, or_exit
from bot.config import Config, Settings, load, load_settings
from bot.jobs import Jobs
from bot.lease import Lease
from bot.store.audit import locate_existing
from bot.store.book import Book
from bot.store.database import Pool, open_pool
from bot.store.ledger import PostgresLedger
from bot.store.living import ALIVE
from bot.store.pageviews import PostgresPages
from commands.entries import UserEntry, UserGroupEntry, VerifiedEntry
from commands.errors import CommandError
from commands.lookups import Nobody
from commands.model import Action, Actor, Committed, Kind, LimitReached, NewSend
from commands.oncall import Ladder
from commands.page import escalation, link_in, plain_ladder
from commands.pageview import Timeline
from commands.parser import read_recipients
from commands.policy import mend
from commands.resolve import resolve
from commands.rules import ChannelRules, Policy
from commands.segments import MAX_BODY, utf16_units
from commands.timeline import as_json, as_markdown

RULE = "who may use sms-bot on the bot's machine"

_LONGEST_KEY = 255

_ELSEWHERE = (UserEntry, UserGroupEntry, VerifiedEntry)


def page(to: str, body: str, channel: str | None, key: str | None) -> None:
    """Open a page, and print its number as JSON; a running bot does the rest."""
    config = or_exit(load)
    for name, value in {"--to": to, "--body": body, "--channel": channel, "--key": key}.items():
        _legible(name, value or "")
    if key and len(key) > _LONGEST_KEY:
        fail(f"--key is too long. Write at most {_LONGEST_KEY} characters")
    with database_told():
        number = asyncio.run(_page(config, to, body.strip(), channel, key))
    print(json.dumps(number))  # noqa: T201 - the result


def _legible(name: str, value: str) -> None:
    """See that an argument is text: a shell may hand over any bytes, a database takes no others."""
    try:
        value.encode()
    except UnicodeEncodeError:
        fail(f"{name} is not UTF-8. Write it in UTF-8")


def timeline(number: int, *, as_text: bool) -> None:
    """Print what happened to a page, as JSON or as Markdown."""
    settings = or_exit(load_settings)
    with database_told():
        found = asyncio.run(_timeline(settings, number))
    if found is None:
        fail(f"There is no page {number}. /sms status in its channel lists the last ones")
    print(as_markdown(found) if as_text else json.dumps(as_json(found)))  # noqa: T201 - as above


async def _page(
    config: Config, to: str, body: str, channel: str | None, key: str | None
) -> dict[str, object]:
    async with _opened(config.settings) as pool:
        jobs = Jobs(pool, Lease(math.inf))
        await jobs.open()
        policy = await Book(pool).over(config.policy_file.policy)
        rules = _channel(policy, channel)
        if not body:
            fail("--body is blank. Write what is wrong")
        if (over := utf16_units(body) - MAX_BODY) > 0:
            fail(f"--body is {over:,} characters too long; Twilio takes {MAX_BODY:,}")
        new = await _new(policy, rules, to, body, config.settings.twilio_from)
        if not await _alive(pool):  # a page that nobody runs would wake nobody
            fail("No bot runs on this database, so nobody would be paged. Start `sms-bot run`")
        return await _commit(PostgresLedger(pool, jobs), new, key, rules)


async def _new(
    policy: Policy, rules: ChannelRules, to: str, body: str, default_sender: str
) -> NewSend:
    ladder = await _ladder(policy, to, body)
    return NewSend(
        request_key="",
        actor=Actor("", rules.id),
        body=body,
        recipients=(),
        sender=rules.sender or default_sender,
        rule=RULE,
        kind=Kind.PAGE,
        daily_limit=rules.daily_limit,
        ladder=ladder,
    )


async def _ladder(policy: Policy, to: str, body: str) -> Ladder:
    """Read whom to page; names and numbers are looked at now, Slack is asked when a step fires."""
    try:
        entries = read_recipients(to)
        known = escalation(entries, policy)
        if known is None:
            ours = [each for each in entries if not isinstance(each, _ELSEWHERE)]
            await resolve(ours, policy, Nobody())
    except CommandError as error:
        fail(f"--to: {error.text}\n{error.remedy}")
    found = known or plain_ladder(entries)
    return Ladder(found.rungs, found.rounds, found.escalation, link_in(body), "cli")


def _channel(policy: Policy, channel: str | None) -> ChannelRules:
    """Give the channel whose rules apply: the one that is named, or the only one that pages."""
    pages = [rules for rules in policy.channels.values() if Action.PAGE in rules.allow]
    if channel is None:
        if len(pages) != 1:
            ids = ", ".join(rules.id for rules in pages) or "none so far"
            fail(f"--channel: name the channel whose rules apply; those that allow page: {ids}")
        return pages[0]
    rules = policy.channels.get(channel)
    if rules is None:
        fail(f"--channel: {channel} is not in sms.toml")
    if rules not in pages:
        line = mend(rules, "allow", [*rules.allow, Action.PAGE])
        fail(f"--channel: {channel} does not allow page; {line}")
    return rules


async def _commit(
    ledger: PostgresLedger, new: NewSend, key: str | None, rules: ChannelRules
) -> dict[str, object]:
    keyed = replace(new, request_key=f"cli:{key or uuid.uuid4()}")
    written = await ledger.commit(keyed)
    if isinstance(written, LimitReached):
        fail(f"{rules.id} has reached {written.used} of its daily_limit = {written.limit}")
    if not isinstance(written, Committed):
        raise TypeError(type(written))
    return {"page": written.send_id, "repeated": written.repeated}


async def _timeline(settings: Settings, number: int) -> Timeline | None:
    async with _opened(settings) as pool:
        jobs = Jobs(pool, Lease(math.inf))
        return await PostgresPages(pool, jobs).timeline(number)


async def _alive(pool: Pool) -> bool:
    async with pool.connection() as conn:
        row = await (await conn.execute(ALIVE)).fetchone()
    return bool(row and row[0])


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Pool]:
    pool = await open_pool(await locate_existing(configured(settings), settings.sms_data_dir))
    try:
        yield pool
    finally:
        await pool.close()
