"""``wsreplay show``: the lines of a session, for people and for programs."""

from __future__ import annotations

import base64
import json
import os
import pty
import subprocess
import sys
import time
from math import inf
from pathlib import Path

import pytest
from captures.recorded import BEGAN, EVENTS, capture, event, events, segmented, session, transcripts
from cli.story import HOSTILE, ORDER_ID, URL, refused, run, story, story_rows
from hypothesis import given, settings

from wsreplay.captures.event import Event
from wsreplay.cli.event_line import PLAIN, EventLines
from wsreplay.cli.harmless import harmless


def lines_of(path: Path, *options: str, **environment: str | None) -> list[str]:
    result = run("show", path, *options, **environment)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.splitlines()


def rows_of(path: Path | str, *options: str) -> list[dict[str, object]]:
    result = run("show", path, "--format", "json", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_each_event_is_a_line_that_tells_what_it_was(tmp_path: Path) -> None:
    shown = lines_of(story(tmp_path), TZ="UTC")
    assert len(shown) == len(story_rows())
    assert [" ".join(line.split()) for line in shown] == [
        f"1 06:27:25.124456 c1 → open {URL} after 21.0 ms",
        "2 06:27:25.125456 +1.00 ms c1 → createOrder 120 B BTC-PERP buy 0.5 @ 64210.5, key 7 "
        '{"id":7,"op":"createOrder"}',
        "3 06:27:25.126456 +1.00 ms c1 ← createOrder 90 B answers 2 after 12.3 ms, resting, "
        f'order {ORDER_ID}, key 7 {{"id":7,"ok":true}}',
        f"3.1 06:27:25.126456 c1 ← fact request 2: ok, by reply, order {ORDER_ID}",
        '4 06:27:25.127456 +1.00 ms c1 → createOrder 120 B key 8 {"n":4}',
        f"5 06:27:25.128456 +1.00 ms c1 ← text 80 B {' '.join(harmless(HOSTILE).split())}",
        f"6 06:27:25.129456 +1.00 ms c1 ← binary 203 B {bytes(range(200)).hex(' ')}",
        '7 06:27:25.130456 +1.00 ms c1 ← text 10 B never handed on {"late":true}',
        "8 06:27:25.131456 +1.00 ms c1 ← close 1012 9 B restart",
        "9 06:27:25.132456 +1.00 ms c1 ← end rst the venue's side was reset",
        "9.1 06:27:25.132456 c1 ← fact request 4: unknown, by end-of-connection",
        "10 06:27:25.133456 +1.00 ms c1 → end proxy the bot's side was closed by the proxy",
        f"11 06:27:25.134456 +1.00 ms c2 → open {URL} refused after 31.0 ms: 503 Service Unavailable busy",
        "12 06:27:25.135456 +1.00 ms · gap the hand-over was full, 12 records lost",
        "13 06:27:25.136456 +1.00 ms → GET 0 B https://api.venue.example/v2/orders",
        '14 06:27:25.137456 +1.00 ms ← openOrders 10 B 200 OK, answers 13 after 1.00 s [{"id":1}]',
        "14.1 06:27:25.137456 ← fact request 4: ok, by rest, order 2",
    ]


def test_what_was_not_handed_on_is_not_guessed_where_nobody_could_know(tmp_path: Path) -> None:
    path = capture(tmp_path, event(1, conn=1), mode="mitmdump")
    assert "never handed on" not in lines_of(path)[0]


def test_a_session_that_crosses_midnight_shows_dates(tmp_path: Path) -> None:
    day = 24 * 3600 * 10**9
    path = capture(tmp_path, event(1), event(2, at_ns=BEGAN.wall_ns + day))
    assert ["2026-11-21" in lines_of(path, TZ="UTC")[0], "2026-11-22" in lines_of(path, TZ="UTC")[1]] == [True, True]


def test_nothing_in_a_payload_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    hostile = event(
        1,
        text=HOSTILE,
        op=HOSTILE,
        symbol=HOSTILE,
        key=HOSTILE,
        error_code=HOSTILE,
        close_reason=HOSTILE,
        status=HOSTILE,
        channel=HOSTILE,
    )
    close = event(2, kind="close", close_reason=HOSTILE, text=None)
    opened = event(3, kind="open", text=json.dumps({"url": HOSTILE, "status": 500, "reason": HOSTILE, "body": HOSTILE}))
    rest = event(4, kind="http_request", text=json.dumps({"method": HOSTILE, "url": HOSTILE, "body": HOSTILE}))
    path = capture(tmp_path, hostile, close, opened, rest)
    for options in ([], ["--full"], ["--format", "json"]):
        shown = lines_of(path, *options)
        assert len(shown) == 4
        assert all(line.isprintable() for line in shown)
    assert rows_of(path)[0]["text"] == HOSTILE


@given(EVENTS)
def test_any_event_is_one_printable_line_of_the_width_there_is(row: Event) -> None:
    for width in (None, 40, 100):
        line = EventLines(width=width, style=PLAIN).line(row)
        assert line.isprintable()
        if width == 100:
            from rich.cells import cell_len

            assert cell_len(line) <= width


@settings(max_examples=20, deadline=None)
@given(transcripts())
def test_json_says_every_column_exactly(tmp_path_factory: pytest.TempPathFactory, rows: list[Event]) -> None:
    said = rows_of(capture(tmp_path_factory.mktemp("out"), *rows))
    assert len(said) == len(rows)
    for line, row in zip(said, rows, strict=True):
        there = {name: getattr(row, name) for name in Event.__struct_fields__ if getattr(row, name) is not None}
        if row.data is not None:
            line["data"] = base64.b64decode(str(line["data"]))
        assert line.pop("at")
        # JSON has no infinity; the exact numbers are the texts.
        assert line == {name: None if value in (inf, -inf) else value for name, value in there.items()}


def test_json_keeps_integers_exact_and_leaves_out_what_is_not_there(tmp_path: Path) -> None:
    path = capture(tmp_path, event(1, relay_ns=2**62 + 1, data=b"\x00\xff", text=None, kind="binary"))
    (row,) = rows_of(path)
    assert row["relay_ns"] == 2**62 + 1
    assert row["data"] == "AP8="
    assert row["at"] == "2026-11-21T06:27:25.124456Z"
    assert not {"text", "op", "conn"} & set(row)


def test_rows_are_chosen_by_condition_connection_and_address(tmp_path: Path) -> None:
    path = story(tmp_path)
    assert [row["seq"] for row in rows_of(path, "--where", "outcome = 'unknown' OR size > 200")] == [6, 9]
    assert [row["seq"] for row in rows_of(path, "--conn", "2")] == [11]
    assert [row["seq"] for row in rows_of(path, "--conn", "1", "--where", "role = 'request' -- orders")] == [2, 4]
    assert [row["seq"] for row in rows_of(path, "--where", "seq IN (SELECT reply_seq FROM requests) AND part = 0")] == [
        3,
        14,
    ]
    assert [row["seq"] for row in rows_of(f"{path}#12")] == [12, 13, 14, 14]
    assert [row["seq"] for row in rows_of(f"{path}#9.1", "--conn", "1")] == [9, 9, 10]


def test_a_file_that_is_really_called_so_is_meant(tmp_path: Path) -> None:
    path = story(tmp_path).rename(tmp_path / "odd.parquet#7")
    assert len(lines_of(path)) == len(story_rows())


def test_a_folder_of_segments_and_a_recording_are_shown_whole(tmp_path: Path) -> None:
    path = segmented(tmp_path / "one", events(3), events(3, first=4))
    assert [row["seq"] for row in rows_of(path)] == [1, 2, 3, 4, 5, 6]
    live = session(tmp_path / "two", *events(3))
    assert [row["seq"] for row in rows_of(live.folder, "--where", "seq > 1")] == [2, 3]
    live.abandon()


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("foo = 1", 'Referenced column "foo" not found'),
        ("seq = = 1", 'syntax error at or near "=" (character 7)'),
        ("seq = 1)\nOR (seq = 2", 'syntax error at or near ")" (character 8)'),
        ("seq = 1\nAND nope", "(line 2, character 5)"),
        ("text::INT = 1", "Could not convert string"),
        ("count(*) > 1", "WHERE clause cannot contain aggregates"),
        ("at > now()", 'write "at" in double quotes'),
        ("", ""),
        ("seq = 1; DROP VIEW events", ""),
        ("seq IN (SELECT 1 FROM read_text('/etc/hostname'))", "read_text() is not allowed"),
    ],
)
def test_a_wrong_condition_is_one_line_that_points_at_the_place(tmp_path: Path, where: str, said: str) -> None:
    line = refused("show", story(tmp_path), "--where", where)
    assert line.startswith("--where: ")
    assert said in line


