import pytest

from twilio_core import Scope, explain
from twilio_core.codes import TABLE

FACTS = {
    Scope.ACCOUNT: "20003 20005 10001 90010 20006 20403 20008 20404 63038 30454 30002 30037",
    Scope.SENDER: "21212 21606 21659 21660 21661 21601 21603 21616 21267 21611 21701 21702 21703"
    " 21704 21705 30032 30033 30034 30035 30022 30023 30027",
    Scope.COUNTRY: "21408 30018 30040 30041",
    Scope.NUMBER: "21211 21214 21217 21614 21635 21265 21266 21268 21604 21608 21610 21612 30004"
    " 30005 30006",
    Scope.MESSAGE: "21602 21619 21605 21617 21618 30007 21620 21621 21622 21623 21624 21609 21654"
    " 21655 21656 30019 30036 35111 35114 35118",
    Scope.THROTTLE: "20429",
    Scope.DOUBT: "20500 20503",
    # the last: https://www.twilio.com/docs/api/errors/63016
    Scope.LATER: "30001 30003 30008 30017 30020 30021 30500 30410 63016",
}


@pytest.mark.parametrize("scope", FACTS)
def test_each_known_code_reaches_as_far_as_the_facts_say(scope: Scope) -> None:
    for code in map(int, FACTS[scope].split()):
        info = explain(code, 400)
        assert (info.code, info.scope) == (code, scope)


def test_no_code_is_known_that_the_facts_do_not_name() -> None:
    named = {int(code) for codes in FACTS.values() for code in codes.split()}
    assert {code for code in TABLE if code not in range(35100, 35200)} <= named


def test_meanings_are_words_without_codes() -> None:
    for info in TABLE.values():
        assert info.meaning
        assert str(info.code) not in info.meaning


@pytest.mark.parametrize(
    ("status", "scope"),
    [
        (302, Scope.ACCOUNT),
        (304, Scope.ACCOUNT),
        (400, Scope.MESSAGE),
        (401, Scope.ACCOUNT),
        (403, Scope.ACCOUNT),
        (404, Scope.ACCOUNT),
        (405, Scope.ACCOUNT),
        (407, Scope.ACCOUNT),
        (408, Scope.DOUBT),
        (418, Scope.MESSAGE),
        (429, Scope.THROTTLE),
        (500, Scope.DOUBT),
        (502, Scope.DOUBT),
        (503, Scope.DOUBT),
        (599, Scope.DOUBT),
    ],
)
def test_an_unknown_code_is_judged_by_its_http_class(status: int, scope: Scope) -> None:
    assert explain(99999, status).scope is scope
    assert explain(None, status).scope is scope


def test_a_delivery_that_failed_for_no_known_reason_is_final() -> None:
    assert explain(39999).scope is Scope.MESSAGE
