"""When two texts say the same: what the same-intent guard compares."""

import hashlib

from commands.characters import plainer


def intent_of(body: str) -> str:
    """Give what texts have in common that differ in case and blanks only, as a digest.

    A typographic quote is no other text than a plain one.
    """
    letters = "".join(plainer(body).split()).casefold()
    return hashlib.sha256(letters.encode(errors="surrogatepass")).hexdigest()