def test_what_is_no_capture_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("hello")
    story(tmp_path / "cut").rename(tmp_path / "cut.parquet")
    with (tmp_path / "cut.parquet").open("r+b") as file:
        file.truncate(100)
    assert "no capture" in refused("show", tmp_path / "text.parquet")
    assert "is cut short" in refused("show", tmp_path / "cut.parquet")
    assert "there is no" in refused("show", tmp_path / "none.parquet")
    assert refused("show", tmp_path / "none.parquet", "--conn", "0").startswith("invalid value for '--conn'")


def test_lines_fit_the_terminal_and_are_whole_in_a_pipe(tmp_path: Path) -> None:
    path = capture(tmp_path, event(1, text="x" * 5000), event(2, text="注" * 5000))
    assert [len(line) for line in lines_of(path, "--full", COLUMNS="100")] == [len(line) for line in lines_of(path)]
    assert all(len(line) > 5000 for line in lines_of(path))
    short = lines_of(path, COLUMNS="100")
    assert len(short[0]) == 100
    assert [line[-1] for line in short] == ["…", "…"]


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colours_are_for_terminals_that_want_them(tmp_path: Path, environment: dict[str, str], coloured: bool) -> None:
    """On a terminal of our own."""
    path = capture(tmp_path, event(1, text=HOSTILE * 5))
    ours, theirs = pty.openpty()
    common = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    subprocess.run(
        [sys.executable, "-m", "wsreplay", "show", str(path)],
        stdout=theirs,
        stdin=theirs,
        env=common | {"TERM": "xterm", **environment},
        check=True,
        timeout=60,
    )
    os.close(theirs)
    written = os.read(ours, 65536).decode()
    os.close(ours)
    assert ("\x1b[2m" in written) is coloured
    assert "\x1b[2J" not in written
    assert not {"\x07", "\x9b", "\u202e"} & set(written)


