"""What a simulated relayer is made of: networks, makers and what they own, limits, and the seed behind it all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import msgspec

from wsreplay.venues.eip712 import keccak256
from wsreplay.venues.keys import address_of
from wsreplay.venues.zeroex.assets import data_in_pair, erc20, erc721, proxy_of
from wsreplay.venues.zeroex.orders import NULL_ADDRESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEMO_KEY = bytes.fromhex("0e" * 32)
"""A maker's private key for tests and demonstrations. Everybody knows it: never send it anything of value."""

ZRX = erc20("0xe41d2489571d322189246dafa5ebde1f4699f498")
WETH = erc20("0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2")
DAI = erc20("0x89d24a6b4ccb1b6faa2625fe562bdd9a23260359")
CATS = "0x06012c8cf97bead5deae237070f9587f8e7a266d"
"""A contract of collectible cats, which are ERC-721 tokens."""
E18 = 10**18
PLENTY = 10**15 * E18
type Profile = Literal["spec", "launch-kit"]

_COLLECTION = 74
"""So many characters of an ERC-721's asset data name the contract."""
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """An Ethereum network, and the contract there that fills orders."""

    network_id: int
    exchange: str
    name: str = ""


# The first is the exchange of the documented example; there is nothing of this protocol's version at it, so that an
# order for it is worth nothing on any chain.
MAINNET = Network(network_id=1, exchange="0x12459c951127e0c374ff9105dda097662a027093", name="Mainnet")
KOVAN = Network(network_id=42, exchange="0x90fe2af704b34e0224bf2299c838e04d4dcf1364", name="Kovan")


