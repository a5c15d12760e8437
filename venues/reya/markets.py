"""The markets of the simulator, by name and number: also what a dialect assumes while it knows no others."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from wsreplay.venues.reya.networks import is_spot


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """One market: its number, what it trades, and what its orders must conform to."""

    symbol: str
    market_id: int
    base: str
    quote: str = "RUSD"
    min_qty: Decimal
    step: Decimal
    """Every quantity is a multiple of this."""
    tick: Decimal
    """Every price is a multiple of this."""
    price: Decimal | None
    """Where the market maker starts; None: the oracle has no price, and perp orders are refused."""
    initial_margin: Decimal = Decimal("0.04")
    """Perps: the part of a position's notional that an account must own."""

    @property
    def spot(self) -> bool:
        """Whether this is a spot market."""
        return is_spot(self.symbol)


def _market(symbol: str, number: int, base: str, min_qty: str, step: str, tick: str, price: str) -> Market:
    return Market(
        symbol=symbol,
        market_id=number,
        base=base,
        min_qty=Decimal(min_qty),
        step=Decimal(step),
        tick=Decimal(tick),
        price=Decimal(price),
    )


MARKETS: tuple[Market, ...] = (
    _market("WETHRUSD", 11, "WETH", "0.001", "0.001", "0.01", "3000"),
    _market("WBTCRUSD", 12, "WBTC", "0.0001", "0.0001", "1", "90000"),
    _market("ETHRUSDPERP", 1, "ETH", "0.01", "0.001", "0.01", "3000"),
    _market("BTCRUSDPERP", 2, "BTC", "0.001", "0.0001", "1", "90000"),
)

SYMBOLS: dict[str, int] = {market.symbol: market.market_id for market in MARKETS}
"""Market number by symbol."""
