"""Keep the policy as sms.toml is now; tell when an edit is faulty."""

import asyncio

import structlog

from bot.metrics import Metrics
from bot.policyfile import PolicySource, ReloadResult

_LOOK = 1.0

log = structlog.get_logger(__name__)


async def watch(source: PolicySource, metrics: Metrics) -> None:
    """Look at the file once a second; a faulty edit leaves the old policy in force."""
    while True:
        result = await _look(source)
        if result.changed:
            log.info("policy.reloaded", path=str(source.path))
        for fault in result.faults:
            metrics.policy_faults.inc()
            log.error("policy.fault", fault=str(fault), kept="the old policy")
        await asyncio.sleep(_LOOK)


async def _look(source: PolicySource) -> ReloadResult:
    """Look at the file; whatever goes wrong, the looking goes on, or no later edit were seen."""
    try:
        return await asyncio.to_thread(source.reload_if_changed)
    except Exception as exc:  # noqa: BLE001 - what it says may quote the file
        log.error("policy.unread", why=type(exc).__name__, kept="the old policy")  # noqa: TRY400
        return ReloadResult()
