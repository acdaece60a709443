from commands.lookups import Lookups, Nobody
from commands.model import Recipient
from commands.person import Person
from tests.commands.conftest import FakeDirectory


async def test_each_thing_is_asked_once_even_where_the_answer_is_nothing() -> None:
    asked = FakeDirectory(phones={"U1": Recipient("1")}, groups={"S1": ("U1",)})
    lookups = Lookups(asked)
    for _ in range(2):
        assert await lookups.verified() == ()
        assert await lookups.people(["U1", "U2"]) == {
            "U1": Person("U1", "U1", "1"),
            "U2": Person("U2", "U2"),
        }
        assert await lookups.user_name("U1") == "U1"
        assert await lookups.group_members("S1") == ("U1",)
    assert asked.calls == ["verified", "people U1 U2", "name U1", "group S1"]


async def test_nobody_is_nobody() -> None:
    nobody = Nobody()
    assert await nobody.verified() == ()
    assert not (await nobody.people(["U1"]))["U1"].reachable
    assert await nobody.user_name("U1") == "U1"
    assert await nobody.group_members("S1") == ()
    assert not await nobody.group_exists("S1")
    assert await nobody.is_guest("U1", "T1")
    assert not await nobody.archived("C1")
