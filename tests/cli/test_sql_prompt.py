"""``wsreplay sql`` without a query: a prompt."""

from __future__ import annotations

import os
import pty
import select
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from captures.recorded import capture, event

from wsreplay.analysis.database import Database
from wsreplay.captures.capture import Capture
from wsreplay.cli.sql_prompt import Prompt, Words, _Keyboard


def typing(*lines: str) -> Callable[[str], str]:
    """Somebody who types these lines and then leaves."""
    waiting = iter(lines)

    def read(_: str) -> str:
        try:
            return next(waiting)
        except StopIteration:
            raise EOFError from None

    return read


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return capture(tmp_path, event(1, op="buy"), event(2, op="sell"))


@pytest.fixture
def database(session: Path) -> Iterator[Database]:
    with Capture.open(session) as opened, Database.of_captures([opened]) as made:
        yield made


def said(database: Database, capsys: pytest.CaptureFixture[str], *lines: str) -> tuple[list[str], list[str]]:
    Prompt(database, Words(database), "csv", typing(*lines)).run()
    out, err = capsys.readouterr()
    return out.splitlines(), err.splitlines()


def test_a_query_may_go_over_several_lines_and_ends_with_a_semicolon(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = said(
        database, capsys, "SELECT seq, op", "FROM events", "WHERE op = 'sell';", "SELECT count(*) AS n FROM events;"
    )
    assert out == ["seq,op", "2,sell", "n", "2"]


def test_a_wrong_query_is_told_and_the_next_one_answered(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = said(database, capsys, "SELECT colour FROM events;", "SELECT 1 AS one;")
    assert out == ["one", "1"]
    assert "colour" in err[0]


def test_a_query_can_touch_nothing(database: Database, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out, err = said(database, capsys, f"COPY (SELECT 1) TO '{tmp_path / 'x'}';")
    assert out == []
    assert "SELECT" in err[0]
    assert not (tmp_path / "x").exists()


def test_what_begins_with_a_dot_is_for_the_prompt(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    out, err = said(
        database,
        capsys,
        ".views",
        ".columns events",
        ".format json",
        "SELECT 1 AS a;",
        ".format x",
        ".no",
        ".quit",
        "SELECT 2;",
    )
    assert out[0].startswith("events            One row an event")
    assert any(line.startswith("capture, seq, part, at") for line in out)
    assert out[-3:] == ["[", '{"a":1}', "]"]
    assert "now it is json" in err[0]
    assert "there is no .no" in err[1]


def test_ctrl_c_gives_up_the_query_and_nothing_else(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    lines = iter(["SELECT nonsense", None, "SELECT 7 AS seven;"])

    def read(_: str) -> str:
        try:
            line = next(lines)
        except StopIteration:
            raise EOFError from None
        if line is None:
            raise KeyboardInterrupt
        return line

    Prompt(database, Words(database), "csv", read).run()
    assert capsys.readouterr().out.splitlines() == ["seven", "7"]


def test_words_complete_to_views_columns_and_keywords(database: Database) -> None:
    words = Words(database)
    assert words.beginning("laten") == ["latency", "latency_ns"]
    assert words.beginning("SEL") == ["SELECT"]
    assert words.beginning("sel") == ["select"]
    assert words.beginning(".f") == [".format"]
    assert words.beginning("") == []


def test_a_terminal_gets_the_prompt_with_completion_and_a_history_of_its_own(session: Path) -> None:
    child, terminal = pty.fork()
    if not child:
        os.execv(sys.executable, [sys.executable, "-m", "wsreplay", "sql", str(session), "--format", "csv"])
    try:
        heard = _until(terminal, b"sql> ")
        os.write(terminal, b"SELECT count(*) AS n FROM duplicate_o\t;\r")
        heard = _until(terminal, b"sql> ")
        assert b"duplicate_orders;" in heard
        assert b"n\r\n0\r\n" in heard
        os.write(terminal, b"\x04")
        assert os.waitpid(child, 0)[1] == 0
    finally:
        os.close(terminal)
    folder = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    history = folder / "wsreplay" / "sql_history"
    assert "duplicate_orders" in history.read_text()
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


def _until(terminal: int, wanted: bytes) -> bytes:
    heard = b""
    while wanted not in heard:
        ready, _, _ = select.select([terminal], [], [], 30)
        assert ready, heard
        heard += os.read(terminal, 4096)
    return heard


def test_a_history_that_can_not_be_read_is_no_reason_to_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "wsreplay" / "sql_history").mkdir(parents=True)
    with Database.of_rows("it") as database, _Keyboard(Words(database)):
        pass
