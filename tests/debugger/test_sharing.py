"""Sharing: addresses, notes, and parts of a capture."""

from __future__ import annotations

import asyncio
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from debugger.driving import SAMPLES, debugging

import wsreplay

run = asyncio.run


@pytest.fixture
def twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copy(SAMPLES / "reya-duplicate-order.parquet", tmp_path / "twice.parquet"))


def test_the_address_is_shown_and_copied(twice: Path) -> None:
    async def story() -> None:
        async with debugging(twice, seq=8) as driver:
            assert "twice.parquet#8" in driver.screen
            await driver.press("y")
            assert driver.app.clipboard == f"{twice}#8"

    run(story())


def test_notes_are_kept_beside_the_capture_for_its_owner_alone(twice: Path) -> None:
    before = twice.read_bytes()

    async def story() -> None:
        async with debugging(twice, seq=8) as driver:
            await driver.press("a")
            await driver.type("the reply that nobody heard")
        async with debugging(twice, seq=1) as driver:
            await driver.press("A", "enter")
            assert driver.at == "8"
            assert "* the reply that nobody heard" in driver.panel("facts")
            await driver.press("a")
            assert "the reply that nobody heard" in driver.screen
            await driver.press("ctrl+u", "enter")
            assert driver.said == "the note is gone"

    run(story())
    notes = twice.with_name("twice.notes.json")
    assert stat.S_IMODE(notes.stat().st_mode) == 0o600
    assert twice.read_bytes() == before
    assert b"nobody heard" not in notes.read_bytes()


def test_a_note_that_can_not_be_kept_is_said_to_be_and_may_be_tried_again(twice: Path) -> None:
    notes = twice.with_name("twice.notes.json")

    async def story() -> None:
        async with debugging(twice, seq=8) as driver:
            notes.mkdir()
            await driver.press("a")
            await driver.type("important")
            assert "twice.notes.json" in driver.screen
            notes.rmdir()
            await driver.press("enter")
            assert driver.said.startswith("noted in")

    run(story())
    assert b"important" in notes.read_bytes()


def test_what_is_shown_becomes_a_capture_of_its_own(twice: Path) -> None:
    async def story() -> None:
        async with debugging(twice, seq=11) as driver:
            await driver.press("x", "e")
            assert "where conn = 2" in driver.screen
            await driver.press("enter")
            await driver.settle()
            assert driver.said == "twice-11.parquet: 10 rows"

    run(story())
    with wsreplay.open("twice-11.parquet") as part:
        assert {event.conn for event in part.events()} == {2}
        assert part.metadata.notes["part_of"]


def test_a_part_becomes_a_test_case_that_passes_and_can_fail(twice: Path) -> None:
    async def story() -> None:
        async with debugging(twice, seq=6) as driver:
            await driver.press("e", "ctrl+u")
            await driver.type("test_twice.py 6..12")
            assert driver.said == "test_twice.py: 13 rows"

    run(story())
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_twice.py"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    case = Path("test_twice.py")
    case.write_text(case.read_text().replace("'duplicate-order'", "'disconnect'"))
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [("twice.parquet", "twice.parquet is there already"), ("a.txt", "name a file that ends in .parquet or .py")],
)
def test_no_file_is_written_over(twice: Path, answer: str, why: str) -> None:
    before = twice.read_bytes()

    async def story() -> None:
        async with debugging(twice, seq=11) as driver:
            await driver.press("e", "ctrl+u")
            await driver.type(answer)
            assert why in driver.screen

    run(story())
    assert twice.read_bytes() == before
