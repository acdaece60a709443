import asyncio
from contextlib import ExitStack

from hypothesis import given
from hypothesis import strategies as st

from bot.slots import Slots


def test_one_sharer_may_use_everything() -> None:
    slots = Slots(50)
    with slots.sharing():
        assert slots.room(0) == 50
        slots.take(50)
        assert slots.room(50) == 0


def test_a_newcomer_gets_its_part_as_soon_as_the_others_give_back() -> None:
    slots = Slots(10)
    with slots.sharing():
        slots.take(10)
        with slots.sharing():
            assert slots.room(0) == 0
            slots.give_back(5)
            assert (slots.room(5), slots.room(0)) == (0, 5)


def test_each_of_more_sharers_than_slots_may_have_one() -> None:
    slots = Slots(2)
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(slots.sharing())
        assert slots.room(0) == 1
        slots.take(2)
        assert slots.room(0) == 0


async def test_a_change_between_looking_and_waiting_is_not_lost() -> None:
    slots = Slots(1)
    slots.take(1)
    changed = slots.change()
    assert slots.room(0) == 0
    slots.give_back()
    async with asyncio.timeout(1):
        await changed.wait()


async def test_a_sharer_that_leaves_wakes_the_others() -> None:
    slots = Slots(2)
    with slots.sharing():
        changed = slots.change()
    assert changed.is_set()


def test_too_many_requests_lower_the_limit_by_a_quarter_once_for_all_that_are_under_way() -> None:
    slots = Slots(40)
    slots.take(40)
    for _ in range(30):
        slots.answered(throttled=True)
        slots.give_back()
    assert slots.limit == 30


def test_the_limit_never_falls_below_one() -> None:
    slots = Slots(4)
    for _ in range(50):
        slots.answered(throttled=True)
    assert slots.limit == 1


def test_the_limit_grows_again_to_where_it_was_and_no_further() -> None:
    slots = Slots(4)
    slots.answered(throttled=True)
    assert slots.limit == 3
    for _ in range(3):
        slots.answered(throttled=False)
    assert slots.limit == 4
    for _ in range(50):
        slots.answered(throttled=False)
    assert slots.limit == 4


@given(
    limit=st.integers(1, 12),
    work=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    throttles=st.sets(st.integers(0, 100)),
)
def test_sharers_of_any_number_all_finish_and_never_exceed_the_limit(
    limit: int, work: list[int], throttles: set[int]
) -> None:
    """Each sharer waits for room exactly as a drain does, with a pause in between."""
    slots, answers, peak = Slots(limit), 0, 0

    async def answer(held: set[object]) -> None:
        nonlocal answers
        await asyncio.sleep(0)
        held.discard(asyncio.current_task())
        slots.answered(throttled=answers in throttles)
        answers += 1
        slots.give_back()

    async def share(left: int) -> None:
        nonlocal peak
        held: set[object] = set()
        with slots.sharing():
            while left or held:
                changed = slots.change()
                want = min(slots.room(len(held)), left)
                slots.take(want)
                peak = max(peak, slots.used)
                await asyncio.sleep(0)  # as a turn with the database
                held.update(asyncio.ensure_future(answer(held)) for _ in range(want))
                left -= want
                await changed.wait()

    async def all_of_them() -> None:
        async with asyncio.timeout(10):
            await asyncio.gather(*map(share, work))

    asyncio.run(all_of_them())
    assert answers == sum(work)
    assert peak <= limit
    assert slots.used == 0
