"""When two texts say the same: what the same-intent guard compares."""

import hashlib
import unicodedata


def intent_of(body: str) -> str:
    """Give what texts have in common that differ in case and blanks only, as a digest."""
    letters = "".join(unicodedata.normalize("NFC", body).split()).casefold()
    return hashlib.sha256(letters.encode(errors="surrogatepass")).hexdigest()
