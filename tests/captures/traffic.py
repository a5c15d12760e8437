"""Traffic for tests: frames as either side writes them, and the records that the proxy makes of them."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable

from wsreplay.captures.wire import Handshake, Record, What, as_json

DEFLATE = "permessage-deflate"


def frame(
    opcode: int, payload: bytes = b"", *, sender: str = "venue", final: bool = True, compressed: bool = False
) -> bytes:
    """One frame on the wire; a client's is masked."""
    first = (0x80 if final else 0) | (0x40 if compressed else 0) | opcode
    mask = b"\x37\xfa\x21\x3d" if sender == "client" else b""
    marked = 0x80 if mask else 0
    if len(payload) < 126:
        head = bytes((first, marked | len(payload)))
    elif len(payload) < 0x10000:
        head = bytes((first, marked | 126)) + len(payload).to_bytes(2)
    else:
        head = bytes((first, marked | 127)) + len(payload).to_bytes(8)
    if mask:
        payload = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return head + mask + payload


def text_frame(text: str, sender: str = "venue") -> bytes:
    """A whole text message."""
    return frame(1, text.encode(), sender=sender)


class Compressing:
    """Writes one side's messages compressed, each with reference to those before."""

    def __init__(self, sender: str = "venue") -> None:
        self._sender = sender
        self._deflate = zlib.compressobj(wbits=-15)

    def payload(self, message: bytes) -> bytes:
        """The message as it stands in its frame."""
        return (self._deflate.compress(message) + self._deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def frame(self, message: bytes, opcode: int = 1) -> bytes:
        """The message in a frame."""
        return frame(opcode, self.payload(message), sender=self._sender, compressed=True)


def handshake(conn: int = 1, extensions: str = "", status: int = 101, mono_ns: int = 1000, url: str = "") -> Record:
    """The OPEN record of a connection."""
    response = [("Sec-WebSocket-Extensions", extensions)] if extensions else []
    body = Handshake(
        url=url or "wss://venue.example/ws",
        request=[("Host", "127.0.0.1")],
        status=status,
        response=response,
        asked_at_ns=mono_ns - 700,
        asked_mono_ns=mono_ns - 500,
    )
    return Record(What.OPEN, False, conn, mono_ns + 10**18, mono_ns, 20, as_json(body))


def data(body: bytes, *, conn: int = 1, sender: str = "venue", mono_ns: int = 2000, relay_ns: int = 30) -> Record:
    """Bytes that one leg sent."""
    return Record(What.DATA, sender == "venue", conn, mono_ns + 10**18, mono_ns, relay_ns, body)


def end(how: str = "fin", *, conn: int = 1, sender: str = "venue", mono_ns: int = 3000) -> Record:
    """The end of one leg."""
    return Record(What.END, sender == "venue", conn, mono_ns + 10**18, mono_ns, -1, how.encode())


def over(conn: int = 1, mono_ns: int = 3001) -> Record:
    """The end of both legs."""
    return Record(What.OVER, False, conn, mono_ns + 10**18, mono_ns, -1, b"")


def cut(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """The stream in chunks, cut at these places (taken modulo its length)."""
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[start:stop] for start, stop in itertools.pairwise(edges)]
