"""The relay: after the 101, bytes go from one leg to the other as they came, and a copy goes to the scribe.

This is the hot path. No await, no JSON, no disk, nothing that grows: read, hand on, note.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import struct
import time
from collections.abc import Callable
from typing import Protocol

from wsreplay.captures.wire import What

LINGER_NONE = struct.pack("ii", 1, 0)
RESET_GRACE = 1.0
"""Seconds that bytes already read may take to leave before a reset cuts them off."""
WATCH_PAUSED = 0.25
"""How often a leg that is not being read is asked whether it has been reset."""
SILENT = (errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH)
"""How the kernel says that nobody answers any more."""

_mono = time.monotonic_ns
_wall = time.time_ns


class Note(Protocol):
    """Where records go: the hand-over's ``put``."""

    def __call__(
        self, what: int, venue_side: bool, conn: int, at_ns: int, mono_ns: int, relay_ns: int, body: bytes, /
    ) -> bool:
        """Take one record, or drop and count it; never wait."""
        ...


class Wire(asyncio.Protocol):
    """One side of a relayed connection, in plain text. :class:`~wsreplay.proxy.tls.TlsWire` adds TLS."""

    peer: Wire
    relay: Relay

    def __init__(self, transport: asyncio.Transport, venue_side: bool) -> None:
        self.transport = transport
        self.venue_side = venue_side
        self.heard_end = False
        """The peer of this socket sends no more."""
        self.gone = False
        """Nothing can be sent to this socket any more."""
        self.heard_mono_ns = 0
        self.paused = False
        self._watched = False
        self.ended_in_order = True
        """False: TLS ended without saying so (no close_notify)."""

    # What the event loop calls.

    def data_received(self, data: bytes) -> None:
        """Hand on first, note afterwards."""
        wall = _wall()
        read = _mono()
        self.heard_mono_ns = read
        peer = self.peer
        if peer.gone:
            passed = -1
        else:
            peer.send(data)
            passed = _mono() - read
        relay = self.relay
        relay.note(What.DATA, self.venue_side, relay.conn, wall, read, passed, data)

    def eof_received(self) -> bool:
        """The peer has sent its FIN; the other direction stays open."""
        self.relay.ended(self, "fin")
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone: by us (no exception), by a reset, or because nobody answered."""
        self.gone = True
        if exc is not None:
            silent = isinstance(exc, TimeoutError) or getattr(exc, "errno", None) in SILENT
            self.relay.ended(self, "timeout" if silent else "rst")
        self.relay.closed(self)

    def pause_writing(self) -> None:
        """This peer reads slowly: stop reading from the other, so that its sender feels it."""
        self.peer.pause()

    def resume_writing(self) -> None:
        """This peer caught up."""
        self.peer.resume()

    # What the other side calls.

    def send(self, data: bytes) -> None:
        """Send bytes to this side's peer."""
        self.transport.write(data)

    def send_end(self) -> None:
        """Send a FIN; what this side's peer still says is read on."""
        if not self.transport.is_closing() and self.transport.can_write_eof():
            # asyncio (uvloop does not) raises where the system knows of a reset that we are yet to be told of.
            with contextlib.suppress(OSError):
                self.transport.write_eof()

    def pause(self) -> None:
        """Read no more until the other side has room; a reset is watched for meanwhile."""
        if not self.paused and not self.transport.is_closing():
            self.paused = True
            self.transport.pause_reading()
            self._watch_on()

    def resume(self) -> None:
        """Read again."""
        if self.paused:
            self.paused = False
            if not self.transport.is_closing():
                self.transport.resume_reading()

    def reset(self) -> None:
        """Cut this side off with an RST, after a moment for bytes that are still on their way out."""
        if self.gone:
            return
        self.gone = True
        if self.transport.get_write_buffer_size():
            asyncio.get_running_loop().call_later(RESET_GRACE, self._abort)
        else:
            self._abort()

    def close(self) -> None:
        """End this side in order."""
        self.gone = True
        self.transport.close()

    # Private parts.

    def _abort(self) -> None:
        handle = self.transport.get_extra_info("socket")
        if handle is not None and not self.transport.is_closing():
            # Without this, abort() alone sends a FIN.
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
        self.transport.abort()

    def _watch_on(self) -> None:
        if not self._watched:
            # One at a time: a line under pressure stops and goes thousands of times a second.
            self._watched = True
            asyncio.get_running_loop().call_later(WATCH_PAUSED, self._watch)

    def _watch(self) -> None:
        """An event loop that doesn't read a socket doesn't hear its reset either: ask the kernel.

        Its state would not do: after two FINs it is closed as well, and there may be bytes to read.
        """
        self._watched = False
        if not self.paused or self.transport.is_closing():
            return
        error = self.transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self.relay.ended(self, "timeout" if error in SILENT else "rst")
            self.transport.abort()
        else:
            self._watch_on()


