"""The dialect of CantonDEX, as its document has it, and what its first servers did differently."""

from __future__ import annotations

import time
from importlib.resources import files
from typing import TYPE_CHECKING, Literal, Self

import msgspec

from wsreplay.venues.cantondex.channels import CHANNEL_OF, CHANNELS
from wsreplay.venues.cantondex.envelopes import NOTHING, read_envelope
from wsreplay.venues.cantondex.rest_envelopes import read_http
from wsreplay.venues.cantondex.rules import RULES
from wsreplay.venues.cantondex.setup import DEMO_PASSWORD, DEMO_SECRET
from wsreplay.venues.cantondex.times import written
from wsreplay.venues.cantondex.wire import plain, read_message
from wsreplay.venues.cantondex.witness import witness, witness_http
from wsreplay.venues.dialect import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from wsreplay.venues.cantondex.refresh import Refresher
    from wsreplay.venues.cantondex.simulator import CantonDexSimulator
    from wsreplay.venues.envelope import Envelope, HttpMessage, Sender, Witness

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_UNAUTHORIZED = frozenset(
    {"AUTH_FAILED", "INVALID_TOKEN", "INSUFFICIENT_PERMISSIONS", "UNAUTHORIZED", "FORBIDDEN", "HTTP_401", "HTTP_403"}
)
_LIMITED = frozenset({"RATE_LIMITED", "HTTP_429"})
_LARGEST_NS = 253_402_300_800 * 1_000_000_000
"""The end of the year 9999: no clock that is right is beyond it."""


class CantonDexDialect:
    """How CantonDEX talks.

    ``at`` gives a dialect that knows where it listens: on loopback tokens are the simulator's, so that their signature
    can be checked.
    """

    name = "cantondex"
    version = 1
    hosts = frozenset({"api.cantondex.io"})
    production_hosts = frozenset({"api.cantondex.io"})
    secrets = Secrets(
        names=frozenset({"token", "access_token", "refresh_token", "password"}),
        personal=frozenset(
            {"account_id", "email", "total_balance", "available_balance", "reserved_balance", "transaction_hash"}
            | {"kyc_tier", "new_status", "previous_status", "full_name", "date_of_birth", "address"}
        ),
    )
    rules = RULES
    demo_key = DEMO_SECRET
    """What signs the tokens that the simulator trusts: known to everybody, and worth nothing."""
    demo_secrets: Mapping[str, str] = {"password": DEMO_PASSWORD}

    def __init__(self, secret: bytes | None = None) -> None:
        """``secret``: what signs tokens here; None: that is not known."""
        self._secret = secret

    def at(self, host: str) -> Self:
        """The same dialect for one host."""
        return type(self)(DEMO_SECRET if host.lower().strip("[]") in _LOOPBACK else None)

    def knowing(self, message: HttpMessage, request: HttpMessage | None) -> Self:
        """Itself: no REST answer tells what a signature commits to."""
        return self

    def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
        """Read one WebSocket message. Never raises."""
        return read_envelope(payload, sender)

    def decode_http(self, message: HttpMessage, request: HttpMessage | None) -> Envelope:
        """Read one REST message. Never raises."""
        try:
            return read_http(message, request)
        except ValueError:  # an address that is none
            return NOTHING

    def witness(self, payload: str | bytes, sender: Sender) -> Witness | None:
        """Whose token a login holds, whether it is good, and when it expires. Never raises."""
        return witness(payload, self._secret) if sender == "client" else None

    def witness_http(self, message: HttpMessage) -> Witness | None:
        """The same of the token of a REST request. Never raises."""
        return witness_http(message, self._secret)

    def trouble(self, error_code: str, payload: str | bytes = "") -> Literal["rate-limited", "auth-failed", "rejected"]:
        """What a refusal is about. One connection too many is told only in words."""
        if error_code in _LIMITED or (error_code == "AUTH_FAILED" and "too many connections" in _words(payload)):
            return "rate-limited"
        return "auth-failed" if error_code in _UNAUTHORIZED else "rejected"

    def recognises(self, payload: str | bytes, sender: Sender) -> bool:
        """Whether this is beyond doubt this venue's: its channels, or ids of its making. Never raises."""
        message = read_message(payload)
        if message is None or message.type is None:
            return False
        if message.type in ("subscribe", "subscription_response", "unsubscribe_response"):
            account = message.account_id or ""
            return message.channel in CHANNELS and (account.startswith("acc_") or message.channel in _OUR_WORDS)
        if message.type == "auth_response":
            return message.status in ("authenticated", "failed")
        return message.type in CHANNEL_OF and (message.account_id or "").startswith("acc_")

    def pong(self, payload: str | bytes, now_ns: int) -> str | None:
        """The answer to a ping, with the ping's own time as the document has it. Never raises."""
        message = read_message(payload)
        if message is None or message.type != "ping":
            return None
        said = plain(payload)
        stamp = said.get("timestamp") if isinstance(said, dict) else None
        if not isinstance(stamp, str):
            stamp = written(min(max(now_ns, 0), _LARGEST_NS - 1))
        return msgspec.json.encode({"type": "pong", "timestamp": stamp}).decode()

    def scenarios(self) -> str:
        """What the scenarios look like here."""
        return (files(__package__) / "scenarios.toml").read_text(encoding="utf-8")

    def refresher(
        self,
        key: bytes | None,
        *,
        accounts: Mapping[int, int] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> Refresher:
        """What makes a replay's messages good again, its tokens signed with ``key``."""
        from wsreplay.venues.cantondex.refresh import Refresher

        return Refresher(key or self.demo_key, self.demo_secrets if secrets is None else secrets)

    def simulator(
        self,
        *,
        key: bytes | None = None,
        accounts: Iterable[str] = (),
        symbols: Iterable[str] = (),
        speed: float = 1.0,
        seed: int = 1,
        host: str = "127.0.0.1",
        port: int = 0,
        rest_port: int = 0,
        clock: Callable[[], int] = time.time_ns,
    ) -> CantonDexSimulator:
        """The venue on loopback; ``accounts`` and ``symbols`` of a recording exist, and ``key`` signs their tokens."""
        from wsreplay.venues.cantondex.setup import CantonDexSetup, Limits
        from wsreplay.venues.cantondex.simulator import CantonDexSimulator

        setup = CantonDexSetup(seed=seed, limits=Limits().at_speed(speed)).serving(accounts, symbols, key)
        return CantonDexSimulator(setup, host=host, port=port, rest_port=rest_port, clock=clock)


_OUR_WORDS = frozenset({"account_notifications", "compliance_events", "system_health"})


def _words(payload: str | bytes) -> str:
    return (payload if isinstance(payload, str) else payload.decode("utf-8", "replace")).lower()
