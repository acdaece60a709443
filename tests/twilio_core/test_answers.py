import json

import pytest

from twilio_core import AccountRefused, OutcomeUnknown, Rejected, Scope, Throttled, TwilioError
from twilio_core.answers import Answer, Page, decipher, scrub

ID = {"twilio-request-id": "RQ1"}


def refusal(status: int, body: object = None, **headers: str) -> TwilioError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(TwilioError) as caught:
        decipher(Answer(status, {**ID, **headers}, raw))
    assert caught.value.status == status
    assert caught.value.request_id == "RQ1"
    return caught.value


def test_a_good_answer_is_its_object() -> None:
    assert decipher(Answer(201, {}, b'{"sid": "SM1"}')) == {"sid": "SM1"}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"null", b"\xff", b"[" * 100_000])
def test_a_good_status_without_an_object_leaves_the_outcome_open(body: bytes) -> None:
    assert type(refusal(200, body)) is OutcomeUnknown


@pytest.mark.parametrize(
    "body",
    [
        {"code": 21211, "message": "x", "more_info": "https://x", "status": 400},
        {"code": "21211"},
        {"type": "https://www.twilio.com/docs/api/errors/21211", "title": "x", "status": 400},
        {"type": "about:blank", "title": "x", "status": 400, "detail": "y", "code": 21211},
    ],
)
def test_both_error_formats_name_the_code(body: object) -> None:
    error = refusal(400, body)
    assert isinstance(error, Rejected)
    assert (error.code, error.scope) == (21211, Scope.NUMBER)
    assert error.reason == "the number is not valid"


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 21610, Rejected),
        (400, 21408, Rejected),
        (400, 30003, Rejected),
        (403, 21408, Rejected),
        (400, 20005, AccountRefused),
        (401, 20003, AccountRefused),
        (401, 70051, AccountRefused),
        (403, 20008, AccountRefused),
        (404, 20404, AccountRefused),
        (429, 63038, AccountRefused),
        (429, 20429, Throttled),
        (400, 20429, Throttled),
        (429, 99999, Throttled),
        (400, 20500, OutcomeUnknown),
        (500, 21211, OutcomeUnknown),
        (503, 20429, OutcomeUnknown),
    ],
)
def test_code_and_status_decide_what_to_do_next(
    status: int, code: int, kind: type[TwilioError]
) -> None:
    assert type(refusal(status, {"code": code})) is kind


@pytest.mark.parametrize(
    "body", [b"", b"<html>503</html>", b"[]", {"code": True}, {"code": [1]}, {"message": 7}]
)
@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Rejected), (401, AccountRefused), (302, AccountRefused), (503, OutcomeUnknown)],
)
def test_without_a_code_the_status_decides(
    status: int, body: object, kind: type[TwilioError]
) -> None:
    error = refusal(status, body)
    assert type(error) is kind
    assert error.code is None
    assert error.reason


def test_an_unknown_code_keeps_twilios_words_without_numbers() -> None:
    text = "The 'To' number +1 (617) 555-0001\n is odd: 16175550001"
    error = refusal(400, {"code": 29999, "message": text})
    assert error.reason == "The 'To' number … is odd: …"


def test_an_unknown_code_without_words_says_so() -> None:
    assert "without saying why" in refusal(400, {"code": 29999}).reason


def test_foreign_words_are_cut() -> None:
    assert len(scrub("x" * 10_000)) == 200


def test_a_missing_message_is_not_a_refused_account() -> None:
    with pytest.raises(Rejected) as caught:
        decipher(Answer(404, {}, b'{"code": 20404}'), about_message=True)
    assert caught.value.reason == "Twilio has no such message"


def test_a_wrong_password_is_one_also_for_one_message() -> None:
    with pytest.raises(AccountRefused):
        decipher(Answer(401, {}, b""), about_message=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2.0),
        ("0.5", 0.5),
        ("", None),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
    ],
)
def test_the_pause_that_twilio_asks_for_is_kept(header: str, seconds: float | None) -> None:
    error = refusal(429, {"code": 20429}, **{"retry-after": header})
    assert isinstance(error, Throttled)
    assert error.retry_after == seconds


def test_a_page_is_its_objects_and_the_way_on() -> None:
    body = json.dumps({"messages": [{"sid": "SM1"}, 7], "next_page_uri": "/next"}).encode()
    page = Page.parse(Answer(200, {"etag": '"e"', **ID}, body), "messages")
    assert (page.items, page.next_uri, page.etag, page.request_id) == (
        ({"sid": "SM1"},),
        "/next",
        '"e"',
        "RQ1",
    )


def test_the_last_page_leads_nowhere() -> None:
    assert Page.parse(Answer(200, {}, b'{"a": [], "next_page_uri": null}'), "a").next_uri == ""


def test_words_without_a_code_are_kept() -> None:
    problem = {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "Invalid To"}
    assert refusal(400, problem).reason == "Invalid To"
    assert refusal(400, {"message": "Something else"}).reason == "Something else"