class Relay:
    """Two wires, and what the end of one means for the other."""

    def __init__(
        self,
        conn: int,
        note: Note,
        bot: Wire,
        venue: Wire,
        *,
        read_on: float,
        when_over: Callable[[], None],
    ) -> None:
        self.conn = conn
        self.note = note
        self.bot = bot
        self.venue = venue
        self._read_on = read_on
        self._when_over = when_over
        self._over = False
        for wire, peer in ((bot, venue), (venue, bot)):
            wire.relay = self
            wire.peer = peer

    def begin(self) -> None:
        """Take the sockets over."""
        for wire in (self.bot, self.venue):
            # Also one that is closing: its wire has yet to hear that it is lost.
            wire.transport.set_protocol(wire)

    def now(self) -> tuple[int, int]:
        """The time of day and the monotonic time."""
        return _wall(), _mono()

    def ended(self, wire: Wire, how: str) -> None:
        """One side has ended: note it, and pass it on as what it was."""
        if wire.heard_end and how == "fin":
            return
        wire.heard_end = True
        self._note_end(wire, how)
        peer = wire.peer
        if how == "fin":
            if peer.gone or peer.heard_end:
                # Nobody is left who could say anything.
                self._close_both()
            else:
                peer.send_end()
            return
        wire.gone = True
        peer.resume()
        if peer.gone:
            return
        if wire.venue_side:
            self._reset(peer)
            return
        # The bot is gone. A reply to its last words may still be on its way: it is read, and put on record as one that
        # never reached the bot. Then the venue sees the reset.
        since = (self.now()[1] - wire.heard_mono_ns) / 1e9
        if wire.heard_mono_ns and since < self._read_on:
            asyncio.get_running_loop().call_later(self._read_on - since, self._reset, peer)
        else:
            self._reset(peer)

    def closed(self, wire: Wire) -> None:
        """A socket is closed for good."""
        peer = wire.peer
        if not wire.heard_end:
            wire.heard_end = True
            self._note_end(wire, "proxy")
        if peer.gone and peer.transport.is_closing() and not self._over and peer.heard_end:
            self._over = True
            self.note(What.OVER, False, self.conn, *self.now(), -1, b"")
            self._when_over()

    def stop(self) -> None:
        """The recording ends: close both sides in order."""
        for wire in (self.bot, self.venue):
            if not wire.transport.is_closing():
                wire.close()

    def _reset(self, wire: Wire) -> None:
        if not wire.transport.is_closing():
            wire.reset()

    def _close_both(self) -> None:
        for wire in (self.bot, self.venue):
            if not wire.transport.is_closing():
                # What waits to be sent goes first, then the FIN.
                wire.transport.close()
            wire.gone = True

    def _note_end(self, wire: Wire, how: str) -> None:
        self.note(What.END, wire.venue_side, self.conn, *self.now(), -1, how.encode())
