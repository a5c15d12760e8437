"""The gates of a recording: one fault plan, and a gate for each connection on which it may strike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from mitmproxy import http
from OpenSSL import SSL

from wsreplay.captures.wire import What, as_json
from wsreplay.faults.effects import Delay, Drop, Reject
from wsreplay.faults.firing import Firing
from wsreplay.faults.matcher import Matcher
from wsreplay.faults.plan import FaultPlan
from wsreplay.proxy.gate import Decode, Early, Gate
from wsreplay.proxy.gated_wire import GatedTlsWire, GatedWire, GateWire
from wsreplay.proxy.leg import Leg
from wsreplay.proxy.relay import Note, Wire
from wsreplay.proxy.scheduler import LoopScheduler, Scheduler, pause

type Side = tuple[asyncio.Transport, bool, SSL.Connection | None]
"""A socket, whether it is the venue's, and its TLS, if it has any."""

OFFER = "Sec-WebSocket-Extensions"


class GateFactory:
    """Makes gates, and keeps watch over handshakes, for which there is none yet."""

    def __init__(self, plan: FaultPlan, decode: Decode, *, scheduler: Scheduler | None = None) -> None:
        """``decode`` is that of the venue's dialect, which the proxy does not know."""
        self._matcher = Matcher(plan)
        self._decode = decode
        self._scheduler = scheduler or LoopScheduler()

    def relay(
        self,
        conn: int,
        note: Note,
        bot: Side,
        venue: Side,
        *,
        read_on: float,
        when_over: Callable[[], None],
        upstream: str,
        early: Sequence[Early],
    ) -> Gate:
        """The gate of a connection whose handshake is over."""
        return Gate(
            conn,
            note,
            _wire(*bot),
            _wire(*venue),
            read_on=read_on,
            when_over=when_over,
            matcher=self._matcher,
            decode=self._decode,
            scheduler=self._scheduler,
            upstream=upstream,
            early=early,
        )

    async def admit(self, flow: http.HTTPFlow, conn: int, leg: Leg | None, note: Note, upstream: str) -> None:
        """A bot asks for a handshake: let it through without an offer of extensions, or do what the plan says."""
        flow.request.headers.pop(OFFER, None)
        for firing in self._matcher.opening(conn, upstream):
            effect = firing.effect
            if isinstance(effect, Delay):
                delay_ns = effect.drawn_ns(firing.draw)
                _tell(note, conn, firing, delay_ns=delay_ns)
                await pause(self._scheduler, delay_ns)
                continue
            _tell(note, conn, firing)
            if isinstance(effect, Reject):
                flow.response = refusal(effect)
            elif isinstance(effect, Drop):
                flow.kill()
                if effect.how == "rst" and leg is not None and not leg.transport.is_closing():
                    Wire(leg.transport, venue_side=False).reset()
            return


def refusal(reject: Reject) -> http.Response:
    """The answer to a handshake that a fault rejects."""
    return http.Response.make(reject.status, reject.body, {"Content-Type": "text/plain; charset=utf-8"})


def _wire(transport: asyncio.Transport, venue_side: bool, session: SSL.Connection | None) -> GateWire:
    return GatedTlsWire(transport, venue_side, session) if session else GatedWire(transport, venue_side)


def _tell(note: Note, conn: int, firing: Firing, **more: int) -> None:
    note(What.FAULT, False, conn, time.time_ns(), time.monotonic_ns(), -1, as_json(firing.as_json(**more)))
