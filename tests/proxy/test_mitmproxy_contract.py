"""What the tap leans on inside mitmproxy and asyncio, beyond what they document: if this fails, look at the tap."""

from __future__ import annotations

import asyncio
import inspect

from mitmproxy import options
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy import commands, events, server
from mitmproxy.proxy.layers import http, tcp
from mitmproxy.proxy.layers.http import _http1
from proxy.line import run

from wsreplay.proxy import switching


def test_a_connection_handler_keeps_reader_and_writer_where_the_tap_replaces_them() -> None:
    fields = set(server.ConnectionIO.__dataclass_fields__)
    assert {"handler", "reader", "writer"} <= fields
    source = inspect.getsource(server.ConnectionHandler.handle_connection)
    assert "self.transports[connection].reader" in source
    assert "reader.read(" in source


def test_the_connected_hooks_come_before_the_first_read() -> None:
    client = inspect.getsource(server.ConnectionHandler.handle_client)
    assert client.index("ClientConnectedHook") < client.index("self.handle_connection")
    venue = inspect.getsource(server.ConnectionHandler.open_connection)
    assert venue.index("ServerConnectedHook") < venue.index("self.handle_connection")


def test_events_are_handled_under_the_lock_that_the_tap_looks_at() -> None:
    assert "async with self._server_event_lock" in inspect.getsource(server.ConnectionHandler.server_event)


def test_handlers_are_found_by_their_client() -> None:
    assert isinstance(Proxyserver().connections, dict)


def test_a_101_without_the_websocket_layer_becomes_a_tcp_flow() -> None:
    source = inspect.getsource(http.HttpStream.flow_done)
    assert "tcp.TCPLayer(self.context)" in source
    assert "websocket" in options.Options()
    assert tcp.TcpStartHook.blocking is commands.StartHook.blocking is True
    assert issubclass(events.HookCompleted, events.CommandCompleted)


def test_what_follows_a_101_is_trimmed_in_the_one_place_that_we_replace() -> None:
    source = inspect.getsource(switching._trimming)
    assert source.count("lstrip") == 1
    assert "self.state(events.DataReceived(self.conn, already_received))" in source
    assert "self.make_pipe()" in inspect.getsource(_http1.Http1Connection.mark_done)


def test_a_stream_reader_holds_what_has_arrived_in_its_buffer() -> None:
    async def scene() -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(b"early")
        assert reader._buffer == bytearray(b"early")  # type: ignore[attr-defined]

    run(scene())
