"""The REST siblings without their socket: handing in orders, and the lists to read after a line was lost.

Paths and bodies are those of version 2 of the standard's REST API, which goes with the orders channel.
"""

from __future__ import annotations

import json
from fractions import Fraction
from http import HTTPStatus
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from wsreplay.venues.limits import FixedWindow
from wsreplay.venues.zeroex.errors import General, Refused, Validation, refused
from wsreplay.venues.zeroex.intake import take
from wsreplay.venues.zeroex.orders import NULL_ADDRESS, whole
from wsreplay.venues.zeroex.schemas import flaws_in_config_request, flaws_in_filters
from wsreplay.venues.zeroex.subscriptions import matches, with_metadata
from wsreplay.venues.zeroex.wire import Filters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wsreplay.venues.gateway import Ask
    from wsreplay.venues.zeroex.relayer import Listed, Relayer

type Answer = tuple[int, Any]
"""Status and body; a body of bytes goes out as it is."""

_RESOURCES = frozenset({"orders", "order", "orderbook", "asset_pairs", "fee_recipients", "order_config"})
_FILTERS = frozenset(Filters.__struct_encode_fields__) - {"networkId"}
_BY_FIELD = ("exchangeAddress", "senderAddress", "makerAddress", "takerAddress", "feeRecipientAddress")


