"""What a simulated venue is made of: accounts, markets, limits, delays, and the seed that makes it repeatable."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from wsreplay.venues.reya.markets import MARKETS, Market
from wsreplay.venues.reya.networks import TESTNET, Network, is_spot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEMO_KEY = bytes.fromhex("11" * 32)
"""A private key for tests and the demo. Everybody knows it: never send it anything of value."""
DEMO_WALLET = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"
DEMO_SPOT_ACCOUNT = 10000000002
DEMO_PERP_ACCOUNT = 8017
MAKER_ACCOUNT = 10000000001
"""Who quotes the spot books; perps are quoted by the network's pool account."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A trading account: who may act for it, and what it owns at the start."""

    account_id: int
    owner: str
    """The wallet that owns it, and under which the REST API lists its orders."""
    permitted: tuple[str, ...] = ()
    """Further wallets that may sign for it."""
    balances: Mapping[str, Decimal] = {}

    def allows(self, wallet: str) -> bool:
        """Whether a wallet may sign for this account."""
        return wallet.lower() in {self.owner.lower(), *(each.lower() for each in self.permitted)}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's limits; the defaults are those of its lowest tier."""

    orders_per_minute: int = 30
    """createOrder and cancelOrder together, per signing wallet, over socket and REST."""
    cancel_alls_per_minute: int = 10
    open_orders: int = 100
    """GTC orders that one wallet may have open."""
    open_notional: Decimal = Decimal(5000)
    """What they may be worth together, in RUSD."""
    rest_per_minute: int = 1000
    """REST requests from one address; counted by fixed minutes."""
    spot_deadline_s: int = 24 * 3600
    ioc_deadline_s: int = 60
    idle_timeout_s: int = 120
    """Without anything from the client, pongs included, the connection is cut."""
    ping_after_s: int = 104
    """When an idle connection is pinged: the timeout less the margin that the venue's WebSocket server keeps."""
    drain_s: int = 10

    def at_speed(self, speed: float) -> Limits:
        """The limits for traffic that comes so many times as fast as it was meant to."""
        return msgspec.structs.replace(
            self,
            orders_per_minute=_times(self.orders_per_minute, speed),
            cancel_alls_per_minute=_times(self.cancel_alls_per_minute, speed),
            rest_per_minute=_times(self.rest_per_minute, speed),
        )


_ANY_NUMBER = 1_000_000_000


def _times(limit: int, speed: float) -> int:
    return int(min(max(limit, limit * speed), _ANY_NUMBER))


class Delays(msgspec.Struct, frozen=True, kw_only=True):
    """How long things take, drawn evenly between two bounds in milliseconds."""

    engine_ms: tuple[float, float] = (0.5, 4.0)
    """From a request to its reply; replies may overtake one another."""
    chain_ms: tuple[float, float] = (250.0, 1500.0)
    """Until the chain has settled: a perp IOC waits for it, a spot fill doesn't."""


class Liquidity(msgspec.Struct, frozen=True, kw_only=True):
    """The seeded market maker: what it quotes and how its price wanders."""

    levels: int = 5
    spread: Decimal = Decimal("0.0005")
    """Distance of each level from the one before, as a part of the price."""
    size: Decimal = Decimal(3000)
    """What one level is worth at most, in RUSD."""
    step_ms: int | None = 1000
    """How often it quotes anew; None: its first quotes stand until they are taken."""
    volatility: float = 0.0001
    """Standard deviation of one step, as a part of the price."""


class ReyaSetup(msgspec.Struct, frozen=True, kw_only=True):
    """A simulated venue. Two of the same setup, given the same requests at the same times, do the same."""

    seed: int = 1
    network: Network = TESTNET
    markets: tuple[Market, ...] = MARKETS
    accounts: tuple[Account, ...] = (
        Account(
            account_id=DEMO_SPOT_ACCOUNT,
            owner=DEMO_WALLET,
            balances={"RUSD": Decimal(100_000), "WETH": Decimal(20), "WBTC": Decimal(1)},
        ),
        Account(account_id=DEMO_PERP_ACCOUNT, owner=DEMO_WALLET, balances={"RUSD": Decimal(100_000)}),
    )
    limits: Limits = Limits()
    delays: Delays = Delays()
    liquidity: Liquidity | None = Liquidity()
    """None: empty books."""
    bust_rate: float = 0.0
    """The part of spot fills that fail to settle on the chain and are taken back."""
    internal_rate: float = 0.0
    """The part of requests that meet an internal failure of the venue."""

    def serving(self, accounts: Iterable[int], wallet: str, symbols: Iterable[str] = ()) -> ReyaSetup:
        """The same venue where these accounts and symbols exist as well, and the wallet may act for the accounts.

        For replays: the recording's accounts belong to whoever signs now.
        """
        wanted = set(accounts)
        kept = [
            msgspec.structs.replace(each, permitted=(*each.permitted, wallet)) if each.account_id in wanted else each
            for each in self.accounts
        ]
        unknown = [symbol for symbol in dict.fromkeys(symbols) if all(m.symbol != symbol for m in self.markets)]
        first_number = max((m.market_id for m in self.markets), default=0) + 1
        markets = (*self.markets, *(_made_up(symbol, first_number + n) for n, symbol in enumerate(unknown)))
        riches = {asset: Decimal(10**9) for market in markets for asset in (market.base, market.quote)}
        new = sorted(wanted - {each.account_id for each in self.accounts})
        added = (Account(account_id=number, owner=wallet, balances=riches) for number in new)
        return msgspec.structs.replace(self, accounts=(*kept, *added), markets=markets)


def _made_up(symbol: str, number: int) -> Market:
    """A market that only its name is known of: fine steps, so that whatever was ordered conforms."""
    base = symbol.removesuffix("RUSD") if is_spot(symbol) else symbol.removesuffix("RUSDPERP")
    fine = Decimal("0.000001")
    return Market(symbol=symbol, market_id=number, base=base, min_qty=fine, step=fine, tick=fine, price=Decimal(1))
