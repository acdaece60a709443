import asyncio
from contextlib import ExitStack

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slots import RESERVE, Slots


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
    async with asyncio.timeout(20):
        await changed.wait()


async def test_a_sharer_that_leaves_wakes_the_others() -> None:
    slots = Slots(2)
    with slots.sharing():
        changed = slots.change()
    assert changed.is_set()


def test_a_lower_limit_leaves_no_room_until_enough_of_what_is_under_way_has_ended() -> None:
    slots = Slots(10)
    with slots.sharing():
        slots.take(10)
        slots.resize(4)
        slots.give_back(6)
        assert slots.room(4) == 0
        slots.give_back(1)
        assert slots.room(3) == 1


async def test_a_higher_limit_wakes_who_waits_for_room() -> None:
    slots = Slots(1)
    slots.take(1)
    changed = slots.change()
    slots.resize(2)
    async with asyncio.timeout(20):
        await changed.wait()
    assert slots.room(0) == 1


def test_the_limit_in_force_and_what_is_under_way_can_be_asked_for() -> None:
    slots = Slots(8)
    slots.take(3)
    slots.resize(5)
    assert (slots.limit, slots.used) == (5, 3)


def test_a_page_has_room_while_ordinary_messages_hold_every_slot() -> None:
    slots = Slots(50)
    with slots.sharing():
        slots.take(50)
        with slots.sharing(urgent=True):
            assert slots.room(50) == 0
            assert slots.room(0, urgent=True) == RESERVE


def test_what_is_kept_for_pages_is_no_more_than_the_limit_itself() -> None:
    slots = Slots(3)
    slots.take(3)
    with slots.sharing(urgent=True):
        assert slots.room(0, urgent=True) == 3


def test_pages_share_with_each_other_and_not_with_ordinary_messages() -> None:
    slots = Slots(50)
    with ExitStack() as stack:
        for _ in range(8):
            stack.enter_context(slots.sharing())
        stack.enter_context(slots.sharing(urgent=True))
        assert slots.room(0, urgent=True) == 60
        stack.enter_context(slots.sharing(urgent=True))
        assert slots.room(0, urgent=True) == 30
    assert slots.room(0) == 50


@settings(deadline=None)
@given(
    limit=st.integers(1, 12),
    work=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    sizes=st.dictionaries(st.integers(0, 100), st.integers(1, 12)),
)
def test_sharers_of_any_number_all_finish_within_whatever_the_limit_is(
    limit: int, work: list[int], sizes: dict[int, int]
) -> None:
    """Each sharer waits for room exactly as a drain does, with a pause in between."""
    slots, answers, beyond = Slots(limit), 0, False

    async def answer(held: set[object]) -> None:
        nonlocal answers
        await asyncio.sleep(0)
        held.discard(asyncio.current_task())
        if answers in sizes:
            slots.resize(sizes[answers])
        answers += 1
        slots.give_back()

    async def share(left: int) -> None:
        nonlocal beyond
        held: set[object] = set()
        with slots.sharing():
            while left or held:
                changed = slots.change()
                want = min(slots.room(len(held)), left)
                slots.take(want)
                beyond = beyond or (want > 0 and slots.used > slots.limit)
                await asyncio.sleep(0)  # as a turn with the database
                held.update(asyncio.ensure_future(answer(held)) for _ in range(want))
                left -= want
                await changed.wait()

    async def all_of_them() -> None:
        async with asyncio.timeout(10):
            await asyncio.gather(*map(share, work))

    asyncio.run(all_of_them())
    assert answers == sum(work)
    assert not beyond
    assert slots.used == 0
