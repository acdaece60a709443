from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.numbers import BadNumber, is_number, to_address


@pytest.mark.parametrize(
    ("typed", "region", "address"),
    [
        ("+16175551212", "US", "+16175551212"),
        ("(617) 555-1212", "US", "+16175551212"),
        (" 617.555.1212 ", "US", "+16175551212"),
        ("+1 (617) 555-1212", "FR", "+16175551212"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("011441632960123", "US", "+441632960123"),
        ("0044 1632 960123", "FR", "+441632960123"),
        ("+15005550006", "US", "+15005550006"),
        ("tel:+16175551212", "US", "+16175551212"),
        ("whatsapp:+1 617 555 1212", "US", "whatsapp:+16175551212"),
        ("WhatsApp:6175551212", "US", "whatsapp:+16175551212"),
        ("messenger:1234", "US", "messenger:1234"),
        ("rcs:Agent_x", "US", "rcs:Agent_x"),
    ],
)
def test_a_number_becomes_an_address(typed: str, region: str, address: str) -> None:
    assert is_number(typed)
    assert to_address(typed, region) == address


@pytest.mark.parametrize(
    ("typed", "region", "why"),
    [
        ("617-555-1212 x5", "US", "extension"),
        ("617-555-1212 ext. 5", "US", "extension"),
        ("911", "US", "short code"),
        ("24273", "US", "short code"),
        ("+1617555", "US", "too short"),
        ("(617)", "US", "quote"),
        ("+1", "US", "not a phone number"),
        ("+12", "US", "too short"),
        ("555-1212", "US", "area code"),
        ("+16175551212345678", "US", "too long"),
        ("+1617555121234567890123", "US", "too long"),
        ("1" * 5000, "US", "too long"),
        ("+999123456789", "US", "country code"),
        ("6175551212", "", "with + and its country code"),
        ("+49 15", "US", "area code"),
        ("1800FLOWERS", "US", "letters"),
        ("alice", "US", "not a phone number"),
        ("messenger:", "US", "messenger: and the address"),
        ("rcs:a b", "US", "without blanks"),
        ("messenger:1\0", "US", "without blanks"),
        ("rcs:\ud800", "US", "without blanks"),
        ("rcs:" + "x" * 256, "US", "that long"),
    ],
)
def test_what_cannot_be_texted_is_refused_with_its_reason(
    typed: str, region: str, why: str
) -> None:
    with pytest.raises(BadNumber) as caught:
        to_address(typed, region)
    assert why in caught.value.why


@pytest.mark.parametrize("typed", ["alice", "24x7", "1800FLOWERS", "", "+", "r2d2", "---"])
def test_a_word_with_letters_is_a_name(typed: str) -> None:
    assert not is_number(typed)


def test_a_number_copied_from_a_telephone_brings_marks_that_do_not_count() -> None:
    copied = "\u202a+1\u00a0(617)\u200e 555\u20111212\u202c"
    assert is_number(copied)
    assert to_address(copied, "US") == "+16175551212"


@pytest.mark.parametrize("zero", "\u0660\u06f0\u0966\u0e50\uff10")
def test_digits_of_any_script_are_the_number_that_they_say(zero: str) -> None:
    typed = "".join(chr(ord(zero) + int(digit)) for digit in "16175551212")
    assert to_address(f"+{typed}", "US") == "+16175551212"


@given(st.text(alphabet="+0123456789 ()-x#.;:abcwhatsp\u0661\n"))
def test_no_text_breaks_it(typed: str) -> None:
    is_number(typed)
    with suppress(BadNumber):
        address = to_address(typed, "US")
        assert to_address(address, "FR") == address
