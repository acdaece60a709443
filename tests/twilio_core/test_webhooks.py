import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from twilio_core import InboundMessage, SignatureMismatch, StatusCallback
from twilio_core.webhooks import signature, verify

TOKEN = "12345"
URL = "https://example.com/myapp.php?foo=1&bar=2"
PARAMS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+14158675310",
    "Digits": "1234",
    "From": "+14158675310",
    "To": "+18005551212",
}
VECTOR = "L/OH5YylLD5NRKLltdqwSvS0BnU="

words = st.text(st.characters(exclude_categories=["Cs"]))
forms = st.dictionaries(words, words, max_size=6)
ports = st.sampled_from(["", ":443", ":8443", ":3000"])


def test_twilios_own_vector() -> None:
    assert signature(TOKEN, URL, PARAMS) == VECTOR
    verify(TOKEN, URL, PARAMS, VECTOR)


@given(token=words, params=forms)
def test_a_signature_is_what_twilios_package_computes(token: str, params: dict[str, str]) -> None:
    assert signature(token, URL, params) == RequestValidator(token).compute_signature(URL, params)


@given(pairs=st.lists(st.tuples(st.sampled_from("abc"), words), min_size=1, max_size=8))
def test_repeated_fields_are_signed_as_twilios_package_signs_them(
    pairs: list[tuple[str, str]],
) -> None:
    form = MultiDict(pairs)
    wanted = RequestValidator(TOKEN).compute_signature(URL, form)
    assert signature(TOKEN, URL, form) == signature(TOKEN, URL, pairs) == wanted


@given(signed=ports, seen=ports, params=forms)
def test_a_port_on_either_side_is_judged_as_twilios_package_judges_it(
    signed: str, seen: str, params: dict[str, str]
) -> None:
    given_signature = signature(TOKEN, f"https://example.com{signed}/a?b=", params)
    url = f"https://example.com{seen}/a?b="
    try:
        verify(TOKEN, url, params, given_signature)
        ours = True
    except SignatureMismatch:
        ours = False
    assert ours == RequestValidator(TOKEN).validate(url, params, given_signature)


@pytest.mark.parametrize(
    ("signed", "seen"),
    [
        ("https://[::1]/a", "https://[::1]:443/a"),
        ("https://[::1]:443/a", "https://[::1]/a"),
        ("http://user:pass@example.com/a", "http://user:pass@example.com:3000/a"),
        ("http://example.com:80/a", "http://example.com/a"),
    ],
)
def test_odd_hosts_lose_and_gain_their_port_alike(signed: str, seen: str) -> None:
    verify(TOKEN, seen, PARAMS, signature(TOKEN, signed, PARAMS))


@pytest.mark.parametrize("given_signature", ["", "nonsense", VECTOR[:-2] + "V=", "é\ud800"])
def test_a_wrong_signature_is_refused(given_signature: str) -> None:
    with pytest.raises(SignatureMismatch):
        verify(TOKEN, URL, PARAMS, given_signature)


@pytest.mark.parametrize("change", [{"Digits": "1235"}, {"Digits": ""}, {"Extra": ""}])
def test_a_changed_or_added_field_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(SignatureMismatch):
        verify(TOKEN, URL, PARAMS | change, VECTOR)


class Name(str):
    """A field's name that counts how often it is looked at."""

    __slots__ = ()
    looked = 0

    def __hash__(self) -> int:
        Name.looked += 1
        return super().__hash__()


def test_the_fields_are_put_in_order_once_for_all_spellings_of_the_address() -> None:
    Name.looked = 0
    with pytest.raises(SignatureMismatch):
        verify(TOKEN, URL, [(Name("a"), "b")], "x")
    assert Name.looked == 1


def test_an_empty_token_signs_nothing() -> None:
    with pytest.raises(SignatureMismatch):
        verify("", URL, PARAMS, signature("", URL, PARAMS))


def test_a_status_callback_is_read_with_whatever_else_comes() -> None:
    form = {
        "MessageSid": "SM1",
        "MessageStatus": "undelivered",
        "ErrorCode": "30003",
        "To": "+16175550001",
        "From": "+15005550006",
        "AccountSid": "AC1",
        "BrandNewField": "?",
    }
    assert StatusCallback.parse(form) == StatusCallback(
        "SM1", "undelivered", 30003, "+16175550001", "+15005550006", "AC1"
    )


def test_an_older_status_callback_is_read_by_its_older_names() -> None:
    callback = StatusCallback.parse([("SmsSid", "SM1"), ("SmsStatus", "sent"), ("ErrorCode", "")])
    assert callback == StatusCallback("SM1", "sent")


@pytest.mark.parametrize("form", [{}, {"MessageSid": "SM1"}, {"MessageStatus": "sent"}])
def test_a_status_callback_about_nothing_is_no_status_callback(form: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="the webhook has no Message"):
        StatusCallback.parse(form)


def test_an_inbound_message_is_read_with_its_media() -> None:
    form = {
        "MessageSid": "MM1",
        "From": "+16175550001",
        "To": "+15005550006",
        "Body": "on it",
        "NumMedia": "2",
        "MediaUrl0": "https://x/0",
        "MediaUrl1": "https://x/1",
        "OptOutType": "STOP",
    }
    assert InboundMessage.parse(form) == InboundMessage(
        message_sid="MM1",
        from_="+16175550001",
        to="+15005550006",
        body="on it",
        media_urls=("https://x/0", "https://x/1"),
        opt_out_type="STOP",
    )


@pytest.mark.parametrize("count", ["", "-1", "many", "99999999999999"])
def test_an_impossible_count_of_media_does_no_harm(count: str) -> None:
    form = {"SmsMessageSid": "SM1", "From": "+1", "NumMedia": count}
    assert InboundMessage.parse(form).media_urls == ()


def test_a_webhook_in_a_log_shows_neither_numbers_nor_text() -> None:
    numbers = {"From": "+16175550001", "To": "+15005550006", "Body": "secret words"}
    shown = repr(InboundMessage.parse({"MessageSid": "SM1", **numbers}))
    shown += repr(StatusCallback.parse({"MessageSid": "SM1", "MessageStatus": "sent", **numbers}))
    assert not any(each in shown for each in numbers.values())


def test_a_missing_signature_is_a_mismatch() -> None:
    with pytest.raises(SignatureMismatch):
        verify(TOKEN, "https://example.com/a", {}, None)
