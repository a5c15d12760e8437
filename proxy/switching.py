"""The first bytes behind a 101, which mitmproxy would trim.

It takes line ends that follow the headers for slips of a sloppy client, and eats them, also where the protocol has been
switched and they belong to a frame. No good frame begins so, and a venue that breaks the rules is what we record.
"""

from __future__ import annotations

from typing import Any, cast

from mitmproxy.proxy import events, layer
from mitmproxy.proxy.layers.http._http1 import Http1Connection

_trimming = Http1Connection.make_pipe


def keep_first_bytes() -> None:
    """Pass the bytes behind a 101 on as they came, in every connection from here on."""
    cast(Any, Http1Connection).make_pipe = _make_pipe


def _make_pipe(connection: Any) -> layer.CommandGenerator[None]:
    if connection.response is None or connection.response.status_code != 101:
        yield from _trimming(connection)
        return
    connection.state = connection.passthrough
    if connection.buf:
        held = connection.buf.maybe_extract_at_most(len(connection.buf)) or b""
        yield from connection.state(events.DataReceived(connection.conn, held))
