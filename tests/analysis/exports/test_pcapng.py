"""Packets: an independent reader sees the same messages, control frames and ends."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from captures.recorded import capture, event
from cli.story import handshake

from wsreplay.analysis.exports import Wanted, export
from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event

TSHARK = shutil.which("tshark")
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="needs tshark")
OPCODES = {1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
LONG = "long " * 40_000


def read(path: Path, *fields: str, only: str) -> list[list[str]]:
    """What tshark sees: the fields of each packet that passes the filter."""
    assert TSHARK is not None
    wanted = [word for field in fields for word in ("-e", field)]
    done = subprocess.run(
        [TSHARK, "-r", path, "-Y", only, "-T", "fields", "-E", "separator=|", "-E", "occurrence=a", *wanted],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return [line.split("|") for line in done.stdout.splitlines()]


def exported(out: Path, *rows: Event, **wanted: Any) -> Path:
    with Capture.open(capture(out, *rows)) as opened:
        export(Wanted(opened, **wanted), "pcapng", out / "it.pcapng")
    return out / "it.pcapng"


def line(*rows: Event) -> list[Event]:
    return [event(1, kind="open", sender="client", conn=1, text=handshake(status=101, reason="Switching")), *rows]


@needs_tshark
def test_tshark_reads_the_same_messages_and_control_frames(tmp_path: Path) -> None:
    said: list[tuple[str, str, str | bytes]] = [
        ("client", "text", '{"op":"buy"}'),
        ("venue", "text", "ünïcödé ✂"),
        ("venue", "binary", b"\x00\xff\x7f"),
        ("venue", "ping", b"are you there"),
        ("client", "pong", b"are you there"),
        ("client", "text", ""),
        ("venue", "text", LONG),
        ("client", "text", "x" * 70_000),
    ]
    rows = [
        event(
            seq,
            conn=1,
            sender=sender,
            kind=kind,
            text=payload if isinstance(payload, str) else None,
            data=payload if isinstance(payload, bytes) else None,
        )
        for seq, (sender, kind, payload) in enumerate(said, 2)
    ]
    goodbye = event(50, conn=1, kind="close", text=None, close_code=1012, close_reason="restart")
    path = exported(tmp_path, *line(*rows, goodbye))
    fields = ("websocket.payload.text", "data.data", "websocket.payload.ping", "websocket.payload.pong")
    seen = read(path, "ip.src", "websocket.opcode", *fields, only="websocket")
    found = [("client" if source == "10.0.0.1" else "venue", OPCODES[int(opcode)]) for source, opcode, *_ in seen]
    assert found == [*((sender, kind) for sender, kind, _ in said), ("venue", "close")]
    for (_, _, payload), (_, _, *told) in zip(said, seen, strict=False):
        (shown,) = [each for each in told if each] or [""]
        assert shown == (payload if isinstance(payload, str) else payload.hex())
    assert read(path, "websocket.payload.close.status_code", only="websocket.opcode == 8") == [["1012"]]


@needs_tshark
def test_ends_and_addresses_are_there_to_see(tmp_path: Path) -> None:
    path = exported(
        tmp_path,
        *line(
            event(2, conn=1, sender="client", text="a"),
            event(3, conn=1, kind="end", text=None, ended_by="fin"),
            event(4, conn=1, kind="end", sender="client", text=None, ended_by="rst"),
        ),
    )
    assert read(path, "frame.comment", only="websocket") == [["#2"]]
    assert read(path, "frame.comment", only="tcp.flags.fin == 1") == [["#3"]]
    assert read(path, "frame.comment", only="tcp.flags.reset == 1") == [["#4"]]
    assert read(path, "frame.number", only="tcp.analysis.flags || ip.checksum.status == 0 || _ws.malformed") == []


@needs_tshark
def test_a_part_that_begins_in_the_middle_of_a_line_is_still_websocket(tmp_path: Path) -> None:
    path = exported(tmp_path, *line(event(2, conn=1, text="a"), event(3, conn=1, text="b")), first=3)
    assert read(path, "frame.comment", only="websocket") == [["#3"]]


@needs_tshark
def test_rest_exchanges_are_http(tmp_path: Path) -> None:
    asked = json.dumps({"method": "POST", "url": "https://v.example/orders?x=1", "body": '{"a":1}'})
    said = json.dumps({"status": 201, "headers": [["Content-Encoding", "gzip"]], "body": '{"b":2}'})
    path = exported(
        tmp_path,
        event(1, conn=1, sender="client", kind="http_request", text=asked),
        event(2, conn=1, kind="http_response", text=said),
        event(3, conn=2, sender="client", kind="http_request", text=asked),
    )
    requests = read(path, "http.request.method", "http.request.uri", "http.file_data", only="http.request")
    assert requests == [["POST", "/orders?x=1", '{"a":1}']] * 2
    assert read(path, "http.response.code", "http.file_data", only="http.response") == [["201", '{"b":2}']]
