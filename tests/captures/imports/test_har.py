"""HTTP archives: those that browsers write, and our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wsreplay.analysis.exports import Wanted, export
from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.importing import import_events
from wsreplay.captures.imports import har

SAMPLES = sorted((Path(__file__).parents[3] / "captures" / "samples").glob("*.parquet"))


def imported(path: Path, out: Path) -> list[Event]:
    with Capture.open(import_events(har.read(path), out, source=path.name, blind=har.BLIND)) as opened:
        assert opened.metadata.mode == "import"
        assert opened.metadata.notes["blind"] == list(har.BLIND)
        return list(opened.events())


def archive(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "it.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return path


BROWSER: dict[str, Any] = {
    "startedDateTime": "2026-11-21T06:27:25.000Z",
    "time": 5000,
    "request": {"method": "GET", "url": "wss://v.example/ws", "headers": [{"name": "Host", "value": "v.example"}]},
    "response": {"status": 101, "statusText": "Switching Protocols", "headers": []},
    "_resourceType": "websocket",
    "_webSocketMessages": [
        {"type": "send", "time": 1795242445.5, "opcode": 1, "data": '{"op":"place","id":1}'},
        {"type": "receive", "time": 1795242445.75, "opcode": 1, "data": '{"op":"place","id":1,"ok":true}'},
        {"type": "receive", "time": 1795242446.0, "opcode": 2, "data": "AP8="},
    ],
}


def test_a_browsers_archive_becomes_a_capture_with_replies(tmp_path: Path) -> None:
    opened, request, reply, outcome, binary = imported(archive(tmp_path, BROWSER), tmp_path / "out")
    assert (opened.kind, opened.at_ns) == ("open", 1_795_242_445_000_000_000)
    assert (request.sender, request.op, request.size, request.frames, request.compressed) == (
        "client", "place", None, None, None,
    )  # fmt: skip
    assert (reply.reply_to, reply.latency_ns, outcome.outcome) == (request.seq, 250_000_000, "ok")
    assert binary.data == b"\x00\xff"


def test_exchanges_stand_among_messages_in_the_order_of_time(tmp_path: Path) -> None:
    rest = {
        "startedDateTime": "2026-11-21T06:27:25.600Z",
        "time": 20.5,
        "request": {"method": "POST", "url": "https://v.example/orders", "postData": {"text": "{}"}},
        "response": {"status": 201, "content": {"text": "eyJhIjoxfQ==", "encoding": "base64"}},
    }
    rows = [row for row in imported(archive(tmp_path, rest, BROWSER), tmp_path / "out") if row.part == 0]
    assert [row.kind for row in rows] == ["open", "text", "http_request", "http_response", "text", "binary"]
    assert json.loads(rows[3].text or "")["body"] == '{"a":1}'
    assert rows[3].mono_ns - rows[2].mono_ns == 20_500_000


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_our_own_archive_holds_every_message(sample: Path, tmp_path: Path) -> None:
    with Capture.open(sample) as opened:
        export(Wanted(opened), "har", tmp_path / "it.har")
        before = [(row.sender, row.text, row.data) for row in opened.events() if row.kind in ("text", "binary")]
    rows = imported(tmp_path / "it.har", tmp_path / "out")
    after = [(row.sender, row.text, row.data) for row in rows if row.kind in ("text", "binary")]
    assert sorted(after, key=str) == sorted(before, key=str)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "no HTTP archive"),
        ('{"log":{"entries":7}}', "no HTTP archive"),
        ('{"log":{"entries":[{"startedDateTime":"noon"}]}}', "the time 'noon'"),
        ("[" * 200_000, "no HTTP archive"),
        ('{"log":{"entries":[]}}', "holds no messages"),
    ],
)
def test_what_is_no_archive_is_said_in_one_line_and_leaves_nothing(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "it.har"
    path.write_text(content)
    with pytest.raises(CaptureError, match=said):
        imported(path, tmp_path / "out")
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("time", [1e308, -1, None])
def test_a_duration_that_is_none_is_taken_for_none(tmp_path: Path, time: float | None) -> None:
    entry = {**BROWSER, "time": time, "_webSocketMessages": None}
    rows = imported(archive(tmp_path, entry), tmp_path / "out")
    assert [row.at_ns for row in rows if row.part == 0] == [1_795_242_445_000_000_000] * 2


def test_what_is_left_null_is_empty(tmp_path: Path) -> None:
    entry = {**BROWSER, "_webSocketMessages": None}
    entry["request"] = {**entry["request"], "postData": {"text": None}}
    entry["response"] = {"status": 200, "content": {"text": None, "encoding": None}}
    assert [row.kind for row in imported(archive(tmp_path, entry), tmp_path / "out")][:2] == [
        "http_request",
        "http_response",
    ]


def test_a_mark_at_the_beginning_and_half_letters_are_no_obstacle(tmp_path: Path) -> None:
    path = archive(tmp_path, BROWSER)
    content = path.read_bytes().replace(b"true}", b"true}\\ud83d")
    path.write_bytes(b"\xef\xbb\xbf" + content)
    assert har.looks_so(path.read_bytes()[:4096])
    texts = [row.text for row in imported(path, tmp_path / "out") if row.kind == "text"]
    assert texts[1] == '{"op":"place","id":1,"ok":true}\ufffd'


def test_a_time_after_all_times_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no capture can hold"):
        imported(
            archive(tmp_path, {**BROWSER, "startedDateTime": "9999-12-31T00:00:00Z", "_webSocketMessages": None}),
            tmp_path / "out",
        )
