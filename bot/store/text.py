"""Foreign text, made fit for PostgreSQL."""


def storable(text: str) -> str:
    """Take out what no `text` column can hold: NUL, and half a surrogate pair becomes U+FFFD.

    JSON may carry both (RFC 8259, section 8.2), so a name of Slack's or a reason of Twilio's may.
    """
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\0", "")
