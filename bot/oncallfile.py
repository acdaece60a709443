"""What sms.toml says about pages: escalations, and the addresses that take alerts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import SecretStr

from bot.policyschema import AlertTable, EscalationTable
from commands.notice import Fields, Shape
from commands.oncall import Ladder, Rung


@dataclass(frozen=True)
class Alert:
    """One address that takes alerts.

    Attributes:
        name: the last part of ``POST /alerts/{name}``.
        channel: id of the Slack channel whose rules apply and where it is told.
        escalation: name of who is paged.
        token_env: the variable that holds the bearer token; not shown, as somebody may have put
            the token itself there.
        shape: how what is posted is read.
        storm: pages within `storm_window`, from which on further alerts fold into one; 0: never.
        storm_window: how far back pages are counted.
        token: what the variable held when the file was read; empty if it was not looked up. One
            that is changed in ``.env`` alone holds from the next edit of sms.toml on: only that is
            looked at.
    """

    name: str
    channel: str
    escalation: str
    token_env: str = field(repr=False)
    shape: Shape
    storm: int
    storm_window: timedelta
    token: SecretStr = field(default=SecretStr(""), repr=False)


def to_ladder(table: EscalationTable) -> Ladder:
    """Give what an ``[[escalation]]`` says."""
    rungs = tuple(Rung(tuple(step.to), step.wait) for step in table.steps)
    return Ladder(rungs, table.repeat, table.name)


def to_alert(table: AlertTable, variables: Mapping[str, str]) -> Alert:
    """Give what an ``[[alert]]`` says, with the token that the variables hold."""
    fields = Fields(**table.fields.model_dump()) if table.fields else None
    return Alert(
        name=table.name,
        channel=table.channel,
        escalation=table.escalation,
        token_env=table.token_env,
        shape=Shape(table.format, fields, tuple(table.resolved)),
        storm=table.storm,
        storm_window=table.storm_window,
        token=SecretStr(variables.get(table.token_env, "")),
    )
