"""docs/trust.md names tests that exist, and every test of trust is named there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "trust.md").read_text()
ABOUT_TRUST = ("fidelity", "crash", "soak")


def test_each_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(?:python )?(tests/[\w/]+\.py)", PAGE))
    assert len(named) > 30
    assert not [each for each in sorted(named) if not (ROOT / each).is_file()]


def test_each_test_of_trust_is_named() -> None:
    there = {str(path.relative_to(ROOT)) for room in ABOUT_TRUST for path in (ROOT / "tests" / room).glob("test_*.py")}
    assert not [each for each in sorted(there) if each not in PAGE]


def test_each_page_that_is_linked_exists() -> None:
    for name in ("docs/trust.md", "SECURITY.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text()):
            assert (ROOT / name).parent.joinpath(link).is_file(), f"{name}: {link}"
