import asyncio
import time
from functools import partial

from bot.lease import LEASE, Lease
from bot.store.outbox import DEAD_AFTER
from tests.bot.kit import Clock


def at(clock: Clock, later: float) -> float:
    """Let time pass, and give the new moment."""
    clock.now += later
    return clock.now


def test_a_process_holds_no_lease_before_its_first_heartbeat(clock: Clock) -> None:
    lease = Lease(clock=clock)
    assert not lease.valid
    assert not lease.holds(lease.epoch)


def test_the_time_for_which_the_machine_was_suspended_counts_where_a_clock_tells_it() -> None:
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    clock = time.monotonic if boot is None else partial(time.clock_gettime, boot)
    before, now = clock(), Lease().now
    assert before <= now <= clock()


def test_a_heartbeat_counts_from_when_it_was_asked_for_and_not_from_its_answer(
    clock: Clock,
) -> None:
    lease = Lease(clock=clock)
    asked = clock.now
    at(clock, 2.0)
    lease.renew(asked)
    at(clock, LEASE - 2.0)
    assert lease.valid
    at(clock, 0.01)
    assert not lease.valid


def test_a_heartbeat_that_took_longer_than_the_lease_renews_nothing(clock: Clock) -> None:
    lease = Lease(clock=clock)
    asked = clock.now
    at(clock, LEASE + 0.01)
    lease.renew(asked)
    assert not lease.valid


def test_an_answer_that_comes_out_of_order_does_not_shorten_the_lease(clock: Clock) -> None:
    lease = Lease(clock=clock)
    first, second = clock.now, at(clock, 1.0)
    lease.renew(second)
    lease.renew(first)
    at(clock, LEASE)
    assert lease.valid


def test_the_lease_ends_a_second_before_others_may_take_over() -> None:
    assert LEASE + 1.0 <= DEAD_AFTER


def test_what_was_claimed_may_be_posted_as_long_as_each_heartbeat_comes_in_time(
    clock: Clock,
) -> None:
    lease = Lease(clock=clock)
    lease.renew(clock.now)
    claimed = lease.epoch
    for _ in range(10):
        lease.renew(at(clock, LEASE))
    assert lease.holds(claimed)


def test_what_was_claimed_before_a_gap_may_not_be_posted_after_it(clock: Clock) -> None:
    lease = Lease(clock=clock)
    lease.renew(clock.now)
    claimed = lease.epoch
    at(clock, LEASE + 0.01)
    assert not lease.holds(claimed)
    lease.renew(clock.now)
    assert lease.valid
    assert not lease.holds(claimed)
    assert lease.holds(lease.epoch)


def test_a_gap_is_known_as_one_before_and_after_the_next_heartbeat(clock: Clock) -> None:
    lease = Lease(clock=clock)
    lease.renew(clock.now)
    before = lease.epoch
    at(clock, LEASE + 0.01)
    during = lease.epoch
    lease.renew(clock.now)
    assert during != before
    assert lease.epoch == during


def test_each_gap_is_another_one(clock: Clock) -> None:
    lease, epochs = Lease(clock=clock), set()
    for _ in range(5):
        lease.renew(clock.now)
        epochs.add(lease.epoch)
        at(clock, LEASE + 0.01)
    assert len(epochs) == 5


def test_a_process_that_has_just_begun_is_steady(clock: Clock) -> None:
    lease = Lease(clock=clock)
    assert not lease.steady
    lease.renew(clock.now)
    assert lease.steady


def test_a_process_that_was_away_is_steady_again_only_a_while_later(clock: Clock) -> None:
    lease = Lease(clock=clock)
    lease.renew(clock.now)
    at(clock, 15.0)
    lease.renew(clock.now)
    assert lease.valid
    assert not lease.steady
    lease.renew(at(clock, 2.1))
    assert lease.steady


async def test_who_waits_for_the_lease_goes_on_with_the_next_heartbeat(clock: Clock) -> None:
    lease = Lease(clock=clock)
    waiting = asyncio.create_task(lease.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    lease.renew(clock.now)
    async with asyncio.timeout(5):
        await waiting


async def test_who_waits_goes_on_waiting_after_a_heartbeat_that_came_too_late(
    clock: Clock,
) -> None:
    lease = Lease(clock=clock)
    waiting = asyncio.create_task(lease.wait())
    await asyncio.sleep(0)
    lease.renew(clock.now - LEASE - 1.0)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    lease.renew(clock.now)
    async with asyncio.timeout(5):
        await waiting
