"""What a simulated venue is made of: accounts, markets, pools, limits, delays, and a seed that makes it repeatable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec

from wsreplay.venues.loopring.rules import PING_S, PONG_S, TOPICS
from wsreplay.venues.loopring.tokens import MAINNET, Pair, Token
from wsreplay.venues.market import Life, Spec

DEMO_ACCOUNT = 10_001
DEMO_API_KEY = "wsreplay0demo0apiKey0whichEverybodyKnows00000000000000000000000001"
"""For tests and replays. Everybody knows it, and it opens nothing but a simulator."""
DEMO_WS_KEY = "wsreplay0demo0wsKey01"
"""A connect key that never runs out, for replays of recordings without a key request."""
EXCHANGE = "0x0BABA1Ad5bE3a5C0a66E7ac838a129Bf948f1eA4"
POOL = "0x18920d6E6Fb7EbE057a4DD9260D6D95845c95036"


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A market that the venue lists."""

    pair: Pair
    price: Decimal
    """Where it begins."""
    tick: Decimal
    step: Decimal
    """Of the house's quantities."""
    minimum: Decimal
    """The smallest quantity of an order."""
    maximum: Decimal
    price_digits: int
    """How many decimals a price has."""
    levels: int = 4
    """Aggregation levels, from 0 on."""

    @property
    def spec(self) -> Spec:
        """The same for the matching engine."""
        return Spec(
            symbol=self.pair.market,
            price=self.price,
            tick=self.tick,
            step=self.step,
            min_qty=max(self.minimum, self.step),
        )


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """An AMM pool and what is in it, in the tokens' smallest units."""

    address: str
    base: int
    quote: int
    shares: int


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account and what it owns at the start, by token, in the token's smallest unit."""

    account_id: int
    balances: Mapping[int, int] = {}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's limits."""

    topics: int = TOPICS
    ping_s: int = PING_S
    pong_s: int = PONG_S
    calls_per_second: int = 5
    """Of one REST call, from one address."""
    key_life_s: int = 600
    """How long a connect key waits for its connection; the venue doesn't say."""

    def at_speed(self, speed: float) -> Limits:
        """The limits for traffic that comes so many times as fast as it was meant to."""
        calls = int(min(max(self.calls_per_second, self.calls_per_second * speed), _ANY_NUMBER))
        return msgspec.structs.replace(self, calls_per_second=calls)


_ANY_NUMBER = 1_000_000_000


class Delays(msgspec.Struct, frozen=True, kw_only=True):
    """How long things take, in milliseconds."""

    rest_ms: tuple[float, float] = (5.0, 25.0)
    """From a REST request to its answer, drawn evenly between two bounds."""
    book_ms: int = 100
    """Changes of a book and trades are pushed together, so often at most."""
    ticker_ms: int = 1000
    """Tickers and candlesticks are pushed so often at most."""
    cancel_ms: int = 20
    """From a cancel until the order is known to be cancelled; in between it is cancelling."""
    pool_ms: int | None = 2000
    """How often somebody swaps in a pool, on average; None: never."""
    block_ms: int | None = 5000
    """How often a block is made, on average; None: never."""


LISTINGS = (
    Listing(
        pair=MAINNET.pairs["LRC-ETH"],
        price=Decimal("0.0002"),
        tick=Decimal("0.0000001"),
        step=Decimal(1),
        minimum=Decimal(10),
        maximum=Decimal(5_000_000),
        price_digits=7,
    ),
    Listing(
        pair=MAINNET.pairs["LRC-USDT"],
        price=Decimal("0.52"),
        tick=Decimal("0.0001"),
        step=Decimal(1),
        minimum=Decimal(10),
        maximum=Decimal(5_000_000),
        price_digits=4,
    ),
    Listing(
        pair=MAINNET.pairs["ETH-USDT"],
        price=Decimal(2600),
        tick=Decimal("0.01"),
        step=Decimal("0.001"),
        minimum=Decimal("0.002"),
        maximum=Decimal(1_000),
        price_digits=2,
    ),
)
POOLS = (Pool(address=POOL, base=11_792_920_485390000000000000, quote=3_998_385574130000000000, shares=41277091829000),)


class LoopringSetup(msgspec.Struct, frozen=True, kw_only=True):
    """A simulated venue. Two of the same setup, given the same requests at the same times, do the same."""

    seed: int = 1
    exchange: str = EXCHANGE
    listings: tuple[Listing, ...] = LISTINGS
    pools: tuple[Pool, ...] = POOLS
    accounts: tuple[Account, ...] = (
        Account(account_id=DEMO_ACCOUNT, balances={0: 20 * 10**18, 1: 100_000 * 10**18, 3: 50_000 * 10**6}),
    )
    api_keys: Mapping[str, tuple[int, ...]] = msgspec.field(default_factory=lambda: {DEMO_API_KEY: (DEMO_ACCOUNT,)})
    """For which accounts each ApiKey is good, the first being its own; without any, its user is gone."""
    standing_ws_keys: tuple[str, ...] = (DEMO_WS_KEY,)
    """Connect keys that never run out."""
    limits: Limits = Limits()
    delays: Delays = Delays()
    life: Life = Life(worth=Decimal(500))

    def serving(self, accounts: Iterable[int], symbols: Iterable[str] = ()) -> LoopringSetup:
        """The same venue where these accounts, markets and pools exist as well, and the demo key acts for the accounts.

        For replays: the recording's accounts belong to whoever asks now.
        """
        wanted = list(dict.fromkeys(accounts))
        listings, pools = list(self.listings), list(self.pools)
        for symbol in dict.fromkeys(symbols):
            if symbol.startswith("0x"):
                if all(pool.address.lower() != symbol.lower() for pool in pools):
                    pools.append(Pool(address=symbol, base=10**24, quote=10**21, shares=10**14))
            elif all(listing.pair.market != symbol for listing in listings):
                listings.append(_made_up(symbol, 1_000 + 2 * len(listings)))
        known = {account.account_id for account in self.accounts}
        tokens = {token.token_id: token for each in listings for token in (each.pair.base, each.pair.quote)}
        riches = {token_id: 10 ** (9 + token.decimals) for token_id, token in tokens.items()}
        added = tuple(Account(account_id=number, balances=riches) for number in wanted if number not in known)
        theirs = tuple(dict.fromkeys((*wanted, *self.api_keys.get(DEMO_API_KEY, ()))))
        return msgspec.structs.replace(
            self,
            listings=tuple(listings),
            pools=tuple(pools),
            accounts=(*self.accounts, *added),
            api_keys={**self.api_keys, DEMO_API_KEY: theirs},
        )


def _made_up(symbol: str, number: int) -> Listing:
    """A market that only its name is known of."""
    base, _, quote = symbol.rpartition("-")
    fine = Decimal("0.000001")
    return Listing(
        pair=Pair(
            base=Token(token_id=number, symbol=base or symbol),
            quote=Token(token_id=number + 1, symbol=quote or "ETH"),
        ),
        price=Decimal(1),
        tick=fine,
        step=fine,
        minimum=fine,
        maximum=Decimal(10**9),
        price_digits=6,
    )
