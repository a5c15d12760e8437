"""What an order is, however it is shown: in the request that makes it, in a push, or in a list.

A request names two tokens and two volumes, in their smallest units; which market that is and which side, the tokens
tell. Quantities are the venue's ``size``, the volume of the base token as it stands there.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from wsreplay.venues.envelope import Envelope, exact_decimal, intent_of
from wsreplay.venues.loopring.wire import is_set, text, whole

if TYPE_CHECKING:
    from wsreplay.venues.loopring.tokens import Pair, Tokens

type Side = Literal["buy", "sell"]

MS = 1_000_000
SECOND = 1_000_000_000
_FIRST_MS = 100_000_000_000
"""Below this a time can only be in seconds; so one of the venue's own examples writes them."""
_DIVISION = Context(prec=60, traps=[Inexact, InvalidOperation])
_SIDES: dict[str, Side] = {"buy": "buy", "sell": "sell"}


class Terms(NamedTuple):
    """Market, side, and the two volumes."""

    pair: Pair
    side: Side
    size: str
    volume: str


def time_ns(value: object) -> int | None:
    """A time of the venue, which is in milliseconds or, against its own word, in seconds."""
    number = whole(value)
    return None if number is None else number * (SECOND if number < _FIRST_MS else MS)


def requested(body: dict[str, Any], tokens: Tokens) -> Envelope:
    """The order in the body of a request."""
    account = text(body.get("accountId"))
    sell, buy = _volume_of(body.get("sellToken")), _volume_of(body.get("buyToken"))
    facts = Envelope(account=account, client_order_id=text(body.get("clientOrderId")))
    if sell is None or buy is None:
        return facts
    fill_by_buy = is_set(body.get("fillAmountBOrS"))
    terms = terms_of(sell, buy, tokens)
    if terms is None:
        wish = intent_of("loopring", account, sell[0], buy[0], exact_decimal(sell[1]), exact_decimal(buy[1]))
        return Envelope(account=account, client_order_id=facts.client_order_id, intent=wish)
    usual = fill_by_buy == (terms.side == "buy")
    return Envelope(
        symbol=terms.pair.market,
        account=account,
        client_order_id=facts.client_order_id,
        side=terms.side,
        price=price_of(terms),
        qty=terms.size,
        intent=_intent(account, terms.pair.market, terms.side, terms.size, terms.volume, usual=usual),
    )


def terms_of(sell: tuple[int, str], buy: tuple[int, str], tokens: Tokens) -> Terms | None:
    """What an order that gives the one for the other is in its market; None where these tokens have none."""
    if (pair := tokens.selling(sell[0], buy[0])) is not None:
        return Terms(pair, "sell", sell[1], buy[1])
    if (pair := tokens.selling(buy[0], sell[0])) is not None:
        return Terms(pair, "buy", buy[1], sell[1])
    return None


def price_of(terms: Terms) -> str | None:
    """The price that the two volumes are, where it can be written to the last digit; the venue itself rounds it."""
    size, volume = whole(terms.size), whole(terms.volume)
    if not size or volume is None:
        return None
    try:
        ratio = _DIVISION.divide(Decimal(volume), Decimal(size))
        return exact_decimal(_DIVISION.scaleb(ratio, terms.pair.base.decimals - terms.pair.quote.decimals))
    except (Inexact, InvalidOperation):
        return None


def listed(order: object, account: str | None) -> Envelope:
    """One order as the REST API shows it."""
    if not isinstance(order, dict):
        return Envelope()
    volumes, validity, storage = (_object(order.get(name)) for name in ("volumes", "validity", "storageInfo"))
    market, side = text(order.get("market")), side_of(order.get("side"))
    size, volume = text(volumes.get("baseAmount")), text(volumes.get("quoteAmount"))
    account = text(storage.get("accountId")) or account
    known = None not in (account, market, side, size, volume)
    return Envelope(
        symbol=market,
        account=account,
        order_id=text(order.get("hash")),
        client_order_id=text(order.get("clientOrderId")),
        side=side,
        status=text(order.get("status")),
        price=text(order.get("price")),
        qty=size,
        intent=_intent(account, market, side, size, volume) if known else None,
        venue_at_ns=time_ns(validity.get("start")) or None,
    )


def _intent(
    account: str | None,
    market: str | None,
    side: str | None,
    size: str | None,
    volume: str | None,
    *,
    usual: bool = True,
) -> str:
    """The order's business identity: no hash, no storage id, no deadline, and not the id that the bot chose."""
    return intent_of(
        "loopring",
        account,
        market,
        side,
        None if size is None else _canonical(size),
        None if volume is None else _canonical(volume),
        # By which of the two volumes it counts as filled; a list doesn't say, so the usual way has no word.
        None if usual else "filled by the other volume",
    )


# Sizes repeat endlessly.
_canonical = lru_cache(maxsize=65_536)(exact_decimal)


def _volume_of(token: object) -> tuple[int, str] | None:
    if not isinstance(token, dict):
        return None
    number, volume = whole(token.get("tokenId")), text(token.get("volume"))
    return None if number is None or volume is None else (number, volume)


def side_of(value: object) -> Side | None:
    """The side, in whatever letters."""
    return _SIDES.get(value.lower()) if isinstance(value, str) else None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
