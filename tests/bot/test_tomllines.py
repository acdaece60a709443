import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.tomllines import line_at, lines_of


def test_lines_are_found_in_every_way_of_writing_toml() -> None:
    text = '''\
# [[channel]] in a comment
a.b = 1
"quoted key" . c = [1, # ]
  [2, 3], {x = 1, "y.z" = """
[not a header]
\\"""" } ,
  5,
]
when = 1979-05-27 07:32:00
lit = \'\'\'
[[x]]\'\'\'
[t]
k = 'a # b'
[[s]]
[[s]]
k = ""
[s.sub.deep]
k = true
[[s.list]]
[[s.list]]
k = {}
'''
    tomllib.loads(text)
    lines = lines_of(text)
    expected: dict[tuple[str | int, ...], int] = {
        ("a", "b"): 2,
        ("quoted key", "c", 0): 3,
        ("quoted key", "c", 1, 1): 4,
        ("quoted key", "c", 2, "y.z"): 4,
        ("quoted key", "c", 3): 7,
        ("when",): 9,
        ("lit",): 10,
        ("t", "k"): 13,
        ("s", 0): 14,
        ("s", 1): 15,
        ("s", 1, "k"): 16,
        ("s", 1, "sub", "deep", "k"): 18,
        ("s", 1, "list", 0): 19,
        ("s", 1, "list", 1, "k"): 21,
    }
    assert {path: lines.get(path) for path in expected} == expected
    assert line_at(lines, ("s", 1, "absent", "key")) == 15
    assert line_at(lines, ("absent",)) == 1


_KEYS = st.text("abc", min_size=1, max_size=3)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.integers(0, 9).map(str) | st.text("a[]{}=,#'.\n", max_size=4).map(lambda s: f'"""{s}"""'),
    lambda inner: st.lists(inner, max_size=3).map(lambda vs: f"[{', '.join(vs)}\n]"),
    max_leaves=5,
)


def _paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: Any = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    return [path, *(found for key, inner in items for found in _paths(inner, (*path, key)))]


@given(st.dictionaries(_KEYS, _VALUES, max_size=4), st.lists(_KEYS, max_size=3))
def test_every_value_that_tomllib_finds_has_a_line(
    pairs: dict[str, str], tables: list[str]
) -> None:
    text = "".join(f"{key} = {value}\n" for key, value in pairs.items())
    text += "".join(f"[[t.{name}]]\nk = 1\n" for name in tables)
    data = tomllib.loads(text)
    lines = lines_of(text)
    assert set(_paths(data)) - {()} == set(lines) - {()} | ({("t",)} if tables else set())
