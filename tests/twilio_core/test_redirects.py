import httpx
import pytest

from twilio_core import AccountRefused, Unreachable
from twilio_core.answers import Answer
from twilio_core.redirects import accounts_root, next_hop

HERE = httpx.URL("https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json")


def hop(method: str, status: int, location: str) -> httpx.URL | None:
    headers = {"location": location} if location else {}
    return next_hop(method, HERE, Answer(status, headers, b""))


@pytest.mark.parametrize("status", [200, 201, 300, 304, 305, 400, 503])
def test_other_answers_lead_nowhere(status: int) -> None:
    assert hop("GET", status, "/elsewhere") is None


@pytest.mark.parametrize(
    "location", ["/b", "https://api.twilio.com/b", "https://api.twilio.com:443/b"]
)
@pytest.mark.parametrize(
    ("method", "status"),
    [("POST", 307), ("POST", 308), *(("GET", each) for each in (301, 302, 303, 307, 308))],
)
def test_a_redirect_on_the_same_origin_is_followed(method: str, status: int, location: str) -> None:
    assert hop(method, status, location) == httpx.URL("https://api.twilio.com/b")


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_post_is_never_turned_into_a_get(status: int) -> None:
    with pytest.raises(AccountRefused, match="lose the message"):
        hop("POST", status, "/b")


@pytest.mark.parametrize(
    "location",
    [
        "http://api.twilio.com/b",
        "https://api.twilio.com:8443/b",
        "https://evil.example/b",
        "//evil.example/b",
        "https://api.twilio.com.evil.example/b",
        "https://api.twilio.com@evil.example/b",
        "https://user@api.twilio.com/b",
        "ftp://api.twilio.com/b",
        "https://xn--/b",
        "https://api..twilio.com/b",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_origin_is_refused(method: str, location: str) -> None:
    with pytest.raises(AccountRefused, match="another host") as caught:
        hop(method, 307, location)
    assert caught.value.status == 307


@pytest.mark.parametrize("location", ["", "https://[::1", "https://x:banana/"])
def test_a_redirect_to_nowhere_is_refused(location: str) -> None:
    with pytest.raises(AccountRefused):
        hop("GET", 302, location)


@pytest.mark.parametrize("slashes", ["", "/", "///"])
def test_the_accounts_root_is_known_with_or_without_its_slash(slashes: str) -> None:
    assert accounts_root(f" https://x/Accounts{slashes} ") == "https://x/Accounts"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "/x",
        "ftp://x/",
        "https://",
        "https://[::1",
        "https://a:b@x/",
        "http://x/?",
        "http://x/#",
        "https://api..twilio.com/",
        "https://.api.twilio.com/",
        f"https://{'a' * 64}.com/",
        "https://xn--/",
        "https://xn--api/",
    ],
)
def test_what_is_no_address_is_said_to_be_none(url: str) -> None:
    with pytest.raises(Unreachable):
        accounts_root(url)
