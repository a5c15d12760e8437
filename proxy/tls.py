"""A wire under TLS: the session that mitmproxy negotiated, carried on by the relay."""

from __future__ import annotations

import asyncio
import time

from OpenSSL import SSL

from wsreplay.captures.wire import What
from wsreplay.proxy.relay import Wire

CHUNK = 65536


class TlsWire(Wire):
    """Bytes are decrypted before they are handed on and noted, and encrypted for this side's peer."""

    def __init__(self, transport: asyncio.Transport, venue_side: bool, session: SSL.Connection) -> None:
        super().__init__(transport, venue_side)
        self._session = session

    def data_received(self, data: bytes) -> None:
        """Decrypt, hand on, note."""
        wall = time.time_ns()
        read = time.monotonic_ns()
        session = self._session
        ended = ""
        try:
            session.bio_write(data)
            while True:
                self.hand_on(session.recv(CHUNK), wall, read)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            ended = "fin"
        except SSL.Error:
            # Bytes that are no TLS: there is no way to go on, and no order in it.
            ended = "rst"
        self._flush()
        if ended:
            self.relay.ended(self, ended)
            if ended == "rst":
                self.transport.abort()

    def hand_on(self, data: bytes, at_ns: int, mono_ns: int) -> None:
        """Hand on what was decrypted, and note it."""
        self.heard_mono_ns = mono_ns
        peer = self.peer
        if peer.gone:
            passed = -1
        else:
            peer.send(data)
            passed = time.monotonic_ns() - mono_ns
        relay = self.relay
        relay.note(What.DATA, self.venue_side, relay.conn, at_ns, mono_ns, passed, data)

    def eof_received(self) -> bool:
        """A FIN. Without a close_notify before it, it is passed on without one."""
        if not self.heard_end:
            self.ended_in_order = False
        return super().eof_received()

    def send(self, data: bytes) -> None:
        """Encrypt and send."""
        try:
            self._session.sendall(data)
        except SSL.Error:
            # The session is shut down in this direction: nothing can be said any more.
            return
        self._flush()

    def send_end(self) -> None:
        """Say that the session ends, unless the other side ended without saying so, then send the FIN."""
        if self.peer.ended_in_order:
            self._shut_down()
        super().send_end()

    def close(self) -> None:
        """End the session, then the connection."""
        self._shut_down()
        super().close()

    def _shut_down(self) -> None:
        try:
            self._session.shutdown()
        except SSL.Error:
            return
        self._flush()

    def _flush(self) -> None:
        while True:
            try:
                sealed = self._session.bio_read(CHUNK)
            except SSL.WantReadError:
                return
            if not self.transport.is_closing():
                self.transport.write(sealed)
