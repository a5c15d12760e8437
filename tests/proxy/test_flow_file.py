"""mitmproxy's flow files as captures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mitmproxy import http
from mitmproxy.flow import Flow
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow
from mitmproxy.websocket import WebSocketMessage
from wsproto.frame_protocol import Opcode

from wsreplay.captures.capture import Capture
from wsreplay.captures.errors import CaptureError
from wsreplay.captures.event import Event
from wsreplay.captures.importing import import_events
from wsreplay.proxy import flow_file


def written(path: Path, *flows: Flow) -> Path:
    with path.open("wb") as file:
        writer = FlowWriter(file)
        for flow in flows:
            writer.add(flow)
    return path


def imported(path: Path, out: Path) -> list[Event]:
    made = import_events(flow_file.read(path), out, source=path.name, blind=flow_file.BLIND)
    with Capture.open(made) as opened:
        return list(opened.events())


def test_messages_exchanges_and_goodbyes_come_over(tmp_path: Path) -> None:
    line = tflow.twebsocketflow(err=None)
    assert line.websocket is not None
    line.websocket.messages = [
        WebSocketMessage(Opcode.TEXT, True, b'{"op":"buy","id":7}', 1795242445.5),
        WebSocketMessage(Opcode.TEXT, False, b'{"op":"buy","id":7,"ok":true}', 1795242445.75),
        WebSocketMessage(Opcode.BINARY, False, b"\x00\xff", 1795242446.0),
    ]
    line.websocket.close_code, line.websocket.close_reason = 1012, "restart"
    line.websocket.closed_by_client, line.websocket.timestamp_end = False, 1795242447.0
    rows = imported(written(tmp_path / "flows", line, tflow.tflow(resp=True)), tmp_path / "out")
    assert {row.kind for row in rows} >= {"http_request", "http_response"}
    told = [row for row in rows if row.part == 0 and not row.kind.startswith("http")]
    assert [row.kind for row in told] == ["open", "text", "text", "binary", "close"]
    reply = told[2]
    assert (reply.key, reply.latency_ns) == ("7", 250_000_000)
    assert (told[-1].sender, told[-1].close_code, told[-1].close_reason) == ("venue", 1012, "restart")


def test_a_file_that_is_cut_short_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "flows", tflow.twebsocketflow())
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CaptureError, match="cut short"):
        imported(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_length_that_is_a_lie_costs_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "flows"
    path.write_bytes(b"99999999999:3:abc,")
    with pytest.raises(CaptureError, match="no flow file"):
        imported(path, tmp_path / "out")


def test_a_header_that_is_no_utf8_costs_its_letters_alone(tmp_path: Path) -> None:
    flow = tflow.tflow(resp=True)
    flow.request.headers = http.Headers([(b"x-name", b"caf\xe9")])
    request = imported(written(tmp_path / "flows", flow), tmp_path / "out")[0]
    assert '["x-name","caf\ufffd"]' in (request.text or "")


@pytest.mark.parametrize("field", [b"4:alpn;", b"8:response;", b"4:type;"])
def test_a_field_that_is_missing_gets_one_line(field: bytes, tmp_path: Path) -> None:
    path = written(tmp_path / "flows", tflow.tflow(resp=True))
    content = path.read_bytes()
    where = re.search(re.escape(field[:-1]), content)
    assert where is not None
    path.write_bytes(content[: where.end() - 1] + b"X" + content[where.end() :])
    with pytest.raises(CaptureError, match="no flow file of mitmproxy"):
        imported(path, tmp_path / "out")