class Rest:
    """Routes of ``/v2``, wherever it stands in the path."""

    def __init__(self, relayer: Relayer) -> None:
        self._relayer = relayer
        self._setup = relayer.setup
        self._answers_to_lose = self._setup.lost_answers
        self._edge = FixedWindow(self._setup.limits.requests_per_minute)
        self._random = Random(self._setup.seed)  # noqa: S311 - it draws failures, and no secret

    def respond(self, ask: Ask, now_ns: int) -> Answer:
        """Answer one request."""
        if not self._edge.take(ask.peer, now_ns):
            return 429, Refused(General.THROTTLED).body
        if self._random.random() < self._setup.internal_rate:
            return _plain(500)
        address = urlsplit(ask.target)
        parts = [part for part in address.path.split("/") if part]
        parts = parts[parts.index("v2") + 1 :] if "v2" in parts else []
        if not parts or parts[0] not in _RESOURCES:
            return _plain(404)
        if parts[0] in self._setup.not_implemented:
            return _plain(501)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        try:
            return self._route(ask, parts, query, now_ns)
        except Refused as wrong:
            return 400, wrong.body

    def _route(self, ask: Ask, parts: list[str], query: dict[str, str], now_ns: int) -> Answer:
        network_id = self._network(query)
        match ask.method, parts:
            case "POST", ["order"]:
                take(self._relayer, _body(ask), network_id, now_ns)
                if self._answers_to_lose:
                    self._answers_to_lose -= 1
                    return _plain(502)
                return self._made(b"")
            case "GET", ["order", order_hash]:
                listed = self._relayer.orders.get(order_hash.lower())
                return _plain(404) if listed is None else (200, with_metadata(listed))
            case "GET", ["orders"]:
                return 200, self._page(self._orders(query, network_id), query, with_metadata)
            case "GET", ["orderbook"]:
                return 200, self._orderbook(query, network_id)
            case "GET", ["asset_pairs"]:
                return 200, self._page(self._asset_pairs(query), query)
            case "GET", ["fee_recipients"]:
                return 200, self._page(list(self._setup.fee_recipients), query)
            case (("GET" | "POST"), ["order_config"]):
                # The order that it is asked for stands in the body, also of a GET; many clients can't send that one.
                return self._config(_body(ask) if ask.body else query)
            case _:
                return _plain(404)

    def _made(self, body: Any) -> Answer:
        """The standard's 201; its reference server says 200."""
        return (200 if self._setup.profile == "launch-kit" else 201), body

    def _network(self, query: dict[str, str]) -> int:
        wanted = query.get("networkId", "1")
        for network in self._setup.networks:
            if wanted == str(network.network_id):
                return network.network_id
        raise refused("networkId", Validation.UNSUPPORTED_OPTION, f"Network id {wanted[:40]} is not supported")

    # Lists

    def _orders(self, query: dict[str, str], network_id: int) -> list[Listed]:
        given = {name: value for name, value in query.items() if name in _FILTERS}
        fields = {name: value for name, value in query.items() if name in (*_BY_FIELD, "traderAddress")}
        flaws = flaws_in_filters({**given, **fields})
        if flaws:
            raise Refused(General.VALIDATION, flaws)
        filters = msgspec.convert({**given, "networkId": network_id}, Filters)
        found = [each for each in self._relayer.open_orders(network_id) if matches(filters, each)]
        trader = fields.pop("traderAddress", None)
        if trader is not None:
            found = [each for each in found if trader in (each.maker, each.order.taker_address)]
        wanted = {_attribute(name): value for name, value in fields.items()}
        found = [each for each in found if all(getattr(each.order, name) == value for name, value in wanted.items())]
        if filters.maker_asset_data is not None and filters.taker_asset_data is not None:
            found.sort(key=_ask_price)
        return found

    def _orderbook(self, query: dict[str, str], network_id: int) -> dict[str, Any]:
        names = ("baseAssetData", "quoteAssetData")
        for name in names:
            if name not in query:
                raise refused(name, Validation.REQUIRED, f'requires property "{name}"')
        base, quote = (query[name].lower() for name in names)
        orders = self._relayer.open_orders(network_id)
        bids = [each for each in orders if (each.gives, each.wants) == (quote, base)]
        asks = [each for each in orders if (each.gives, each.wants) == (base, quote)]
        bids.sort(key=lambda each: (-_bid_price(each), _fee_price(each), each.expires_s))
        asks.sort(key=lambda each: (_ask_price(each), _fee_price(each), each.expires_s))
        return {side: self._page(found, query, with_metadata) for side, found in (("bids", bids), ("asks", asks))}

    def _asset_pairs(self, query: dict[str, str]) -> list[dict[str, Any]]:
        wanted = {query[name].lower() for name in ("assetDataA", "assetDataB") if name in query}
        return [
            {
                name: {
                    "minAmount": str(asset.min_amount),
                    "maxAmount": str(asset.max_amount),
                    "precision": asset.precision,
                    "assetData": asset.data,
                }
                for name, asset in zip(("assetDataA", "assetDataB"), pair, strict=True)
            }
            for pair in self._setup.pairs
            if wanted <= {asset.data for asset in pair}
        ]

    def _config(self, fields: Any) -> Answer:
        flaws = flaws_in_config_request(fields)
        if flaws:
            raise Refused(General.VALIDATION, flaws)
        return self._made(
            {
                "senderAddress": NULL_ADDRESS,
                "feeRecipientAddress": (*self._setup.fee_recipients, NULL_ADDRESS)[0],
                "makerFee": str(self._setup.maker_fee),
                "takerFee": str(self._setup.taker_fee),
            }
        )

    def _page(self, found: Sequence[Any], query: dict[str, str], show: Callable[[Any], Any] = lambda each: each) -> Any:
        """One page; a page beyond the last has no records."""
        limits = self._setup.limits
        page = _positive(query, "page", 1, None)
        per_page = _positive(query, "perPage", limits.per_page, limits.max_per_page)
        begin = (page - 1) * per_page
        records = [show(each) for each in found[begin : begin + per_page]]
        return {"total": len(found), "page": page, "perPage": per_page, "records": records}


def _body(ask: Ask) -> Any:
    try:
        return json.loads(ask.body, parse_float=str)
    except (ValueError, RecursionError):
        raise Refused(General.MALFORMED_JSON) from None


def _plain(status: int) -> Answer:
    """A refusal that has no code."""
    return status, {"reason": HTTPStatus(status).phrase}


def _positive(query: dict[str, str], name: str, default: int, most: int | None) -> int:
    if name not in query:
        return default
    number = whole(query[name])
    if number is None or number == 0:
        raise refused(name, Validation.FORMAT, "is not a positive whole number")
    if most is not None and number > most:
        raise refused(name, Validation.OUT_OF_RANGE, f"{name} should be less or equal to {most}")
    return number


def _attribute(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _ask_price(listed: Listed) -> Fraction:
    return Fraction(listed.taker_amount, listed.maker_amount)


def _bid_price(listed: Listed) -> Fraction:
    return Fraction(listed.maker_amount, listed.taker_amount)


def _fee_price(listed: Listed) -> Fraction:
    return Fraction(whole(listed.order.taker_fee) or 0, listed.taker_amount)
