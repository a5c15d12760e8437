"""The doorway: a handshake on its way through the middle, from a bot's first byte to the venue's answer."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from wsreplay.captures.wire import Handshake, What, as_json
from wsreplay.faults.effects import Delay, Drop, Reject
from wsreplay.faults.firing import Firing
from wsreplay.proxy.gate import Early, Gate
from wsreplay.proxy.gated_wire import GatedWire
from wsreplay.proxy.relay import Wire
from wsreplay.proxy.scheduler import pause
from wsreplay.replay.line import in_words
from wsreplay.replay.targets import Place

if TYPE_CHECKING:
    from wsreplay.replay.middle import Middle

CONNECT_S = 10.0
LARGEST_HEAD = 64 << 10
REFUSAL_KEPT = 64 << 10
_END = b"\r\n\r\n"
_OFFER = "sec-websocket-extensions"


class Head:
    """The first part of an HTTP request or response, and what came after it in the same breath."""

    def __init__(self, data: bytes, rest: bytes) -> None:
        self.first, *lines = data.decode("latin-1").split("\r\n")
        parted = (line.partition(":") for line in lines)
        self.headers = [(name, value.strip()) for name, _, value in parted]
        self.rest = rest

    @property
    def target(self) -> str:
        """Of a request: what is asked for."""
        return [*self.first.split(" "), ""][1]

    @property
    def status(self) -> int:
        """Of a response."""
        said = self.target
        return int(said) if said.isdecimal() else 0

    @property
    def reason(self) -> str:
        """Of a response, in words."""
        return self.first.split(" ", 2)[2] if self.first.count(" ") > 1 else ""

    @property
    def length(self) -> int | None:
        """How long the body is, if that is said."""
        said = [value for name, value in self.headers if name.lower() == "content-length" and value.isdecimal()]
        return int(said[0]) if said else None

    def without(self, name: str) -> Head:
        """The same without this header."""
        self.headers = [each for each in self.headers if each[0].lower() != name]
        return self

    def towards(self, authority: str) -> Head:
        """The same for another server than the bot takes us for."""
        self.headers = [(name, authority if name.lower() == "host" else value) for name, value in self.headers]
        return self

    def wire(self) -> bytes:
        """Its bytes."""
        lines = [self.first, *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join(lines).encode("latin-1") + _END


class _Side(asyncio.Protocol):
    """One side of the handshake: collects its head. A side that ends before it is over ends it."""

    def __init__(
        self, headed: Callable[[Head], None], more: Callable[[bytes], None], ended: Callable[[], None]
    ) -> None:
        self.transport: asyncio.Transport | None = None
        self.fault: Exception | None = None
        self._headed, self._more, self._ended = headed, more, ended
        self._data = bytearray()
        self._whole = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._whole:
            self._more(data)
            return
        self._data += data
        end = self._data.find(_END)
        if end >= 0:
            self._whole = True
            self._headed(Head(bytes(self._data[:end]), bytes(self._data[end + len(_END) :])))
        elif len(self._data) > LARGEST_HEAD and self.transport is not None:
            self.transport.abort()

    def eof_received(self) -> bool:
        self._ended()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.fault = exc
        self._ended()


class _TlsGatedWire(GatedWire):
    """A venue's side under asyncio's TLS, which knows no half-closed connections."""

    def eof_received(self) -> bool:
        super().eof_received()
        return False


class Doorway(_Side):
    """A bot asks for a WebSocket: do what the plan says of it, ask the venue, and leave both sides to a gate."""

    def __init__(
        self,
        middle: Middle,
        place: Place,
        conn: int,
        upstream: str,
        tls: ssl.SSLContext | None,
        failed: Callable[[str], None] | None,
        made: Callable[..., Gate],
    ) -> None:
        super().__init__(self._asked, self._said_more, self._bot_ended)
        self._middle = middle
        self._place = place
        self._conn = conn
        self._upstream = upstream
        self._tls = tls
        self._failed = failed
        self._made = made
        self._request: Head | None = None
        self._asked_at = (0, 0)
        self._answer: Head | None = None
        self._body = bytearray()
        self._passed = 0
        """Bytes of the body of a refusal; not all of them are kept."""
        self._early: list[Early] = []
        self._venue = _Side(self._answered, self._refusal_goes_on, self._venue_ended)
        self._work: asyncio.Task[None] | None = None
        self._over = False

    def leave(self) -> None:
        """The replay is over: so is this handshake."""
        self._fail("the replay ended before the handshake did")

    # From the bot

    def _asked(self, head: Head) -> None:
        self._request = head.without(_OFFER).towards(self._place.authority)
        self._asked_at = self._now()
        self._work = asyncio.get_running_loop().create_task(self._admit(head))
        self._said_more(head.rest)

    def _said_more(self, data: bytes) -> None:
        """A bot that does not wait for the answer."""
        if data:
            self._early.append(Early(False, data, *self._now()))

    def _bot_ended(self) -> None:
        if self._answer is not None:
            self._refused()
        else:
            self._fail("the bot ended the connection during the handshake")

    async def _admit(self, head: Head) -> None:
        """Let it through, or do what the plan says."""
        middle = self._middle
        for firing in middle.matcher.opening(self._conn, self._upstream):
            effect = firing.effect
            if isinstance(effect, Delay):
                delay_ns = effect.drawn_ns(firing.draw)
                self._tell(firing, delay_ns=delay_ns)
                await pause(middle.scheduler, delay_ns)
                continue
            self._tell(firing)
            if isinstance(effect, Reject):
                self._reject(effect)
            elif isinstance(effect, Drop):
                self._drop(effect)
            return
        place = self._place
        try:
            async with asyncio.timeout(CONNECT_S):
                await asyncio.get_running_loop().create_connection(
                    lambda: self._venue, place.host, place.port, ssl=self._tls
                )
        except TimeoutError:
            self._fail(f"no connection within {CONNECT_S:g} s")
        except OSError as error:
            self._fail(in_words(error))
        else:
            if self._venue.transport is not None and not self._over:
                self._venue.transport.write(head.wire())

    def _reject(self, reject: Reject) -> None:
        body = reject.body.encode()
        reason = HTTPStatus(reject.status).phrase if reject.status in HTTPStatus else ""
        answer = Head(f"HTTP/1.1 {reject.status} {reason}".encode(), body)
        answer.headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        self._answer = answer
        self._body += body
        if self.transport is not None:
            self.transport.write(answer.wire() + body)
        self._refused()

    def _drop(self, drop: Drop) -> None:
        if drop.how == "rst" and self.transport is not None and not self.transport.is_closing():
            Wire(self.transport, venue_side=False).reset()
        self._fail("a fault cut the line", tell=False)

    # From the venue

    def _answered(self, head: Head) -> None:
        self._answer = head
        if self.transport is None or self._over:
            return
        if head.status == 101:
            self._open(head)
            return
        self.transport.write(head.wire())
        self._refusal_goes_on(head.rest)

    def _refusal_goes_on(self, data: bytes) -> None:
        assert self._answer is not None
        self._body += data[: REFUSAL_KEPT - len(self._body)]
        self._passed += len(data)
        if data and self.transport is not None:
            self.transport.write(data)
        length = self._answer.length
        if length is not None and self._passed >= length:
            self._refused()

    def _venue_ended(self) -> None:
        if self._answer is not None:
            self._refused()
        elif self._venue.fault is not None:
            self._fail(in_words(self._venue.fault))
        else:
            self._fail("the connection ended during the handshake")

    # The end of it

    def _open(self, head: Head) -> None:
        bot, venue = self.transport, self._venue.transport
        assert bot is not None
        assert venue is not None
        self._note_open()
        bot.write(head.wire())
        if head.rest:
            self._early.append(Early(True, head.rest, *self._now()))
        middle = self._middle
        gate: Gate = self._made(
            self._conn,
            middle.note,
            GatedWire(bot, False),
            _TlsGatedWire(venue, True) if self._tls is not None else GatedWire(venue, True),
            read_on=middle.read_on_s,
            when_over=lambda: middle.closed(gate),
            matcher=middle.matcher,
            decode=middle.decode,
            scheduler=middle.scheduler,
            upstream=self._upstream,
            early=self._early,
        )
        self._over = True
        middle.passed(self, gate)
        gate.begin()

    def _refused(self) -> None:
        if not self._over:
            self._note_open()
            self._leave()

    def _fail(self, why: str, *, tell: bool = True) -> None:
        if self._over:
            return
        self._over = True
        self._note_open(why)
        if tell and self._failed is not None:
            self._failed(why)
        self._leave()

    def _leave(self) -> None:
        self._over = True
        self._middle.note(What.OVER, False, self._conn, *self._now(), -1, b"")
        for transport in (self.transport, self._venue.transport):
            if transport is not None and not transport.is_closing():
                transport.close()
        if self._work is not None and self._work is not asyncio.current_task():
            self._work.cancel()
        self._middle.passed(self, None)

    def _note_open(self, why: str = "") -> None:
        place, request, answer = self._place, self._request, self._answer
        target = request.target if request is not None else place.target
        record = Handshake(
            url=f"{'wss' if place.secure else 'ws'}://{place.authority}{target}",
            upstream=self._upstream,
            request=request.headers if request is not None else [],
            status=answer.status if answer is not None else 0,
            reason=answer.reason if answer is not None else "",
            response=answer.headers if answer is not None else [],
            body=self._body.decode(errors="replace"),
            error=why,
            asked_at_ns=self._asked_at[0],
            asked_mono_ns=self._asked_at[1],
        )
        self._middle.note(What.OPEN, True, self._conn, *self._now(), -1, as_json(record))

    def _now(self) -> tuple[int, int]:
        scheduler = self._middle.scheduler
        return scheduler.wall_ns(), scheduler.now_ns()

    def _tell(self, firing: Firing, **more: int) -> None:
        told = as_json(firing.as_json(**more))
        self._middle.note(What.FAULT, False, self._conn, *self._now(), -1, told)
