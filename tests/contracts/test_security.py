"""docs/security.md names only what there is."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
ROWS = [line for line in TEXT.split("## Threats")[1].split("\n## ")[0].splitlines() if "|" in line]


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_every_test_that_holds_a_defence_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert name in {function.name for function in functions}


def test_every_file_that_is_named_exists() -> None:
    paths = set(re.findall(r"`((?:bot|commands|twilio_core|tests)/[\w/.]+\.(?:py|sql))", TEXT))
    assert len(paths) > 20
    assert sorted(path for path in paths if not (ROOT / path).is_file()) == []


@pytest.mark.parametrize("row", ROWS[2:])
def test_every_defence_is_held_by_a_test(row: str) -> None:
    threat, defence, held, remains = (cell.strip() for cell in row.strip("|").split("|"))
    assert threat
    assert defence
    assert "::" in held
    assert remains
