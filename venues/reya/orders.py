"""Orders that are open at the venue, and trades that were made: what the REST API lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from wsreplay.venues.matching import EXACT, ZERO, Order

if TYPE_CHECKING:
    from decimal import Decimal

    from wsreplay.venues.matching import Side
    from wsreplay.venues.reya.requests import CreateOrder

EXCHANGE_ID = 2
_SIDES = {"buy": "B", "sell": "A"}


class OpenOrder(msgspec.Struct, kw_only=True):
    """An order that rests in a book, or waits for its trigger."""

    wanted: CreateOrder
    order_id: int
    signer: str
    created_ns: int
    updated_ns: int
    resting: Order | None
    """None for TP and SL: they are in no book."""
    firing: bool = False
    """A triggered order that is on its way to the chain."""

    @property
    def notional(self) -> Decimal:
        """What is left of it is worth at its limit; nothing for a triggered order, which has no size yet."""
        return ZERO if self.resting is None else EXACT.multiply(self.resting.price, self.resting.remaining)

    def listed(self) -> dict[str, Any]:
        """The order as the REST API shows it."""
        wanted = self.wanted
        fields: dict[str, Any] = {
            "exchangeId": EXCHANGE_ID,
            "symbol": wanted.symbol,
            "accountId": wanted.account,
            "orderId": str(self.order_id),
        }
        if wanted.client_order_id is not None:
            fields["clientOrderId"] = wanted.client_order_id
        if self.resting is not None:
            fields |= {"qty": text(self.resting.qty), "cumQty": text(self.resting.filled)}
        fields |= {"side": _SIDES[wanted.side], "limitPx": text(wanted.price), "orderType": wanted.order_type}
        if wanted.trigger is not None:
            fields["triggerPx"] = text(wanted.trigger)
        if wanted.time_in_force is not None:
            fields["timeInForce"] = wanted.time_in_force
        return fields | {
            "status": "OPEN",
            "createdAt": self.created_ns // 1_000_000,
            "lastUpdateAt": self.updated_ns // 1_000_000,
        }


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """A fill that reached the chain, and settled or was busted there."""

    symbol: str
    spot: bool
    taker: int
    maker: int
    taker_order: int
    maker_order: int
    taker_side: Side
    price: Decimal
    qty: Decimal
    settled_ns: int
    sequence: int
    busted: bool

    def listed(self, account: int) -> dict[str, Any]:
        """The execution as the REST API shows it to one of the two accounts."""
        fields: dict[str, Any] = {"exchangeId": EXCHANGE_ID, "symbol": self.symbol}
        if self.spot:
            fields |= {
                "accountId": self.taker,
                "makerAccountId": self.maker,
                "orderId": str(self.taker_order),
                "makerOrderId": str(self.maker_order),
                "side": _SIDES[self.taker_side],
            }
        else:
            bought = (account == self.taker) == (self.taker_side == "buy")
            fields |= {"accountId": account, "side": "B" if bought else "A"}
        fields |= {"qty": text(self.qty), "price": text(self.price)}
        if self.busted:
            fields["reason"] = "0x"
        else:
            fields |= {"fee": "0", "type": "ORDER_MATCH"}
        return fields | {"timestamp": self.settled_ns // 1_000_000, "sequenceNumber": self.sequence}


def text(number: Decimal) -> str:
    """A decimal as the venue writes it: plainly, without an exponent."""
    return format(number, "f")
