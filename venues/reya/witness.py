"""Who signed a frame: worked out from the whole message, before redaction takes the signature away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsreplay.venues.envelope import Witness
from wsreplay.venues.keys import is_address, recover
from wsreplay.venues.reya.networks import NETWORKS
from wsreplay.venues.reya.signing import digest_of, is_perp_cancel, needs_market
from wsreplay.venues.reya.wire import OPERATIONS, plain, read_message, read_payload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wsreplay.venues.envelope import HttpMessage
    from wsreplay.venues.reya.networks import Network
    from wsreplay.venues.reya.wire import Payload


def witness(payload: str | bytes, network: Network | None, markets: Mapping[str, int]) -> Witness | None:
    """Recover the signer of a client's message; None where it is unsigned, or what it takes is not known."""
    message = read_message(payload)
    if message is None or message.payload is None or message.type not in OPERATIONS:
        return None
    return witness_payload(message.type, message.payload, network, markets)


def witness_payload(op: str, payload: Payload, network: Network | None, markets: Mapping[str, int]) -> Witness | None:
    """Recover who signed a payload.

    A create names its signer, so it can be checked, even against each chain in turn where the chain is not known.
    A cancel names none: recovery always yields *some* address, which means nothing unless the chain is known.
    """
    if payload.signature is None:
        return None
    market_id = None if payload.symbol is None else markets.get(payload.symbol)
    if market_id is None and needs_market(op, payload):
        return None
    if payload.signer_wallet is None:
        if network is None and not is_perp_cancel(op, payload):
            return None
        signer = _recover(op, payload, network or NETWORKS[0], market_id)
        return None if signer is None else Witness(signer=signer)
    for candidate in NETWORKS if network is None else (network,):
        signer = _recover(op, payload, candidate, market_id)
        if signer is not None and signer.lower() == payload.signer_wallet.lower():
            return Witness(signer=signer, signature_ok=True)
    if network is None:
        return None
    return Witness(signature_ok=False)


def definitions_in(message: HttpMessage) -> dict[str, int]:
    """Symbols and their market numbers, from an answer of the REST API's market definitions."""
    found: dict[str, int] = {}
    items = plain(message.body)
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and isinstance(item.get("symbol"), str) and isinstance(item.get("marketId"), int):
            found[item["symbol"]] = item["marketId"]
    return found


def read_signed(body: bytes) -> Payload:
    """The payload of an operation over REST: the body itself."""
    return read_payload(plain(body))


def _recover(op: str, payload: Payload, network: Network, market_id: int | None) -> str | None:
    if payload.signature is None or (payload.signer_wallet is not None and not is_address(payload.signer_wallet)):
        return None
    try:
        digest = digest_of(op, payload, network, market_id)
    except ValueError:
        return None
    return recover(digest, payload.signature)