def test_a_long_capture_is_shown_within_seconds(tmp_path: Path) -> None:
    """A hundred thousand rows take a second and a half; this bound only notices if that is lost by far."""
    lines = EventLines(width=120)
    rows = [
        event(seq, conn=1, size=328, op="createOrder", key=str(seq), symbol="BTC-PERP", side="buy", text="{}" * 100)
        for seq in range(1, 10_001)
    ]
    started = time.process_time()
    for row in rows:
        lines.line(row)
    assert time.process_time() - started < 1


def test_incidents_and_faults_are_sentences_not_json() -> None:
    sample = Path(__file__).parent.parent.parent / "captures" / "samples" / "reya-duplicate-order.parquet"
    shown = "\n".join(lines_of(sample, "--where", "kind IN ('incident', 'fault')"))
    assert "proven: Two orders where one was wanted" in shown
    assert "drop rst before reply createOrder #2" in shown
    assert "{" not in shown


def test_a_recording_without_a_single_event_shows_nothing(tmp_path: Path) -> None:
    assert lines_of(capture(tmp_path)) == []


def test_an_address_behind_the_end_is_wrong_and_a_choice_of_nothing_is_said(tmp_path: Path) -> None:
    path = story(tmp_path)
    beyond = run("show", f"{path}#4711")
    assert (beyond.exit_code, beyond.stdout) == (2, "")
    assert beyond.stderr == f"wsreplay: {path} has no event 4711, nor one after it: leave out #4711\n"
    nothing = run("show", path, "--conn", "99")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert nothing.stderr == f"wsreplay: {path} has no such event\n"