class Maker(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs orders, and what is there to fill them with at the start."""

    key: bytes | None
    """None: one of a recording, whose key is not known. The house trades for none of these."""
    address: str
    balances: Mapping[str, int] = {}
    """By asset data, in base units."""
    allowances: Mapping[str, int] = {}
    """What the exchange may move of each; an asset that is missing may be moved without limit."""


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """What can be traded, as ``asset_pairs`` tells it."""

    data: str
    min_amount: int = 0
    max_amount: int = PLENTY
    precision: int = 5


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """What the seeded makers and takers do, and how often."""

    every_ms: tuple[float, float] = (60.0, 540.0)
    """From one thing that happens to the next, drawn evenly between the two."""
    posts: float = 5.0
    """How often, in proportion: a maker posts an order, …"""
    fills: float = 3.0
    """… somebody fills part of one, or all of it, …"""
    cancels: float = 1.0
    balance_moves: float = 1.5
    """… a maker's balance or allowance moves, and with it what can be filled of that maker's orders."""
    lifetime_s: tuple[int, int] = (60, 3600)
    """How long an order lives."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the relayer allows."""

    requests_per_minute: int = 600
    """REST requests from one address; counted by fixed minutes."""
    per_page: int = 100
    max_per_page: int = 1000


class ZeroExSetup(msgspec.Struct, frozen=True, kw_only=True):
    """A simulated relayer. Two of the same setup, given the same requests at the same times, do the same."""

    seed: int = 1
    profile: Profile = "spec"
    """``spec``: what the standard says, and not a word more. ``launch-kit``: what its reference server does."""
    version: Literal[1, 2] = 1
    """In which shape orders are sent: with ``remainingFillableAmount`` beside them, or in their ``metaData``."""
    networks: tuple[Network, ...] = (MAINNET, KOVAN)
    any_exchange: bool = False
    """Orders for exchanges that are not known are taken for the main network's."""
    makers: tuple[Maker, ...] | None = None
    """None: three that are drawn from the seed, and the one of :data:`DEMO_KEY`."""
    strangers_have: int = 1000 * E18
    """What every other maker has of each asset: whoever tries a bot here signs with a key of their own."""
    pairs: tuple[tuple[Asset, Asset], ...] = (
        (Asset(data=ZRX), Asset(data=WETH)),
        (Asset(data=DAI), Asset(data=WETH)),
        (Asset(data=erc721(CATS, 99), max_amount=1, precision=0), Asset(data=WETH)),
    )
    fee_recipients: tuple[str, ...] = ("0xb046140686d052fff581f63f8136cce132e857da",)
    maker_fee: int = 0
    taker_fee: int = 0
    """What ``order_config`` asks for."""
    limits: Limits = Limits()
    activity: Activity | None = Activity()
    """None: nothing happens of itself."""
    first_orders: int = 12
    """Orders that are there at the start."""
    takes_orders: bool = True
    """False: order submission is disabled."""
    not_implemented: frozenset[str] = frozenset()
    """REST resources that this relayer does without."""
    lost_answers: int = 0
    """So many orders, the first that come, are taken while a gateway before the relayer loses the answer (502)."""
    internal_rate: float = 0.0
    """The part of REST requests that meet an internal failure, and do nothing."""

    def all_makers(self) -> tuple[Maker, ...]:
        """The makers: those that were named, or those of the seed and the demonstration's."""
        if self.makers is not None:
            return self.makers
        keys = [*(keccak256(f"a zeroex maker {self.seed} {n}".encode()) for n in range(3)), DEMO_KEY]
        riches = {asset.data: 1000 * E18 for pair in self.pairs for asset in pair} | {ZRX: 50_000 * E18}
        return tuple(Maker(key=key, address=address_of(key).lower(), balances=riches) for key in keys)

    def at_speed(self, speed: float) -> ZeroExSetup:
        """The same relayer for traffic that comes so many times as fast as it was meant to."""
        limit = self.limits.requests_per_minute
        stretched = int(min(max(limit, limit * speed), 1_000_000_000))
        limits = msgspec.structs.replace(self.limits, requests_per_minute=stretched)
        return msgspec.structs.replace(self, limits=limits)

    def serving(self, makers: Iterable[str], wallet: str, symbols: Iterable[str] = ()) -> ZeroExSetup:
        """The same relayer where these makers and pairs exist as well, and the wallet has something to sell.

        For replays: whose key is not known has no order of its own, but what others do with its address is not
        refused.
        """
        known = {asset.data for pair in self.pairs for asset in pair}
        pairs = list(self.pairs)
        for symbol in symbols:
            found = data_in_pair(symbol)
            if found is not None and not set(found) <= known:
                known |= set(found)
                pairs.append((Asset(data=found[0]), Asset(data=found[1])))
        riches = dict.fromkeys(sorted(known), PLENTY)
        there = {maker.address: maker for maker in self.all_makers()}
        wanted = [each.lower() for each in (*makers, wallet)]
        for address in dict.fromkeys(each for each in wanted if _ADDRESS.fullmatch(each)):
            key = there[address].key if address in there else None
            there[address] = Maker(key=key, address=address, balances=riches)
        return msgspec.structs.replace(self, makers=tuple(there.values()), pairs=tuple(pairs), any_exchange=True)

    def network_of(self, exchange: str | None) -> int | None:
        """On which network an exchange is; None: it is not known."""
        for network in self.networks:
            if network.exchange == exchange:
                return network.network_id
        return self.networks[0].network_id if self.any_exchange else None

    def asset(self, data: str | None) -> Asset | None:
        """An asset that is traded here; of a collection each token is."""
        if data is None:
            return None
        for pair in self.pairs:
            for asset in pair:
                one_of_them = is_one_of_a_kind(asset.data) and data[:_COLLECTION] == asset.data[:_COLLECTION]
                if data == asset.data or (one_of_them and len(data) == len(asset.data)):
                    return asset
        return None


def is_one_of_a_kind(data: str) -> bool:
    """Whether the asset is a single token that can't be divided."""
    return proxy_of(data) == "0x02571792"


NOBODY = NULL_ADDRESS
"""As taker or sender: anybody. As fee recipient: nobody."""
