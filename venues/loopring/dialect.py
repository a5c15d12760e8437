"""The dialect of Loopring v3: topics on the WebSocket, orders and keys over REST."""

from __future__ import annotations

import re
import time
from importlib.resources import files
from typing import TYPE_CHECKING, Self

from wsreplay.venues.dialect import Secrets
from wsreplay.venues.loopring.envelopes import NOTHING, is_control, read_envelope
from wsreplay.venues.loopring.errors import trouble_of
from wsreplay.venues.loopring.rest_envelopes import read_http
from wsreplay.venues.loopring.rules import RULES
from wsreplay.venues.loopring.tokens import HOSTS, PRODUCTION_HOSTS
from wsreplay.venues.loopring.wire import NO_DATA, read_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from wsreplay.venues.envelope import Envelope, HttpMessage, Sender, Witness
    from wsreplay.venues.loopring.errors import Trouble
    from wsreplay.venues.loopring.refresh import Refresher
    from wsreplay.venues.loopring.simulator import LoopringSimulator

_ACCOUNT = re.compile(r"[0-9]{1,10}")
_MARKET = re.compile(r"[A-Z0-9]+-[A-Z0-9]+|0x[0-9a-fA-F]{40}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class LoopringDialect:
    """How Loopring talks."""

    name = "loopring"
    version = 1
    hosts = HOSTS
    production_hosts = PRODUCTION_HOSTS
    # The answer to a key request is {"key": …} in version 3, and {"data": …} in version 2; all else has data, too.
    secrets = Secrets(
        names=frozenset({"wsApiKey", "apiKey", "eddsaSignature", "X-API-KEY", "X-API-SIG"}),
        doubtful=frozenset({"key", "data"}),
        personal=frozenset({"accountId", "hash", "orderHash", "clientOrderId"}),
    )
    rules = RULES
    siblings: Mapping[str, str] = {
        "ws.api3.loopring.io": "https://api3.loopring.io",
        "ws.uat2.loopring.io": "https://uat2.loopring.io",
    }
    """The REST API beside each WebSocket host."""

    def __init__(self, *, local: bool = False) -> None:
        """``local``: its messages are said to a simulator."""
        self._local = local

    def at(self, host: str) -> Self:
        """The same dialect for one host."""
        return type(self)(local=host.lower().strip("[]") in _LOOPBACK)

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
        """Nothing: keys are opaque, and orders are signed with a hash that is not made here."""
        return None

    def trouble(self, error_code: str, payload: str | bytes = "") -> Trouble:
        """What a refusal is about."""
        return trouble_of(error_code)

    def recognises(self, payload: str | bytes, sender: Sender) -> bool:
        """Whether this is Loopring beyond doubt: a request on topics or its answer, or a push. Never raises."""
        message = read_message(payload)
        if message is None:
            return False
        if is_control(message):
            return sender == "client" or message.result is not None
        pushed = message.topic is not None and message.topic.name is not None
        return sender == "venue" and pushed and message.ts is not None and message.data is not NO_DATA

    def pong(self, payload: str | bytes, now_ns: int) -> str | None:
        """One text ``pong`` for each text ``ping``."""
        return "pong" if payload in ("ping", b"ping") else None

    @property
    def demo_key(self) -> bytes | None:
        """None: a simulator looks at no signature."""
        return None

    @property
    def demo_secrets(self) -> Mapping[str, str]:
        """The ApiKey of the simulator's account, and a connect key that is always good there."""
        from wsreplay.venues.loopring.setup import DEMO_API_KEY, DEMO_WS_KEY

        return {"apiKey": DEMO_API_KEY, "wsApiKey": DEMO_WS_KEY}

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
        """What makes a replay good again where this dialect is :meth:`at`; a simulator's secrets are known."""
        from wsreplay.venues.loopring.refresh import Refresher

        known = {**(self.demo_secrets if self._local else {}), **(secrets or {})}
        return Refresher(known, accounts, verifies=not self._local)

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
    ) -> LoopringSimulator:
        """The venue on loopback, as an async context manager with ``url`` and ``rest_url``.

        For a replay, ``accounts`` and ``symbols`` (markets, and addresses of pools) of the recording are made to exist.
        """
        from wsreplay.venues.loopring.setup import Limits, LoopringSetup
        from wsreplay.venues.loopring.simulator import LoopringSimulator

        setup = LoopringSetup(seed=seed, limits=Limits().at_speed(speed)).serving(
            [int(account) for account in accounts if _ACCOUNT.fullmatch(account)],
            [symbol for symbol in symbols if _MARKET.fullmatch(symbol)],
        )
        return LoopringSimulator(setup, host=host, port=port, rest_port=rest_port, clock=clock)
