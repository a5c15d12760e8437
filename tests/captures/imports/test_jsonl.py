"""JSON lines: our own come back exactly; those of others need a time, a direction and a payload."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wsreplay.analysis.exports import Wanted, export
from wsreplay.analysis.incidents import FINISHER
from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.importing import import_events
from wsreplay.captures.imports import jsonl

SAMPLES = sorted((Path(__file__).parents[3] / "captures" / "samples").glob("*.parquet"))


def imported(path: Path, out: Path, **options: Any) -> list[Event]:
    ours = jsonl.is_ours(path)
    made = import_events(jsonl.read(path), out, source=path.name, blind=(), ours=ours, **options)
    with Capture.open(made) as opened:
        return list(opened.events())


def written(folder: Path, *lines: object) -> Path:
    path = folder / "log.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n")
    return path


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_what_was_exported_comes_back_as_it_was(sample: Path, tmp_path: Path) -> None:
    with Capture.open(sample) as opened:
        export(Wanted(opened), "jsonl", tmp_path / "it.jsonl")
        before = [row for row in opened.events() if row.kind != "incident"]
    after = imported(tmp_path / "it.jsonl", tmp_path / "out", finishers=(FINISHER,), venue=before[0].venue)
    assert [row for row in after if row.kind != "incident"] == before


@pytest.mark.parametrize(
    "at",
    [
        "2026-11-21T06:27:25.123456Z",
        "2026-11-21T07:27:25.123456+01:00",
        1_795_242_445.123456,
        1_795_242_445_123.456,
        1_795_242_445_123_456,
        1_795_242_445_123_456_000,
        "1795242445123.456",
    ],
)
def test_a_time_is_known_by_its_size(at: object, tmp_path: Path) -> None:
    _, message = imported(written(tmp_path, {"ts": at, "dir": "in", "msg": "hello"}), tmp_path / "out")
    assert message.at_ns == 1_795_242_445_123_456_000


@pytest.mark.parametrize("word", sorted(jsonl.SENT | jsonl.RECEIVED))
def test_a_direction_is_known_by_its_word(word: str, tmp_path: Path) -> None:
    _, message = imported(written(tmp_path, {"time": 1, "direction": word.upper(), "data": "x"}), tmp_path / "out")
    assert message.sender == ("client" if word in jsonl.SENT else "venue")


def test_connections_are_told_apart_and_pairs_are_found(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"time": 1.0, "type": "send", "message": {"op": "buy", "id": 9007199254740993}, "socket": "a"},
        {"time": 1.5, "type": "send", "message": {"op": "sell", "id": 1}, "socket": "b"},
        {"time": 2.0, "type": "recv", "message": '{"op":"buy","id":9007199254740993,"ok":true}', "socket": "a"},
    )
    rows = imported(path, tmp_path / "out")
    assert [(row.conn, row.kind) for row in rows if row.part == 0] == [
        (1, "open"), (1, "text"), (2, "open"), (2, "text"), (1, "text"),
    ]  # fmt: skip
    reply = rows[-2]
    assert (reply.key, reply.latency_ns) == ("9007199254740993", 10**9)


def test_secrets_are_replaced_on_the_way_in(tmp_path: Path) -> None:
    secret = "kX9vQ2mLr7TzB4wN8cHs"
    rows = imported(
        written(tmp_path, {"time": 1, "type": "send", "text": f'{{"apiKey":"{secret}"}}'}), tmp_path / "out"
    )
    assert secret not in str(rows)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is no JSON"),
        ("[1]", "no JSON object"),
        ({"dir": "in", "msg": "x"}, "no time: it is looked for under at_ns, at"),
        ({"ts": 1, "msg": "x"}, "no direction"),
        ({"ts": 1, "dir": "sideways", "msg": "x"}, "the direction 'sideways'"),
        ({"ts": 1, "dir": "in"}, "no payload"),
        ({"ts": "yesterday", "dir": "in", "msg": "x"}, "the time 'yesterday'"),
        ({"ts": 10**30, "dir": "in", "msg": "x"}, "the time"),
        ("[" * 100_000, "line 2 is no JSON"),
    ],
)
def test_what_can_not_be_read_is_named_by_its_line_and_leaves_nothing(line: object, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, {"ts": 1, "dir": "in", "msg": "x"}, line)
    with pytest.raises(CaptureError, match="line 2") as caught:
        imported(path, tmp_path / "out")
    assert said in str(caught.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_event_of_ours_that_was_altered_is_named(tmp_path: Path) -> None:
    ours = {"seq": 1, "part": 0, "at_ns": 1, "mono_ns": 1, "first_mono_ns": 1, "sender": "venue", "kind": "text"}
    with pytest.raises(CaptureError, match="line 2: no event"):
        imported(written(tmp_path, ours, ours | {"seq": "two"}), tmp_path / "out")


def test_a_payload_keeps_the_text_that_it_has_in_the_line(tmp_path: Path) -> None:
    payload = '{"p": 0.10, "q":123456789012345678901234567890, "r":1e400}'
    path = written(tmp_path, f'{{"time":1700000000.123456789,"dir":"in","msg":{payload}}}')
    message = imported(path, tmp_path / "out")[1]
    assert message.text == payload
    assert message.at_ns == 1_700_000_000_123_456_789


def test_a_time_keeps_its_nanoseconds(tmp_path: Path) -> None:
    path = written(tmp_path, {"time": "2026-11-21T06:27:25.123456789Z", "dir": "in", "msg": "x"})
    assert imported(path, tmp_path / "out")[0].at_ns == 1_795_242_445_123_456_789


@pytest.mark.parametrize(
    "time", ["NaN", "Infinity", 99_999_999_999, -99_999_999_999, "0001-01-01T00:00:00", "9999-12-31T00:00:00Z", True]
)
def test_a_time_that_no_capture_can_hold_is_named(tmp_path: Path, time: object) -> None:
    with pytest.raises(CaptureError, match="line 1 has the time"):
        imported(written(tmp_path, {"time": time, "dir": "in", "msg": "x"}), tmp_path / "out")


def test_half_a_letter_costs_that_letter_alone(tmp_path: Path) -> None:
    path = written(tmp_path, r'{"time":1,"dir":"in","msg":"a \ud83d b \ud83d\ude00 c \\ud83d \ude00"}')
    assert imported(path, tmp_path / "out")[1].text == "a \ufffd b \U0001f600 c \\ud83d \ufffd"


def test_a_mark_at_the_beginning_and_windows_line_ends_are_no_content(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"time":1,"dir":"in","msg":"x"}\r\n\r\n{"time":2,"dir":"out","msg":"y"}\r\n')
    assert [row.text for row in imported(path, tmp_path / "out")[1:]] == ["x", "y"]


def own(seq: object, part: int = 0, at_ns: object = 1, **said: object) -> dict[str, object]:
    clocks = {"at_ns": at_ns, "mono_ns": 1, "first_mono_ns": 1}
    return {"seq": seq, "part": part, **clocks, "sender": "client", "kind": "text", "text": "x", **said}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([own(2**70)], "no capture can hold"),
        ([own(1, at_ns=2**80)], "no capture can hold"),
        ([own(2), own(2)], "not in its order"),
        ([own(2), own(1)], "not in its order"),
        ([{"seq": 1, "kind": "text", "mono_ns": 3}], "it has no at_ns"),
    ],
)
def test_lines_of_ours_that_were_altered_are_named(tmp_path: Path, lines: list[object], said: str) -> None:
    with pytest.raises(CaptureError, match=said):
        imported(written(tmp_path, *lines), tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


def test_facts_that_were_observed_keep_their_places_beside_those_that_follow(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        own(1, conn=1, text='{"op":"place","id":1}'),
        own(2, conn=1, sender="venue", kind="end", ended_by="rst", text=None),
        own(2, 1, conn=1, sender="venue", kind="fact", text='{"malformed":"a frame"}'),
    )
    rows = imported(path, tmp_path / "out")
    addresses = [(row.seq, row.part) for row in rows]
    assert addresses == sorted(set(addresses))
    assert rows[2].text == '{"malformed":"a frame"}'
    assert len(rows) == 4


def test_a_log_whose_clock_was_set_back_has_no_negative_intervals(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {"time": 1_700_000_002, "dir": "out", "msg": {"op": "place", "id": 1}},
        {"time": 1_700_000_001, "dir": "in", "msg": {"op": "place", "id": 1, "ok": True}},
    )
    reply = imported(path, tmp_path / "out")[2]
    assert (reply.at_ns, reply.latency_ns) == (1_700_000_001_000_000_000, 0)


def test_bytes_of_ours_that_are_no_utf8_are_named_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "altered.jsonl"
    path.write_bytes(b'{"seq":1,"kind":"text","mono_ns":1,"text":"\xff"}\n')
    with pytest.raises(CaptureError, match="line 1"):
        list(jsonl.read(path))
