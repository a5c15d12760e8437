"""permessage-deflate (RFC 7692), undone for one direction of one connection."""

from __future__ import annotations

import zlib
from typing import Literal

_WINDOW_BITS = -15
"""Raw deflate with the largest window, whatever was negotiated: it reads what any smaller one wrote, and senders that
write with a larger one than they promised."""
_WINDOW = 1 << 15
_ENDING = b"\x00\x00\xff\xff"
"""What the sender strips from the end of each message: the rest of an empty stored block."""
_FINAL_BLOCK = b"\x01\x00\x00\xff\xff"
"""An empty stored block that ends a deflate stream; read as such only where a block may begin."""


class DeflateError(Exception):
    """A message that can't be inflated; says why in plain words."""


class Inflater:
    """Undoes the compression of the messages of one direction, in their order.

    After a message that could not be inflated the sender's history is unknown. Reading goes on with an empty one: a
    later message that only refers to what came since is inflated exactly, and one that refers further back is an
    error again. What is inflated is never a guess.
    """

    def __init__(self, context_takeover: bool, limit: int) -> None:
        """Without ``context_takeover`` each message stands alone. No message is inflated beyond ``limit`` bytes."""
        self._context_takeover = context_takeover
        self._limit = limit
        self._ending = _ENDING if context_takeover else _ENDING + _FINAL_BLOCK
        self._history_lost = False
        self._decoder = zlib.decompressobj(_WINDOW_BITS)

    def inflate(self, data: bytes) -> bytes:
        """The message that the payloads of its frames, joined, stand for. Raises :class:`DeflateError`."""
        try:
            return self._inflate(data)
        except zlib.error as error:
            broken = self._broken(error)
        except DeflateError as error:
            broken = error
        self.forget()
        raise broken

    def forget(self) -> None:
        """Go on without a history: a compressed message went by that was not inflated."""
        self._decoder = zlib.decompressobj(_WINDOW_BITS)
        self._history_lost = self._context_takeover

    def _inflate(self, data: bytes) -> bytes:
        decoder = self._decoder
        message = decoder.decompress(data, self._limit + 1)
        if len(message) > self._limit:
            raise DeflateError(f"compressed message that inflates to more than {self._limit} bytes")
        if decoder.eof:
            # Some senders end the deflate stream with each message (RFC 7692, 7.2.3.4); the next one may refer to this.
            if decoder.unused_data not in (b"", b"\x00"):
                raise DeflateError("compressed data that goes on after its end")
            history = message[-_WINDOW:] if self._context_takeover else b""
            self._decoder = zlib.decompressobj(_WINDOW_BITS, zdict=history)
            return message
        # The ending is no data: if bytes come out of it, or no block may begin after it, the message was cut short.
        cut_short = decoder.decompress(self._ending, 1) != b""
        if not self._context_takeover:
            cut_short = cut_short or not decoder.eof
            self._decoder = zlib.decompressobj(_WINDOW_BITS)
        if cut_short:
            raise DeflateError("compressed data that ends too early")
        return message

    def _broken(self, error: zlib.error) -> DeflateError:
        reason = str(error).rpartition(": ")[2]
        if self._history_lost and "too far back" in reason:
            return DeflateError("compressed data that refers to an earlier message, which could not be read")
        return DeflateError(f"compressed data that is broken ({reason})")


def inflater_for(sender: Literal["client", "venue"], extensions: str, limit: int) -> Inflater | None:
    """The inflater that the agreed ``Sec-WebSocket-Extensions`` ask for in this direction, if any."""
    alone = "client_no_context_takeover" if sender == "client" else "server_no_context_takeover"
    for extension in extensions.lower().split(","):
        name, *parameters = (part.strip() for part in extension.split(";"))
        if name == "permessage-deflate":
            return Inflater(context_takeover=alone not in parameters, limit=limit)
    return None
