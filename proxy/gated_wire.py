"""The wires of a gate: what they read, the gate hands on."""

from __future__ import annotations

from typing import Protocol

from wsreplay.proxy.relay import Wire
from wsreplay.proxy.tls import TlsWire


class Gatekeeper(Protocol):
    """What a wire asks of its gate."""

    def arrived(self, wire: Wire, data: bytes, at_ns: int, mono_ns: int) -> None:
        """Bytes of this wire's peer were read."""
        ...

    def now(self) -> tuple[int, int]:
        """The time of day and the monotonic time."""
        ...

    def has_room(self, wire: Wire) -> bool:
        """Whether more of what this wire's peer says can be held."""
        ...


class _Gated(Wire):
    """A wire whose bytes go to the gate."""

    gate: Gatekeeper
    full = False
    """Its peer reads slowly."""
    end_waits = False
    """Its peer's end came, and is passed on once all that was said before has been."""

    def hand_on(self, data: bytes, at_ns: int, mono_ns: int) -> None:
        """Leave it to the gate what is handed on, and when."""
        self.heard_mono_ns = mono_ns
        self.gate.arrived(self, data, at_ns, mono_ns)

    def pause_writing(self) -> None:
        """This peer reads slowly."""
        self.full = True
        super().pause_writing()

    def resume_writing(self) -> None:
        """This peer caught up; the other may still have to wait for what a fault holds back."""
        self.full = False
        if self.gate.has_room(self.peer):
            super().resume_writing()


class GatedWire(_Gated):
    """A wire in plain text."""

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self.hand_on(data, *self.gate.now())


class GatedTlsWire(_Gated, TlsWire):
    """A wire under TLS."""

    def eof_received(self) -> bool:
        """A FIN, which says nothing new after a close_notify."""
        return self.end_waits or super().eof_received()


type GateWire = GatedWire | GatedTlsWire
