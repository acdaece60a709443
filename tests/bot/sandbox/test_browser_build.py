"""The built page is that of its source, and carries its licences; no Node is needed to see that."""

import hashlib
import json
import re
from pathlib import Path

FRONTEND = Path(__file__).parents[3] / "bot" / "sandbox" / "browser" / "frontend"
STATIC = FRONTEND.with_name("static")


def test_the_build_is_as_new_as_its_source() -> None:
    built = json.loads((STATIC / "sources.json").read_text(encoding="utf-8"))
    files = [path for path in FRONTEND.rglob("*") if path.is_file()]
    named = {path.relative_to(FRONTEND).as_posix(): path for path in files}
    sources = {name: path for name, path in named.items() if not name.startswith("node_modules/")}
    now = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sources.items()}
    assert now == built, "the page is older than its source: make frontend"


def test_every_package_in_the_build_is_named_with_its_licence() -> None:
    packages = json.loads((FRONTEND / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    notices = (STATIC / "THIRD-PARTY.txt").read_text(encoding="utf-8")
    for path, told in packages.items():
        if path and not told.get("dev") and "/@types/" not in path:
            name = path.rpartition("node_modules/")[2]
            assert f"{name} {told['version']} ({told['license']})\n" in notices


def test_the_lock_names_no_registry() -> None:
    lock = (FRONTEND / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert '"integrity"' in lock


def test_every_emoji_of_the_bot_is_drawn_by_the_page() -> None:
    """A machine without a font for them would show boxes."""
    views = (FRONTEND.parents[2] / "slack").rglob("*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in views)
    used = set(re.findall(r'[" ]:([a-z_]+):[" ]', text))
    drawn = (FRONTEND / "src" / "Emoji.tsx").read_text(encoding="utf-8")
    assert len(used) > 5
    assert used <= set(re.findall(r"^  ([a-z_]+): [(<]", drawn, flags=re.MULTILINE))


def test_nothing_is_fetched_by_the_built_styles() -> None:
    styles = (STATIC / "assets" / "index.css").read_text(encoding="utf-8")
    assert "@import" not in styles
    assert "url(http" not in styles
    assert "url(data:" not in styles
