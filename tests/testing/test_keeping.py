"""The folder of a test: what failed stays, what passed leaves nothing, and what is not ours is never touched."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.testing.keeping import Keep, _parts


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def fill(folder: Path) -> None:
    for name in ("a.parquet", "a.html", "bot-1.txt", "captures.duckdb"):
        (folder / name).touch()
    (folder / "b.live").mkdir()
    (folder / "b.live" / "rows").touch()


def test_a_folder_is_named_after_its_test(root: Path) -> None:
    assert (
        Keep(root, "tests/test_bot.py::Class::test_it").folder == root / "tests" / "test_bot.py" / "Class" / "test_it"
    )


def test_it_is_private_and_git_does_not_see_it(root: Path) -> None:
    folder = Keep(root, "test_bot.py::test_it").begin()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (root / ".gitignore").read_text().splitlines()[-1] == "*"


def test_what_passed_leaves_nothing(root: Path) -> None:
    keep = Keep(root, "tests/test_bot.py::test_it")
    fill(keep.begin())
    keep.drop()
    assert not root.exists()


def test_what_is_not_ours_stays(root: Path) -> None:
    keep = Keep(root, "tests/test_bot.py::test_it")
    fill(keep.begin())
    (keep.folder / "notes.md").touch()
    keep.drop()
    assert [each.name for each in keep.folder.iterdir()] == ["notes.md"]
    assert (root / ".gitignore").exists()


def test_a_folder_that_was_there_keeps_its_own_ignore_file(root: Path) -> None:
    root.mkdir()
    Keep(root, "test_bot.py::test_it").begin()
    assert not (root / ".gitignore").exists()


def test_the_next_run_begins_with_an_empty_folder(root: Path) -> None:
    keep = Keep(root, "test_bot.py::test_it")
    fill(keep.begin())
    assert list(keep.begin().iterdir()) == []


def test_the_other_tests_folders_are_left_alone(root: Path) -> None:
    failed, passed = Keep(root, "test_bot.py::test_a"), Keep(root, "test_bot.py::test_b")
    fill(failed.begin())
    fill(passed.begin())
    passed.drop()
    assert (failed.folder / "a.parquet").exists()


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_test_gets_out_of_the_root_or_into_anothers_folder(one: str, other: str) -> None:
    for nodeid in (one, other):
        for part in _parts(nodeid):
            assert part
            assert part not in (".", "..")
            assert "/" not in part
            assert "\0" not in part
    if f"t.py::a[{one}]" != f"t.py::a[{other}]":
        assert _parts(f"t.py::a[{one}]") != _parts(f"t.py::a[{other}]")
