"""``wsreplay latency``: a table for people, csv and json for programs, one request among its peers."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from captures.recorded import capture, event
from cli.story import refused, run

MS = 1_000_000


@pytest.fixture
def session(tmp_path: Path) -> Path:
    rows = []
    for n in range(1, 21):
        op = "buy" if n % 2 else "sell"
        rows += [
            event(2 * n, conn=1, sender="client", role="request", op=op, symbol="AB", relay_ns=20_000),
            event(2 * n + 1, conn=1, role="reply", op=op, reply_to=2 * n, latency_ns=n * MS, relay_ns=30_000),
        ]
    return capture(tmp_path, *rows)


def test_people_get_durations_in_units(session: Path) -> None:
    result = run("latency", session)
    assert result.exit_code == 0
    heading, first, second, *notes = result.stdout.splitlines()
    assert heading.split()[:3] == ["op", "n", "p50_ns"]
    assert {first.split()[0], second.split()[0]} == {"buy", "sell"}
    assert "10.0 ms" in first + second
    assert notes == ["at most 1 in flight on one connection"]


def test_programs_get_nanoseconds(session: Path) -> None:
    rows = json.loads(run("latency", session, "--by", "symbol,op", "--format", "json").stdout)
    assert [(row["symbol"], row["op"], row["n"], row["max_ns"]) for row in rows] == [
        ("AB", "buy", 10, 19 * MS),
        ("AB", "sell", 10, 20 * MS),
    ]
    assert {row["relay_p50_ns"] for row in rows} == {50_000}
    table = list(csv.DictReader(io.StringIO(run("latency", session, "--format", "csv").stdout)))
    assert [row["n"] for row in table] == ["10", "10"]


def test_one_request_among_its_peers(session: Path) -> None:
    said = run("latency", f"{session}#10").stdout
    assert said.startswith("#10 buy: 5.00 ms, of which 50.0 µs in the recorder; slower than 22.2% of 9 others")


def test_a_plot_has_a_bar_for_every_latency(session: Path) -> None:
    bars = [line for line in run("latency", session, "--plot").stdout.splitlines() if "█" in line or "▏" in line]
    assert sum(int(line.split()[-1]) for line in bars) == 20


def test_several_captures_are_one_table(session: Path, tmp_path: Path) -> None:
    rows = json.loads(run("latency", tmp_path, "--by", "capture", "--format", "json").stdout)
    assert [(row["capture"], row["n"]) for row in rows] == [(session.stem, 20)]


def test_wrong_words_get_one_line(session: Path) -> None:
    assert "choose of op, symbol" in refused("latency", session, "--by", "colour")
    assert "#4711" in refused("latency", f"{session}#4711")
