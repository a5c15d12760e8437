"""What a relayer asks of an order before it takes it: sound fields, assets it trades, a signature, tokens behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from wsreplay.venues.zeroex.errors import General, Refused, Validation, refused
from wsreplay.venues.zeroex.orders import Order, order_digest
from wsreplay.venues.zeroex.schemas import ORDER_FIELDS, flaws_in_order
from wsreplay.venues.zeroex.setup import NOBODY
from wsreplay.venues.zeroex.signatures import is_by_key, signer_of

if TYPE_CHECKING:
    from wsreplay.venues.zeroex.relayer import Listed, Relayer

SECOND = 1_000_000_000


def take(relayer: Relayer, fields: Any, network_id: int, now_ns: int) -> Listed:
    """Take an order in, or raise :class:`~wsreplay.venues.zeroex.errors.Refused`."""
    if not relayer.setup.takes_orders:
        raise Refused(General.SUBMISSION_DISABLED)
    flaws = flaws_in_order(fields)
    if flaws:
        raise Refused(General.VALIDATION, flaws)
    order = _order(fields)
    _check_place(relayer, order, network_id)
    _check_amounts(relayer, order)
    listed = relayer.read(order)
    if listed.expires_s * SECOND <= now_ns:
        raise refused("expirationTimeSeconds", Validation.OUT_OF_RANGE, "Order is expired")
    _check_signature(order)
    known = relayer.orders.get(listed.order_hash)
    if relayer.fillable(known or listed) == 0:
        raise refused("makerAssetAmount", Validation.OUT_OF_RANGE, "Nothing of this order can be filled")
    return relayer.add(order, now_ns)


def _order(fields: dict[str, Any]) -> Order:
    """The order as its maker signed it, without what later versions add: it is no part of what is signed here."""
    return msgspec.convert({name: fields[name] for name in ORDER_FIELDS}, Order)


def _check_place(relayer: Relayer, order: Order, network_id: int) -> None:
    setup = relayer.setup
    if setup.network_of(order.exchange_address) != network_id:
        raise refused(
            "exchangeAddress",
            Validation.UNSUPPORTED_ADDRESS,
            f"{order.exchange_address} is not the exchange of network {network_id}",
        )
    if order.fee_recipient_address not in (NOBODY, *setup.fee_recipients) and not setup.any_exchange:
        raise refused(
            "feeRecipientAddress",
            Validation.UNSUPPORTED_ADDRESS,
            f"{order.fee_recipient_address} is not supported: see fee_recipients",
        )
    for name, data in (("makerAssetData", order.maker_asset_data), ("takerAssetData", order.taker_asset_data)):
        if setup.asset(data) is None:
            raise refused(name, Validation.UNSUPPORTED_OPTION, f"{data} is not traded here: see asset_pairs")


def _check_amounts(relayer: Relayer, order: Order) -> None:
    for name, amount, data in (
        ("makerAssetAmount", order.maker_asset_amount, order.maker_asset_data),
        ("takerAssetAmount", order.taker_asset_amount, order.taker_asset_data),
    ):
        asset = relayer.setup.asset(data)
        assert asset is not None
        least = max(1, asset.min_amount)
        if not least <= int(amount or 0) <= asset.max_amount:
            reason = f"must be from {least} to {asset.max_amount}: see asset_pairs"
            raise refused(name, Validation.OUT_OF_RANGE, reason)


def _check_signature(order: Order) -> None:
    digest = order_digest(order)
    signature = order.signature or ""
    if digest is None or not is_by_key(signature):
        raise refused("signature", Validation.SIGNATURE, "Not a signature of type 02 (EIP712) or 03 (EthSign)")
    if signer_of(digest, signature) != order.maker_address:
        raise refused("signature", Validation.SIGNATURE, "The maker did not sign this order")
