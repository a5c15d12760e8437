"""What a simulated venue is made of: profile, markets, users, limits, and the seed that makes it repeatable."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import msgspec

from wsreplay.venues.market import Life, Spec

if TYPE_CHECKING:
    from collections.abc import Iterable

type Profile = Literal["plain", "binance"]
"""plain: commands are never answered. binance: they are, and refused with a code."""

TOPICS = ("depth", "trade", "ticker")
PAIRS = ("BTC_USDT", "ETH_USDT", "SOL_USDT", "SOL_USDC")
"""The markets that streams may be named after. The engine runs the last one alone."""
SOL_USDC = Spec(
    symbol="SOL_USDC",
    price=Decimal("150.00"),
    tick=Decimal("0.01"),
    step=Decimal("0.01"),
    min_qty=Decimal("0.01"),
)
NO_LIFE = Life(levels=0, step_ms=None)
"""Empty books, and nobody there but the clients."""
DEMO_USER = "test_user"

_SYMBOL = re.compile(r"[A-Z0-9]{1,12}_[A-Z0-9]{1,12}")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of the binance profile; the plain one has none."""

    messages_per_s: float = 5
    """From one connection: commands, pings and pongs together. One more, and it is closed."""
    streams: int = 1024
    """On one connection."""
    connections_per_5_min: float = 300
    """From one address."""
    ping_every_s: int = 20
    pong_within_s: int = 60
    lifetime_s: int = 24 * 3600
    drain_ms: int = 500
    """From the announcement of a shutdown to the end of the connections; the real venue gives minutes."""


class StreamsSetup(msgspec.Struct, frozen=True, kw_only=True):
    """A simulated venue. Two of the same setup, given the same requests at the same times, do the same."""

    seed: int = 1
    profile: Profile = "plain"
    markets: tuple[Spec, ...] = (SOL_USDC,)
    named: tuple[str, ...] = PAIRS
    """Markets that streams may be named after, whether they run or not."""
    users: tuple[str, ...] = (DEMO_USER,)
    """Those who are there from the beginning; others come by ``POST /api/v1/users``."""
    funds: tuple[tuple[str, Decimal], ...] = (("USDC", Decimal(1_000_000)), ("SOL", Decimal(10_000)))
    """What each user has at the start."""
    life: Life | None = None
    """How the house and the crowd behave; None: as everywhere."""
    numbered_depth: bool = True
    """Whether depth pushes carry ``E``, ``T``, ``U`` and ``u``, as documented; the venue's code leaves them out."""
    first_trade: int = 1
    """The number of the first trade: the real venue goes on from its database."""
    engine_ms: tuple[float, float] = (0.5, 4.0)
    """From a REST request to its answer, drawn evenly; what it does is done at once."""
    lost_rate: float = 0.0
    """The part of orders that are carried out and answered with a bare 500, as when the venue's queue fails."""
    limits: Limits = Limits()

    def serving(self, accounts: Iterable[str], symbols: Iterable[str] = ()) -> StreamsSetup:
        """The same venue where these users and markets exist as well, for replays."""
        markets, funds = list(self.markets), dict(self.funds)
        running = {spec.symbol for spec in markets}
        for symbol in dict.fromkeys(symbols):
            if _SYMBOL.fullmatch(symbol) is None or symbol in running:
                continue
            markets.append(_made_up(symbol))
            for asset in symbol.split("_"):
                funds.setdefault(asset, Decimal(1_000_000))
        return msgspec.structs.replace(
            self,
            users=tuple(dict.fromkeys((*self.users, *accounts))),
            markets=tuple(markets),
            named=tuple(dict.fromkeys((*self.named, *(spec.symbol for spec in markets)))),
            funds=tuple(funds.items()),
        )

    def at_speed(self, speed: float) -> StreamsSetup:
        """The same venue for traffic that comes so many times as fast as it was meant to."""
        limits = msgspec.structs.replace(
            self.limits,
            messages_per_s=max(self.limits.messages_per_s, self.limits.messages_per_s * speed),
            connections_per_5_min=max(self.limits.connections_per_5_min, self.limits.connections_per_5_min * speed),
        )
        return msgspec.structs.replace(self, limits=limits)


def _made_up(symbol: str) -> Spec:
    """A market that only its name is known of."""
    fine = Decimal("0.01")
    return Spec(symbol=symbol, price=Decimal(100), tick=fine, step=fine, min_qty=fine)
