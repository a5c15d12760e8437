"""The relayer's book without a wire: signed orders, what has become of them on the chain, and what is left of each.

It matches nothing. It keeps what makers hand in, watches fills, cancellations and the makers' balances, and tells of
every order of which more or less can be filled than it said before.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from wsreplay.venues.zeroex.orders import order_hash, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.zeroex.orders import Order
    from wsreplay.venues.zeroex.setup import ZeroExSetup

SECOND = 1_000_000_000
WITHOUT_LIMIT = (1 << 256) - 1
_LATEST_S = 253_402_300_799
"""The year 9999: an order that lives longer is never taken off."""


class Listed(msgspec.Struct, kw_only=True, eq=False):
    """An order that was handed in, and what is known of it."""

    order: Order
    order_hash: str
    network_id: int
    maker: str
    gives: str
    """The maker's asset."""
    wants: str
    """The taker's asset."""
    maker_amount: int
    taker_amount: int
    expires_s: int
    filled: int = 0
    """In the taker's asset, as the exchange counts."""
    cancelled: bool = False
    remaining: int = 0
    """What can be filled, in the taker's asset, as it was told last."""
    updated_ns: int = 0


class Relayer:
    """The orders of one relayer, and the balances that stand behind them."""

    def __init__(self, setup: ZeroExSetup, agenda: Agenda, tell: Callable[[list[Listed]], None]) -> None:
        """``tell``: is given the orders that one thing that happened has changed, all at once."""
        self.setup = setup
        self.orders: dict[str, Listed] = {}
        """By hash: those that are not expired."""
        self._agenda = agenda
        self._tell = tell
        self._of_maker: dict[str, dict[str, Listed]] = {}
        self._balances: dict[tuple[str, str], int] = {}
        self._allowances: dict[tuple[str, str], int] = {}
        self._known = {maker.address for maker in setup.all_makers()}
        for maker in setup.all_makers():
            self._balances |= {(maker.address, asset): amount for asset, amount in maker.balances.items()}
            self._allowances |= {(maker.address, asset): amount for asset, amount in maker.allowances.items()}

    # What happens

    def add(self, order: Order, now_ns: int) -> Listed:
        """A good order is handed in. One that is here already stays as it is, and is not told of again."""
        listed = self.read(order)
        known = self.orders.get(listed.order_hash)
        if known is not None:
            return known
        listed.remaining = self.fillable(listed)
        listed.updated_ns = now_ns
        self.orders[listed.order_hash] = listed
        self._of_maker.setdefault(listed.maker, {})[listed.order_hash] = listed
        if listed.expires_s <= _LATEST_S:
            self._agenda.at(listed.expires_s * SECOND, partial(self._expire, listed))
        self._tell([listed])
        return listed

    def fill(self, listed: Listed, amount: int, now_ns: int) -> int:
        """Somebody fills so much of it, or as much as there is; the maker's balances move. How much it was."""
        amount = min(amount, self.fillable(listed))
        if amount <= 0:
            return 0
        listed.filled += amount
        given = amount * listed.maker_amount // listed.taker_amount
        gives, wants = (listed.maker, listed.gives), (listed.maker, listed.wants)
        self._balances[gives] = self.balance(*gives) - given
        self._balances[wants] = self.balance(*wants) + amount
        if (allowed := self._allowances.get(gives)) is not None:
            self._allowances[gives] = allowed - given
        self._look_again(self._of_maker.get(listed.maker, {}).values(), now_ns)
        return amount

    def cancel(self, listed: Listed, now_ns: int) -> None:
        """Its maker cancels it, on the chain and for good."""
        listed.cancelled = True
        self._look_again([listed], now_ns)

    def set_balance(self, maker: str, asset: str, amount: int, now_ns: int) -> None:
        """The maker's tokens went elsewhere, or came."""
        self._balances[maker, asset] = amount
        self._look_again(self._of_maker.get(maker, {}).values(), now_ns)

    def set_allowance(self, maker: str, asset: str, amount: int, now_ns: int) -> None:
        """The maker allows the exchange to move less, or more."""
        self._allowances[maker, asset] = amount
        self._look_again(self._of_maker.get(maker, {}).values(), now_ns)

    # What is known

    def balance(self, maker: str, asset: str) -> int:
        """What a maker has of an asset."""
        return self._balances.get((maker, asset), 0 if maker in self._known else self.setup.strangers_have)

    def fillable(self, listed: Listed) -> int:
        """How much of an order can be filled now, in the taker's asset. Each counts for itself, as at the exchange."""
        if listed.cancelled:
            return 0
        source = listed.maker, listed.gives
        movable = min(self.balance(*source), self._allowances.get(source, WITHOUT_LIMIT))
        covered = max(0, movable) * listed.taker_amount // listed.maker_amount
        return min(listed.taker_amount - listed.filled, covered)

    def open_orders(self, network_id: int) -> list[Listed]:
        """The orders of a network of which something can be filled, oldest first."""
        return [each for each in self.orders.values() if each.remaining and each.network_id == network_id]

    def read(self, order: Order) -> Listed:
        """An order of sound fields, as it would be listed."""
        found = order_hash(order)
        maker_amount, taker_amount = whole(order.maker_asset_amount), whole(order.taker_asset_amount)
        expires_s = whole(order.expiration_time_seconds)
        network_id = self.setup.network_of(order.exchange_address)
        assert found is not None
        assert network_id is not None
        assert order.maker_address is not None
        assert order.maker_asset_data is not None
        assert order.taker_asset_data is not None
        assert expires_s is not None
        assert maker_amount
        assert taker_amount
        return Listed(
            order=order,
            order_hash=found,
            network_id=network_id,
            maker=order.maker_address,
            gives=order.maker_asset_data,
            wants=order.taker_asset_data,
            maker_amount=maker_amount,
            taker_amount=taker_amount,
            expires_s=expires_s,
        )

    # Private parts

    def _look_again(self, orders: Iterable[Listed], now_ns: int) -> None:
        changed = []
        for listed in orders:
            remaining = self.fillable(listed)
            if remaining != listed.remaining:
                listed.remaining, listed.updated_ns = remaining, now_ns
                changed.append(listed)
        if changed:
            self._tell(changed)

    def _expire(self, listed: Listed, _: int) -> None:
        """An expired order is gone without a word: whoever has it knows when it ends."""
        self.orders.pop(listed.order_hash, None)
        of_maker = self._of_maker.get(listed.maker, {})
        of_maker.pop(listed.order_hash, None)
        if not of_maker:
            self._of_maker.pop(listed.maker, None)
