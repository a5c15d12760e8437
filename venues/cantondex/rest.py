"""The REST API without its socket. What is asked is done at once, and answered a little later."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from wsreplay.venues.cantondex.asked import body_in, page_of, whole_in
from wsreplay.venues.cantondex.health import SERVICES
from wsreplay.venues.cantondex.rest_envelopes import Resource, resource_of
from wsreplay.venues.cantondex.said import Refused, number, written_json
from wsreplay.venues.cantondex.times import MS, written
from wsreplay.venues.cantondex.tokens import bearer_in
from wsreplay.venues.cantondex.transfers import Transfers
from wsreplay.venues.limits import FixedWindow, SlidingWindow

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.cantondex.accounts import Purse, Tell
    from wsreplay.venues.cantondex.feed import Feed
    from wsreplay.venues.cantondex.house import House
    from wsreplay.venues.cantondex.settlement import ClientTrade
    from wsreplay.venues.gateway import Ask

type Fields = dict[str, Any]
type Done = Callable[[int, bytes], None]
"""Called once, with the status and the JSON of the answer."""
type Answer = tuple[int, Any]
_STATUSES = {"pending": ("pending", "partially_filled")}
"""What a filter by status finds beyond its own word."""


class Rest:
    """The routes, with or without ``/v1`` before them."""

    def __init__(self, house: House, feed: Feed, agenda: Agenda, tell: Tell) -> None:
        self._house, self._feed, self._agenda = house, feed, agenda
        self._chance = house.chance("rest")
        setup = house.setup
        self._delays = setup.delays
        self._transfers = Transfers(house.accounts, agenda, house.chance("transfers"), tell, house.name, setup.delays)
        self._requests = FixedWindow(setup.limits.requests_per_minute)
        self._orders = SlidingWindow(setup.limits.orders_per_minute)
        self._routes: dict[str, Callable[[Purse, Resource, Fields, int], Answer]] = {
            "POST /orders": self._place,
            "GET /orders": self._list_orders,
            "GET /orders/{order_id}": lambda who, what, *_: (200, house.desk.find(who, what.name or "").listed()),
            "PUT /orders/{order_id}": self._replace,
            "DELETE /orders/{order_id}": self._cancel,
            "GET /trades": self._list_trades,
            "GET /trades/{trade_id}": self._trade,
            "GET /settlements": self._list_settlements,
            "GET /settlements/{settlement_id}": self._settlement,
            "GET /markets": lambda *_: (200, {"markets": list(house.floor.markets)}),
            "GET /markets/{symbol}/price": self._price,
            "GET /markets/{symbol}/orderbook": self._book,
            "GET /accounts/{account_id}": self._profile,
            "GET /accounts/{account_id}/balance": self._balance,
            "POST /accounts/{account_id}/deposits": self._deposit,
            "POST /accounts/{account_id}/withdrawals": self._withdraw,
            "GET /deposits/{deposit_id}": self._deposited,
            "GET /withdrawals/{withdrawal_id}": self._withdrawal,
            "GET /compliance/status/{account_id}": self._compliance,
            "POST /compliance/kyc/{account_id}": self._review,
            "GET /status": lambda *rest: (200, self._health(rest[-1])),
        }

    def respond(self, ask: Ask, now_ns: int, done: Done) -> None:
        """Do what is asked, and answer after a while."""
        try:
            status, body = self._answer(ask, now_ns)
        except Refused as refused:
            status = refused.status
            error = {
                "code": refused.code,
                "message": refused.message,
                "details": refused.details,
                "request_id": self._house.name("req"),
                "timestamp": written(now_ns),
            }
            body = {"error": error}
        answer = written_json(body)
        due_ns = now_ns + round(self._chance.uniform(*self._delays.rest_ms) * MS)
        self._agenda.at(due_ns, lambda _: done(status, answer))

    def _answer(self, ask: Ask, now_ns: int) -> Answer:
        if not self._requests.take(ask.peer, now_ns):
            raise Refused(429, "RATE_LIMITED", "Rate limit exceeded")
        try:
            what = resource_of(ask.method, ask.target)
        except ValueError:
            raise Refused(404, "NOT_FOUND", "No such path") from None
        if what.op == "GET /health":
            return 200, self._health(now_ns)
        if what.op in ("POST /auth/login", "POST /auth/refresh"):
            return 200, self._tokens(what.op, body_in(ask.body), now_ns)
        token = bearer_in(ask.header("Authorization") or "")
        held = self._house.holder(token, now_ns)
        if held is None:
            raise Refused(401, "UNAUTHORIZED", "Missing or invalid authentication")
        route = self._routes.get(what.op)
        if route is None:
            raise Refused(404, "NOT_FOUND", f"No such path: {what.op}")
        fields = body_in(ask.body) if ask.body else {}
        if ask.method in ("POST", "PUT") and not ask.body:
            raise Refused(400, "INVALID_REQUEST", "Body is not a JSON object")
        return route(held[0], what, fields, now_ns)

    # Logging in

    def _tokens(self, op: str, fields: Fields, now_ns: int) -> Fields:
        if op == "POST /auth/refresh":
            held = self._house.holder(fields.get("refresh_token"), now_ns, "refresh")
            purse = None if held is None else held[0]
        else:
            purse = self._house.visitor(fields.get("email"), fields.get("password"))
        if purse is None:
            raise Refused(401, "UNAUTHORIZED", "Missing or invalid authentication")
        return {
            "access_token": self._house.token(purse, now_ns),
            "token_type": "Bearer",
            "expires_in": self._house.setup.limits.token_s,
            "refresh_token": self._house.token(purse, now_ns, "refresh"),
        }

    # Orders

    def _place(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        purse = self._own(who, fields.get("account_id"))
        if "trade" not in purse.about.rights:
            raise Refused(403, "FORBIDDEN", "This account does not trade")
        if not self._orders.take(purse.account_id, now_ns):
            raise Refused(429, "RATE_LIMITED", "Rate limit exceeded")
        order = self._house.desk.place(purse, fields, now_ns)
        # As it was taken: what became of it since is told on the sockets, and by asking.
        untouched = {"status": "pending", "filled": Decimal(0), "average_fill_price": Decimal(0)}
        return 201, order.listed() | untouched | {"updated_at": written(now_ns)}

    def _replace(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        order = self._house.desk.replace(who, what.name or "", fields, now_ns)
        shown = order.listed()
        return 200, {name: shown[name] for name in ("order_id", "quantity", "price", "updated_at")}

    def _cancel(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        order = self._house.desk.cancel(who, what.name or "", now_ns)
        return 200, {"order_id": order.order_id, "status": order.status, "cancelled_at": written(now_ns)}

    def _list_orders(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        purse = self._own(who, what.query.get("account_id"))
        wanted = what.query.get("status")
        words = _STATUSES.get(wanted or "", (wanted,))
        found = [
            order
            for order in self._house.desk.orders.values()
            if order.account_id == purse.account_id
            and (wanted is None or order.status in words)
            and what.query.get("symbol") in (None, order.symbol)
        ]
        page, about = page_of((order.listed() for order in found), what, 20)
        return 200, {"orders": page, "total": len(found), **about}

    # Trades and settlements

    def _list_trades(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        purse = self._own(who, what.query.get("account_id"))
        found = [trade for trade in self._house.settlements.trades.values() if trade.account_id == purse.account_id]
        wanted = what.query.get("symbol")
        found = [trade for trade in found if wanted in (None, trade.symbol)]
        page, about = page_of((trade.listed() for trade in found), what, 50)
        return 200, {"trades": page, "total": len(found), "limit": about["limit"]}

    def _trade(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        trade = self._house.settlements.trades.get(what.name or "")
        return 200, _found(trade, who, what).listed()

    def _list_settlements(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        purse = self._own(who, what.query.get("account_id"))
        wanted = what.query.get("status")
        trades = self._house.settlements.by_settlement.values()
        found = [t for t in trades if t.account_id == purse.account_id and wanted in (None, t.status)]
        return 200, {"settlements": [trade.settlement() for trade in found], "total": len(found)}

    def _settlement(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        trade = self._house.settlements.by_settlement.get(what.name or "")
        return 200, _found(trade, who, what).settlement()

    # Markets

    def _price(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        if what.name not in self._house.floor.markets:
            raise Refused(404, "NOT_FOUND", f"No market {what.name}")
        price = self._feed.price(what.name, now_ns)
        if price is None:
            raise Refused(503, "SERVICE_UNAVAILABLE", "No price at the moment")
        return 200, {name: value for name, value in price.items() if name != "type"}

    def _book(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        market = self._house.floor.markets.get(what.name or "")
        if market is None:
            raise Refused(404, "NOT_FOUND", f"No market {what.name}")
        depth = whole_in(what, "depth", 20)
        bids, asks = (
            [{"price": number(price), "quantity": number(qty)} for price, qty in market.depth(side, depth)]
            for side in ("buy", "sell")
        )
        return 200, {"symbol": what.name, "bids": bids, "asks": asks, "timestamp": written(now_ns)}

    # Accounts

    def _profile(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        about = self._own(who, what.name).about
        return 200, {
            "account_id": about.account_id,
            "email": about.email,
            "account_type": "professional",
            "kyc_tier": about.kyc_tier,
            "status": "active",
        }

    def _balance(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        purse = self._own(who, what.name)
        assets = [{"asset_id": asset, "quantity": number(qty)} for asset, qty in purse.holdings.items() if qty]
        return 200, {
            "account_id": purse.account_id,
            "total_balance": number(purse.cash),
            "available_balance": number(purse.available),
            "reserved_balance": number(purse.reserved),
            "currency": "USDC",
            "last_updated": written(now_ns),
            "assets": assets,
        }

    def _deposit(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        return 201, self._transfers.deposit(self._own(who, what.name), fields, now_ns)

    def _withdraw(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        return 201, self._transfers.withdraw(self._own(who, what.name), fields, now_ns)

    def _deposited(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        made = self._transfers.deposits.get(what.name or "")
        if made is None or made.purse is not who:
            raise Refused(404, "NOT_FOUND", f"No deposit {what.name}")
        return 200, self._transfers.deposited(made)

    def _withdrawal(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        made = self._transfers.withdrawals.get(what.name or "")
        if made is None or made.purse is not who:
            raise Refused(404, "NOT_FOUND", f"No withdrawal {what.name}")
        return 200, self._transfers.withdrawal(made)

    def _compliance(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        purse = self._own(who, what.name)
        return 200, {
            "account_id": purse.account_id,
            "kyc_status": purse.kyc_status,
            "kyc_tier": purse.about.kyc_tier,
            "aml_status": "cleared",
            "sanctions_status": "cleared",
            "pep_status": "cleared",
        }

    def _review(self, who: Purse, what: Resource, fields: Fields, now_ns: int) -> Answer:
        return 202, self._transfers.review(self._own(who, what.name), now_ns)

    def _health(self, now_ns: int) -> Fields:
        slow = self._house.pulse.slow if self._house.pulse is not None else {}
        services = {service: "degraded" if service in slow else "healthy" for service in SERVICES}
        status = "degraded" if slow else "healthy"
        return {"status": status, "version": "1.0.0", "timestamp": written(now_ns), "services": services}

    def _own(self, who: Purse, account: object) -> Purse:
        if not isinstance(account, str):
            raise Refused(400, "INVALID_REQUEST", "account_id is required", field="account_id")
        if account != who.account_id:
            raise Refused(403, "FORBIDDEN", "Insufficient permissions")
        return who


def _found(trade: ClientTrade | None, who: Purse, what: Resource) -> ClientTrade:
    if trade is None or trade.account_id != who.account_id:
        raise Refused(404, "NOT_FOUND", f"Nothing is called {what.name}")
    return trade
