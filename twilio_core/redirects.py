"""Where a request may go: the address itself, and which redirects are followed. Pure.

Credentials and message travel with every hop, so no hop leaves the origin (scheme, host and
port) of the configured URL; the other host is not even contacted.
"""

import httpx

from twilio_core.answers import Answer
from twilio_core.errors import AccountRefused, Unreachable

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_METHOD_KEPT = frozenset({307, 308})
"""The others would turn a POST into a GET, which sends nothing and would look like success."""


def accounts_root(base_url: str) -> str:
    """Check the configured address and return it without its last slash.

    Raises:
        Unreachable: nothing can be reached under it.
    """
    text = base_url.strip()
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as exc:
        raise Unreachable("the Twilio URL is not a usable address") from exc
    if url.scheme not in {"http", "https"} or not url.raw_host:
        raise Unreachable("the Twilio URL does not begin with https:// and a host")
    if not _host(url):
        raise Unreachable("the Twilio URL names a host that cannot exist")
    if url.userinfo or "?" in text or "#" in text:
        raise Unreachable("the Twilio URL may carry no credentials, query or fragment")
    return text.rstrip("/")


def same_origin(one: httpx.URL, other: httpx.URL) -> bool:
    """Compare scheme, host and port, default ports filled in; credentials in a URL never match."""
    origins = [(url.scheme, _host(url), url.port) for url in (one, other)]
    return origins[0] == origins[1] and _host(one) != "" and not other.userinfo


def _host(url: httpx.URL) -> str:
    """Give the host; empty if no host can have that name, such as ``api..twilio.com``.

    httpx reads such names, and raises when it is asked for them; or the resolver's encoder does
    (RFC 1035: a label has 1 to 63 octets), and whether a request left can then not be told.
    """
    try:
        url.raw_host.decode("ascii").encode("idna")
        host = url.host
    except UnicodeError:
        return ""
    return host


def next_hop(method: str, url: httpx.URL, answer: Answer) -> httpx.URL | None:
    """Return where a redirect leads, None when the answer is none.

    Raises:
        AccountRefused: a redirect that must not be followed; nothing was processed.
    """
    if answer.status not in _REDIRECTS:
        return None
    if method != "GET" and answer.status not in _METHOD_KEPT:
        raise _refused("the Twilio URL redirects in a way that would lose the message", answer)
    location = answer.headers.get("location", "")
    try:
        hop = url.join(location)
    except (httpx.InvalidURL, ValueError) as exc:
        raise _refused("the Twilio URL redirects to an unusable address", answer) from exc
    if not location:
        raise _refused("the Twilio URL redirects without saying where to", answer)
    if not same_origin(url, hop):
        raise _refused("the Twilio URL redirects to another host, which is not asked", answer)
    return hop


def _refused(reason: str, answer: Answer) -> AccountRefused:
    return AccountRefused(reason, status=answer.status, request_id=answer.request_id)
