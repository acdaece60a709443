import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.segments import MAX_BODY, Segments, measure

SPEC = Path(__file__).parents[3] / "shared" / "specs" / "sms_segments.json"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"  # 11 units
FLAG = "\U0001f1eb\U0001f1f7"
WALES = "\U0001f3f4" + "".join(chr(0xE0000 + ord(c)) for c in "gbwls") + "\U000e007f"


@pytest.mark.skipif(not SPEC.exists(), reason="Twilio's own figures lie beside the project")
def test_every_text_counts_as_in_twilio_s_calculator() -> None:
    cases = json.loads(SPEC.read_text())
    wrong = [
        case["name"]
        for case in cases
        if (measure(case["text"]).encoding, measure(case["text"]).segments)
        != (case["encoding"], case["segments"])
    ]
    assert len(cases) == 39
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments("GSM-7", 0, 1, 0)),
        ("a" * 160, Segments("GSM-7", 160, 1, 160)),
        ("a" * 161, Segments("GSM-7", 161, 2, 161)),
        ("€" * 80, Segments("GSM-7", 160, 1, 80)),
        ("a" * 152 + "{" + "b" * 152, Segments("GSM-7", 306, 3, 305)),
        ("ж" * 70, Segments("UCS-2", 70, 1, 70)),
        ("ж" * 66 + "😀" + "ж" * 66, Segments("UCS-2", 134, 3, 134)),
        (FAMILY * 12, Segments("UCS-2", 132, 2, 132)),
        ("ж" * 57 + FAMILY + "ж" * 66, Segments("UCS-2", 134, 3, 134)),
        ("ж" * 65 + FLAG + FLAG + "ж" * 61, Segments("UCS-2", 134, 3, 134)),
        ("ж" * 65 + WALES + "ж" * 55, Segments("UCS-2", 134, 3, 134)),
        ("ж" * 66 + "e\u0301" + "ж" * 66, Segments("UCS-2", 134, 3, 134)),
        ("ж" * 66 + "\r\n" + "ж" * 66, Segments("UCS-2", 134, 3, 134)),
        ("ж" * 65 + "\u1112\u1161\u11ab" + "ж" * 66, Segments("UCS-2", 134, 3, 134)),
        ("ж" * 66 + "\u200d" + "ж" * 67, Segments("UCS-2", 134, 2, 134)),
        ("e" + "\u0301" * 133, Segments("UCS-2", 134, 2, 134)),
    ],
)
def test_nothing_is_cut_in_two(text: str, expected: Segments) -> None:
    assert measure(text) == expected


def test_the_longest_body_is_twilio_s() -> None:
    assert MAX_BODY == 1600


@given(st.text())
def test_units_and_segments_fit_each_other(text: str) -> None:
    size = measure(text)
    assert size.utf16_units == len(text.encode("utf-16-le", "surrogatepass")) // 2
    assert size.segments >= 1
    assert size.units <= size.segments * (160 if size.encoding == "GSM-7" else 70)
