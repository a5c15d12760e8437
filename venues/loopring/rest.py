"""The REST siblings without their socket: connect keys, orders, and what answers doubts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from wsreplay.venues.loopring.books import BookView
from wsreplay.venues.loopring.errors import Refused, RestCode
from wsreplay.venues.loopring.exchange import amounts, number, shown_in_list
from wsreplay.venues.loopring.order_forms import read_form
from wsreplay.venues.loopring.orders import MS
from wsreplay.venues.loopring.requests import BOOK_COUNT
from wsreplay.venues.loopring.tokens import Tokens
from wsreplay.venues.loopring.wire import strict, whole
from wsreplay.venues.rules import SECOND

if TYPE_CHECKING:
    from wsreplay.venues.gateway import Ask
    from wsreplay.venues.loopring.exchange import Exchange, LiveOrder
    from wsreplay.venues.loopring.keys import ConnectKeys
    from wsreplay.venues.loopring.setup import LoopringSetup

PAGE = 50
type Answer = tuple[int, Any]
type Route = Callable[[Ask, dict[str, str], int], Any]


class Rest:
    """Routes of ``/api/v3`` and of ``/v3/ws/key``."""

    def __init__(self, setup: LoopringSetup, exchange: Exchange, keys: ConnectKeys) -> None:
        self._setup = setup
        self._exchange = exchange
        self._keys = keys
        self._tokens = Tokens(listing.pair for listing in setup.listings)
        self._by_id = {
            token.token_id: token for listing in setup.listings for token in (listing.pair.base, listing.pair.quote)
        }
        self._calls: dict[tuple[str, str], deque[int]] = {}
        self._unanswered: dict[str, int] = {}
        """Orders by hash whose answer is not sent yet, and when it will be."""
        self._routes: dict[str, dict[str, Route]] = {
            "/v3/ws/key": {"GET": self._ws_key},
            "/v2/ws/key": {"GET": self._old_ws_key},
            "/api/v3/order": {"POST": self._submit, "DELETE": self._cancel, "GET": self._order},
            "/api/v3/orders": {"GET": self._orders},
            "/api/v3/depth": {"GET": self._depth},
            "/api/v3/user/balances": {"GET": self._balances},
            "/api/v3/storageId": {"GET": self._storage_id},
            "/api/v3/apiKey": {"GET": self._api_key},
            "/api/v3/trade": {"GET": self._trades},
            "/api/v3/timestamp": {"GET": self._timestamp},
            "/api/v3/exchange/tokens": {"GET": self._token_list},
            "/api/v3/exchange/markets": {"GET": self._market_list},
        }

    def respond(self, ask: Ask, now_ns: int, answered_ns: int) -> Answer:
        """Status and body for one request; they are sent at ``answered_ns``."""
        path, _, query = ask.target.partition("?")
        methods = self._routes.get(path)
        if methods is None:
            return 404, _refusal(RestCode.INVALID_ARGUMENT, f"no such path: {path}")
        route = methods.get(ask.method)
        if route is None:
            return 405, _refusal(RestCode.INVALID_ARGUMENT, f"{ask.method} is not for {path}")
        if not self._may_call(ask.peer, f"{ask.method} {path}", now_ns):
            return 429, _refusal(RestCode.INVALID_ARGUMENT, "too many requests")
        try:
            body = route(ask, dict(parse_qsl(query)), now_ns)
        except Refused as refused:
            return 400, _refusal(refused.code, refused.message)
        if ask.method == "POST":
            self._unanswered[body["hash"]] = max(answered_ns, self._unanswered.get(body["hash"], 0))
        return 200, body

    def _may_call(self, peer: str, call: str, now_ns: int) -> bool:
        calls = self._calls.setdefault((peer, call), deque())
        while calls and calls[0] <= now_ns - SECOND:
            calls.popleft()
        if len(calls) >= self._setup.limits.calls_per_second:
            return False
        calls.append(now_ns)
        return True

    # Who asks

    def _check_key(self, ask: Ask, account: int | None) -> int:
        """The account that is asked about, which the ApiKey must be good for."""
        key = ask.header("X-API-KEY")
        if not key:
            raise Refused(RestCode.EMPTY_API_KEY, "empty ApiKey")
        accounts = self._setup.api_keys.get(key)
        if not accounts:
            raise Refused(RestCode.INVALID_API_KEY, "invalid ApiKey")
        if account is None or account not in accounts or account not in self._exchange.ledger:
            raise Refused(RestCode.WRONG_ACCOUNT, "invalid account ID")
        return account

    def _check_account(self, ask: Ask, wanted: Mapping[str, str]) -> int:
        if ask.header("X-API-KEY") and "accountId" not in wanted:
            raise Refused(RestCode.USER_EMPTY, "user ID cannot be empty")
        return self._check_key(ask, whole(wanted.get("accountId")))

    # Routes

    def _ws_key(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        return {"key": self._keys.give(now_ns)}

    def _old_ws_key(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        return {"resultInfo": {"code": 0, "message": "SUCCESS"}, "data": self._keys.give(now_ns)}

    def _submit(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        self._check_has_key(ask)
        exchange = self._exchange
        form = read_form(ask.body, self._setup.exchange, self._tokens, exchange.listings, set(self._by_id), now_ns)
        self._check_key(ask, form.account)
        again = exchange.orders.get(form.hash)
        if again is not None and self._unanswered.get(form.hash, 0) > now_ns:
            # The very same order while the first is not answered yet is that order.
            return _told(again, idempotent=True)
        return _told(exchange.submit(form, now_ns))

    def _cancel(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        # Its example has the parameters in the query, its general page wants them in the body.
        body = strict(ask.body) if ask.body else None
        wanted |= {name: str(value) for name, value in body.items()} if isinstance(body, dict) else {}
        account = self._check_account(ask, wanted)
        if not ask.header("X-API-SIG"):
            raise Refused(RestCode.NO_SIGNATURE, "no signature information provided")
        order_hash, client_order_id = wanted.get("orderHash"), wanted.get("clientOrderId")
        found = [
            order
            for order in self._exchange.orders_of(account)
            if not order.over
            and (order_hash is None or order.form.hash == order_hash)
            and (client_order_id is None or order.form.client_order_id == client_order_id)
        ]
        if not found or (order_hash is None and client_order_id is None):
            raise Refused(RestCode.NOTHING_TO_CANCEL, "no orders to cancel")
        order = found[-1]  # of several with one client id the oldest
        if order.status == "cancelling":
            raise Refused(RestCode.CANCEL_FAILED, "failed to cancel orders, please try again later")
        self._exchange.cancel(order, now_ns)
        return _told(order, status="cancelled")

    def _order(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        account = self._check_account(ask, wanted)
        if not wanted.get("orderHash"):
            raise Refused(RestCode.HASH_EMPTY, "order hash cannot be empty")
        order = self._exchange.orders.get(wanted["orderHash"])
        if order is None or order.form.account != account:
            raise Refused(RestCode.NO_SUCH_ORDER, "order does not exist")
        return shown_in_list(order)

    def _orders(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        account = self._check_account(ask, wanted)
        statuses = set(wanted["status"].split(",")) if wanted.get("status") else None
        start_ms, end_ms = whole(wanted.get("start")) or 0, whole(wanted.get("end")) or None
        found = [
            order
            for order in self._exchange.orders_of(account)
            if wanted.get("market") in (None, order.form.listing.pair.market)
            and wanted.get("side", order.form.side).lower() == order.form.side
            and (statuses is None or order.status in statuses)
            and order.created_ns // MS >= start_ms
            and (end_ms is None or order.created_ns // MS <= end_ms)
        ]
        offset, limit = whole(wanted.get("offset")) or 0, whole(wanted.get("limit")) or PAGE
        return {"totalNum": len(found), "orders": [shown_in_list(order) for order in found[offset : offset + limit]]}

    def _depth(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        listing = self._exchange.listings.get(wanted.get("market", ""))
        if listing is None:
            raise Refused(RestCode.UNSUPPORTED_MARKET, "unsupported market")
        level, limit = whole(wanted.get("level")), whole(wanted.get("limit", BOOK_COUNT))
        if level is None or level >= listing.levels:
            raise Refused(RestCode.UNSUPPORTED_LEVEL, "unsupported depth level")
        if not limit:
            raise Refused(RestCode.INVALID_ARGUMENT, "invalid limit")
        market = self._exchange.floor.markets[listing.pair.market]
        slots = BookView(market, listing, level).best(min(limit, BOOK_COUNT))
        return {"version": market.version, "timestamp": now_ns // MS, "market": listing.pair.market, **slots}

    def _balances(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        account = self._check_account(ask, wanted)
        ledger = self._exchange.ledger
        asked = {whole(each) for each in wanted["tokens"].split(",")} if wanted.get("tokens") else None
        return [
            {
                "tokenId": token,
                "total": str(ledger.total(account, token)),
                "locked": str(ledger.locked(account, token)),
                "pending": {"withdraw": "0", "deposit": "0"},
            }
            for token in ledger.tokens(account)
            if asked is None or token in asked
        ]

    def _storage_id(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        account = self._check_account(ask, wanted)
        token = whole(wanted.get("sellTokenId"))
        if token is None:
            raise Refused(RestCode.INVALID_ARGUMENT, "invalid sellTokenId")
        order_id = self._exchange.next_storage_id(account, token)
        return {"orderId": order_id, "offchainId": order_id + 1}

    def _api_key(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        if not ask.header("X-API-SIG"):
            raise Refused(RestCode.NO_SIGNATURE, "no signature information provided")
        account = whole(wanted.get("accountId"))
        for key, accounts in self._setup.api_keys.items():
            if account in accounts:
                return {"apiKey": key}
        raise Refused(RestCode.USER_NOT_FOUND, "user not found")

    def _trades(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        market = self._exchange.floor.markets.get(wanted.get("market", ""))
        if market is None:
            raise Refused(RestCode.UNSUPPORTED_MARKET, "unsupported market")
        pair = self._exchange.listings[market.spec.symbol].pair
        last = list(reversed(market.trades))[: whole(wanted.get("limit")) or 20]
        made = [
            [
                str(trade.at_ns // MS),
                str(trade.number),
                trade.taker_side.upper(),
                str(amounts(pair, trade.price, trade.qty)[0]),
                number(trade.price),
                pair.market,
                "0",
            ]
            for trade in last
        ]
        return {"totalNum": len(market.trades), "trades": made}

    def _timestamp(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        return {"timestamp": now_ns // MS}

    def _token_list(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        return [
            {
                "type": "ETH" if token.symbol == "ETH" else "ERC20",
                "tokenId": token.token_id,
                "symbol": token.symbol,
                "name": token.symbol,
                "decimals": token.decimals,
                "enabled": True,
            }
            for token in self._by_id.values()
        ]

    def _market_list(self, ask: Ask, wanted: dict[str, str], now_ns: int) -> Any:
        markets = [
            {
                "market": listing.pair.market,
                "baseTokenId": listing.pair.base.token_id,
                "quoteTokenId": listing.pair.quote.token_id,
                "precisionForPrice": listing.price_digits,
                "orderbookAggLevels": listing.levels,
                "enabled": True,
            }
            for listing in self._setup.listings
        ]
        return {"markets": markets}

    def _check_has_key(self, ask: Ask) -> None:
        """Before anything of a body is looked at."""
        key = ask.header("X-API-KEY")
        if not key:
            raise Refused(RestCode.EMPTY_API_KEY, "empty ApiKey")
        if not self._setup.api_keys.get(key):
            raise Refused(RestCode.INVALID_API_KEY, "invalid ApiKey")


def _told(order: LiveOrder, *, status: str | None = None, idempotent: bool = False) -> dict[str, Any]:
    return {
        "hash": order.form.hash,
        "clientOrderId": order.form.client_order_id,
        "status": status or order.status,
        "isIdempotent": idempotent,
    }


def _refusal(code: int, message: str) -> dict[str, Any]:
    return {"resultInfo": {"code": int(code), "message": message}}
