"""docs/cli.md is what --help prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from wsreplay.analysis.views import VIEWS
from wsreplay.cli.app import COMMANDS
from wsreplay.cli.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == reference(), "run: python -m wsreplay.cli.reference > docs/cli.md"


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: str(entry.name))
def test_no_command_is_undocumented(entry: object) -> None:
    assert f"\n## wsreplay {entry.name}\n" in PAGE.read_text()  # type: ignore[attr-defined]


def test_no_view_is_undocumented() -> None:
    assert all(f"\n### {view}\n" in PAGE.read_text() for view in VIEWS)


def test_the_reference_is_the_same_wherever_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    here = reference()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert reference() == here
