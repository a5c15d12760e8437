"""Tokens and markets by their numbers. Orders name tokens by number only, and each network numbers its own."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """One token of an exchange."""

    token_id: int
    symbol: str
    decimals: int = 18


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A market: what is traded, and what it is paid with."""

    base: Token
    quote: Token

    @property
    def market(self) -> str:
        """Its name."""
        return f"{self.base.symbol}-{self.quote.symbol}"


class Tokens:
    """The markets of one network, found by the two tokens of an order."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self.pairs = {pair.market: pair for pair in pairs}
        self._by_tokens = {(pair.base.token_id, pair.quote.token_id): pair for pair in self.pairs.values()}

    def selling(self, sell: int, buy: int) -> Pair | None:
        """The market in which who gives the one token for the other is a seller."""
        return self._by_tokens.get((sell, buy))


ETH = Token(token_id=0, symbol="ETH")
LRC = Token(token_id=1, symbol="LRC")
USDT = Token(token_id=3, symbol="USDT", decimals=6)
_TEST_USDT = Token(token_id=2, symbol="USDT", decimals=6)

MAINNET = Tokens(Pair(base=base, quote=quote) for base, quote in ((LRC, ETH), (LRC, USDT), (ETH, USDT)))
TESTNET = Tokens(Pair(base=base, quote=quote) for base, quote in ((LRC, ETH), (LRC, _TEST_USDT), (ETH, _TEST_USDT)))

PRODUCTION_HOSTS = frozenset({"api3.loopring.io", "ws.api3.loopring.io", "api.loopring.io", "ws.loopring.io"})
TEST_HOSTS = frozenset({f"{name}{net}.loopring.io" for name in ("", "ws.") for net in ("uat2", "uat3")})
HOSTS = PRODUCTION_HOSTS | TEST_HOSTS


@lru_cache(maxsize=1024)
def tokens_at(url: str) -> Tokens:
    """The numbers that count at an address: the production network's, unless a test network lives there."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return MAINNET
    return TESTNET if host in TEST_HOSTS else MAINNET
