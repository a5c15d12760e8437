"""The body of ``POST /api/v3/order``: read, and held against what doesn't depend on accounts and books.

Signatures are not verified: an order needs one, and any will do.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from wsreplay.venues.loopring.errors import Refused, RestCode
from wsreplay.venues.loopring.orders import SECOND, terms_of
from wsreplay.venues.loopring.wire import strict, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wsreplay.venues.loopring.setup import Listing
    from wsreplay.venues.loopring.tokens import Tokens
    from wsreplay.venues.matching import Side

LAST_STORAGE_ID = 2**32
_LONGEST_CLIENT_ID = 120
_TYPES = ("LIMIT_ORDER", "TAKER_ONLY", "MAKER_ONLY", "AMM")
_CHANNELS = ("ORDER_BOOK", "AMM_POOL", "MIXED")
_WIDE = Context(prec=100)


class OrderForm(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is well-formed."""

    hash: str
    account: int
    storage_id: int
    sell_token: int
    sell_volume: int
    listing: Listing
    side: Side
    size: int
    """Of the base token, in its smallest unit."""
    volume: int
    """Of the quote token."""
    price: Decimal
    valid_until_s: int
    client_order_id: str
    order_type: str
    trade_channel: str

    @property
    def qty(self) -> Decimal:
        """The size in whole tokens."""
        return Decimal(self.size).scaleb(-self.listing.pair.base.decimals, _WIDE)


def read_form(
    body: bytes, exchange: str, tokens: Tokens, listings: Mapping[str, Listing], known: set[int], now_ns: int
) -> OrderForm:
    """Read the body of a request; raises :class:`Refused`. ``known`` are the tokens that there are."""
    fields = _object(body)
    if str(fields.get("exchange", "")).lower() != exchange.lower():
        raise Refused(RestCode.WRONG_EXCHANGE, "exchange is incorrect")
    account = _number(fields, "accountId", RestCode.INVALID_ACCOUNT)
    storage_id = _number(fields, "storageId", RestCode.INVALID_ORDER_ID)
    if storage_id >= LAST_STORAGE_ID:
        raise Refused(RestCode.INVALID_ORDER_ID, f"storageId must be below {LAST_STORAGE_ID}")
    sell, buy = _token(fields, "sellToken", known), _token(fields, "buyToken", known)
    terms = terms_of((sell[0], str(sell[1])), (buy[0], str(buy[1])), tokens)
    listing = None if terms is None else listings.get(terms.pair.market)
    if terms is None or listing is None:
        raise Refused(RestCode.UNSUPPORTED_PAIR, "market does not support these tokens")
    _check_flags(fields)
    order_type, channel = fields.get("orderType", "LIMIT_ORDER"), fields.get("tradeChannel", "ORDER_BOOK")
    if order_type not in _TYPES or channel not in _CHANNELS:
        raise Refused(RestCode.INVALID_ARGUMENT, "invalid orderType or tradeChannel")
    if order_type == "AMM" or channel == "AMM_POOL":
        raise Refused(RestCode.SUBMIT_FAILED, "swaps with a pool are not simulated")
    client_order_id = fields.get("clientOrderId", "")
    if not isinstance(client_order_id, str) or len(client_order_id.encode()) > _LONGEST_CLIENT_ID:
        raise Refused(RestCode.INVALID_ARGUMENT, "clientOrderId must be a string of at most 120 bytes")
    fee = _number(fields, "maxFeeBips", RestCode.INVALID_ARGUMENT)
    if not 1 <= fee <= 63:
        raise Refused(RestCode.INVALID_ARGUMENT, "maxFeeBips must be from 1 to 63")
    signature = fields.get("eddsaSignature")
    if not isinstance(signature, str) or not signature:
        raise Refused(RestCode.NO_ORDER_SIGNATURE, "order is missing signature information")
    valid_until_s = _number(fields, "validUntil", RestCode.INVALID_ARGUMENT)
    if valid_until_s * SECOND <= now_ns:
        raise Refused(RestCode.ORDER_EXPIRED, "order has expired")
    form = OrderForm(
        hash=order_hash(fields),
        account=account,
        storage_id=storage_id,
        sell_token=sell[0],
        sell_volume=sell[1],
        listing=listing,
        side=terms.side,
        size=int(terms.size),
        volume=int(terms.volume),
        price=_price(int(terms.size), int(terms.volume), terms.side, listing),
        valid_until_s=valid_until_s,
        client_order_id=client_order_id,
        order_type=order_type,
        trade_channel=channel,
    )
    if form.price <= 0:
        raise Refused(RestCode.ILLEGAL_RATE, "illegal rate")
    if form.qty < listing.minimum:
        raise Refused(RestCode.TOO_SMALL, f"the order amount is too small, minimum {listing.minimum}")
    if form.qty > listing.maximum:
        raise Refused(RestCode.TOO_LARGE, f"exceeded the maximum order amount {listing.maximum}")
    return form


def order_hash(fields: dict[str, Any]) -> str:
    """One number for all that is signed of an order: the same order has the same one. (The venue's is Poseidon's.)"""
    sell, buy = fields["sellToken"], fields["buyToken"]
    signed = (
        str(fields["exchange"]).lower(),
        whole(fields["storageId"]),
        whole(fields["accountId"]),
        whole(sell["tokenId"]),
        whole(buy["tokenId"]),
        whole(sell["volume"]),
        whole(buy["volume"]),
        whole(fields.get("validUntil")),
        whole(fields.get("maxFeeBips")),
        str(fields.get("fillAmountBOrS")).lower(),
        str(fields.get("taker", "")).lower(),
    )
    return "0x" + blake2b("/".join(map(str, signed)).encode(), digest_size=32).hexdigest()


def _price(size: int, volume: int, side: Side, listing: Listing) -> Decimal:
    """The limit: rounded, as the venue shows it, and never to the bot's loss."""
    ratio = _WIDE.divide(Decimal(volume), Decimal(size))
    price = ratio.scaleb(listing.pair.base.decimals - listing.pair.quote.decimals, _WIDE)
    digits = Decimal(1).scaleb(-listing.price_digits)
    return price.quantize(digits, ROUND_FLOOR if side == "buy" else ROUND_CEILING, _WIDE)


def _object(body: bytes) -> dict[str, Any]:
    fields = strict(body)
    if not isinstance(fields, dict):
        raise Refused(RestCode.INVALID_ARGUMENT, "the body is no JSON object")
    return fields


def _check_flags(fields: dict[str, Any]) -> None:
    if fields.get("fillAmountBOrS") not in (True, False, "true", "false"):
        raise Refused(RestCode.INVALID_ARGUMENT, "fillAmountBOrS must be true or false")
    if fields.get("allOrNone") not in (False, "false"):
        raise Refused(RestCode.NOT_VALID, "allOrNone must be false")


def _token(fields: dict[str, Any], name: str, known: set[int]) -> tuple[int, int]:
    token = fields.get(name)
    number = whole(token.get("tokenId")) if isinstance(token, dict) else None
    volume = whole(token.get("volume")) if isinstance(token, dict) else None
    if number is None or volume is None or volume <= 0 or volume >= 2**96:
        raise Refused(RestCode.INVALID_ARGUMENT, f"invalid {name}")
    if number not in known:
        raise Refused(RestCode.UNSUPPORTED_TOKEN, f"unsupported tokenId {number}")
    return number, volume


def _number(fields: dict[str, Any], name: str, code: RestCode) -> int:
    number = whole(fields.get(name))
    if number is None or number < 0:
        raise Refused(code, f"invalid {name}")
    return number
