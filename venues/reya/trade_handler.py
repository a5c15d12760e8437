"""Operations, whichever transport brings them: let through by the rules, done by the exchange, answered in time."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from wsreplay.venues.reya.errors import Code, Refused
from wsreplay.venues.reya.exchange import Exchange
from wsreplay.venues.reya.maker import MarketMaker
from wsreplay.venues.reya.requests import CancelAll, CancelOrder, CreateOrder, read_request
from wsreplay.venues.reya.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.reya.orders import OpenOrder, Trade
    from wsreplay.venues.reya.requests import Request
    from wsreplay.venues.reya.setup import ReyaSetup

OPERATIONS = frozenset({"createOrder", "cancelOrder", "cancelAll"})


class InternalFailureError(Exception):
    """The venue itself failed: nothing was done."""


type Outcome = dict[str, Any] | Refused
type Answer = Callable[[Outcome, int], None]
"""Called once with what to reply, when it is time to reply."""


class TradeHandler:
    """The venue behind its transports."""

    def __init__(self, setup: ReyaSetup, agenda: Agenda, settled: Callable[[Trade], None]) -> None:
        self.rules = Rules(setup)
        self.exchange = Exchange(setup, agenda, settled)
        self._setup = setup
        self._agenda = agenda
        self._delays = Random(f"{setup.seed} delays")  # noqa: S311 - repeatable, not secret
        if setup.liquidity is not None:
            MarketMaker(self.exchange, setup.liquidity, setup.seed, agenda, self._fire)

    def handle(self, op: str, body: object, now_ns: int, answer: Answer) -> None:
        """Do one operation. Its effect is at once, except a perp IOC's; its answer comes when it is due.

        Raises :class:`InternalFailureError` now and then, if the setup says so.
        """
        delay = int(self._delays.uniform(*self._setup.delays.engine_ms) * 1_000_000)
        if self._setup.internal_rate and self._delays.random() < self._setup.internal_rate:
            raise InternalFailureError
        outcome: Outcome
        try:
            wanted = read_request(op, body)
            if isinstance(wanted, CreateOrder) and wanted.time_in_force == "IOC" and wanted.symbol.endswith("PERP"):
                self._send_to_chain(wanted, now_ns, answer)
                return
            outcome = self._do(wanted, now_ns)
        except Refused as refused:
            outcome = refused
        self._agenda.at(now_ns + delay, partial(answer, outcome))

    def _do(self, wanted: Request, now_ns: int) -> dict[str, Any]:
        if isinstance(wanted, CreateOrder):
            return self._create(wanted, now_ns)
        if isinstance(wanted, CancelOrder):
            return self._cancel(wanted, now_ns)
        return self._cancel_all(wanted, now_ns)

    def _create(self, wanted: CreateOrder, now_ns: int) -> dict[str, Any]:
        market, signer = self.rules.admit_create(wanted, now_ns)
        self.exchange.check_running(market)
        if wanted.order_type == "LIMIT":
            return self.exchange.place(wanted, market, signer, now_ns)
        return self.exchange.place_trigger(wanted, market, signer, now_ns)

    def _send_to_chain(self, wanted: CreateOrder, now_ns: int, answer: Answer) -> None:
        """A perp IOC is answered when the chain has executed it, which it does whoever still listens."""
        market, _ = self.rules.admit_create(wanted, now_ns)
        self.exchange.check_running(market)
        self.exchange.check_conforms(wanted, market)

        def execute(at_ns: int) -> None:
            try:
                answer(self.exchange.execute(wanted, market, at_ns), at_ns)
            except Refused as reverted:
                answer(reverted, at_ns)

        self._agenda.at(now_ns + self.exchange.chain_delay_ns(), execute)

    def _cancel(self, wanted: CancelOrder, now_ns: int) -> dict[str, Any]:
        order = self.exchange.find(wanted)
        market = self.rules.admit_cancel(wanted, None if order is None else order.wanted.account, now_ns)
        self.exchange.check_running(market)
        if order is None or not self._names(wanted, order):
            raise Refused(Code.CANCEL_OTHER, f"Order {wanted.order_id or wanted.client_order_id} not found")
        self.exchange.cancel(order.order_id)
        payload: dict[str, Any] = {"status": "CANCELLED", "orderId": str(order.order_id)}
        if order.wanted.client_order_id is not None:
            payload["clientOrderId"] = order.wanted.client_order_id
        return payload

    def _names(self, wanted: CancelOrder, order: OpenOrder) -> bool:
        """Whether a cancel's signed form fits the order: a perp's form must not reach a spot order, nor another's."""
        if wanted.nonce is None:
            return not self.exchange.markets[order.wanted.symbol].spot and not order.firing
        return (order.wanted.account, order.wanted.symbol) == (wanted.account, wanted.symbol)

    def _cancel_all(self, wanted: CancelAll, now_ns: int) -> dict[str, Any]:
        market = self.rules.admit_cancel_all(wanted, now_ns)
        self.exchange.check_running(market)
        return {"cancelledCount": self.exchange.cancel_all(wanted.account, market)}

    def _fire(self, now_ns: int) -> None:
        """Send the triggered orders whose price has come to the chain."""
        for order in self.exchange.open:
            if order.resting is None and not order.firing and self._is_reached(order):
                order.firing = True
                self._agenda.at(now_ns + self.exchange.chain_delay_ns(), partial(self._close_position, order))

    def _is_reached(self, order: OpenOrder) -> bool:
        wanted, mark = order.wanted, self.exchange.clearing.marks[order.wanted.symbol]
        if mark is None or wanted.trigger is None:
            return False
        # A take-profit that sells waits for a higher price, a stop-loss that sells for a lower one; buys the other way.
        upwards = (wanted.order_type == "TP") == (wanted.side == "sell")
        return mark >= wanted.trigger if upwards else mark <= wanted.trigger

    def _close_position(self, order: OpenOrder, at_ns: int) -> None:
        wanted = order.wanted
        self.exchange.cancel(order.order_id)
        qty = self.exchange.clearing.reducible(wanted.account, wanted.symbol, wanted.side)
        if qty:
            market = self.exchange.markets[wanted.symbol]
            self.exchange.take(wanted.account, market, wanted.side, wanted.price, qty, at_ns)
