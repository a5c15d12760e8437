"""Where Reya lives, and the facts of each chain that its signatures depend on but its frames don't carry."""

from __future__ import annotations

import msgspec


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """One chain: what every signature on it commits to."""

    name: str
    chain_id: int
    gateway: str
    """The orders gateway contract: ``verifyingContract`` of the signing domain."""
    pool_account: int
    """The counterparty that generation B signs into every perp order."""


MAINNET = Network(
    name="mainnet",
    chain_id=1729,
    gateway="0xfc8c96be87da63cecddbf54abfa7b13ee8044739",
    pool_account=2,
)
TESTNET = Network(
    name="testnet",
    chain_id=89346162,
    gateway="0x5a0ac2f89e0bdeafc5c549e354842210a3e87ca5",
    pool_account=4,
)
NETWORKS = (TESTNET, MAINNET)

# Staging settles on the production chain: an order there costs money.
_PRODUCTION = {
    "ws-exec.reya.xyz": MAINNET,
    "api.reya.xyz": MAINNET,
    "ws.reya.xyz": MAINNET,
    "ws-exec-staging.reya.xyz": MAINNET,
    "api-staging.reya.xyz": MAINNET,
    "websocket-staging.reya.xyz": MAINNET,
}
_TEST = {
    "ws-exec-testnet.reya.xyz": TESTNET,
    "api-cronos.reya.xyz": TESTNET,
    "websocket-testnet.reya.xyz": TESTNET,
}
PRODUCTION_HOSTS = frozenset(_PRODUCTION)
HOSTS = frozenset(_PRODUCTION | _TEST)

SIBLINGS = {
    "ws-exec.reya.xyz": "https://api.reya.xyz/v2",
    "ws-exec-staging.reya.xyz": "https://api-staging.reya.xyz/v2",
    "ws-exec-testnet.reya.xyz": "https://api-cronos.reya.xyz/v2",
}
"""The REST API that shares books, accounts and limits with each order entry socket."""


def network_of(host: str) -> Network | None:
    """The chain behind a host of the venue; None for a host that is not known."""
    return (_PRODUCTION | _TEST).get(host.lower())


def is_spot(symbol: str) -> bool:
    """Whether a symbol names a spot market: perps end in PERP."""
    return not symbol.endswith("PERP")
