"""What goes on at the relayer without its clients: seeded makers post and cancel, takers fill, balances move."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from wsreplay.venues.zeroex.assets import erc721
from wsreplay.venues.zeroex.orders import NULL_ADDRESS, Order, order_digest
from wsreplay.venues.zeroex.setup import CATS, DEMO_KEY, E18, is_one_of_a_kind
from wsreplay.venues.zeroex.signatures import sign_order

if TYPE_CHECKING:
    from wsreplay.venues.agenda import Agenda
    from wsreplay.venues.zeroex.relayer import Listed, Relayer
    from wsreplay.venues.zeroex.setup import Maker, Network, ZeroExSetup

MS = 1_000_000
SECOND = 1_000_000_000
_STEPS = 10**13
"""Amounts are drawn in these, with digits below them, so that none fits a double by chance."""
_MOST = 400
"""Orders that the house keeps: beyond them it posts no more."""


class House:
    """Draws one thing after another from its seed. Whoever's key is not known is left alone."""

    def __init__(self, setup: ZeroExSetup, relayer: Relayer, agenda: Agenda) -> None:
        self._setup = setup
        self._relayer = relayer
        self._agenda = agenda
        self._random = Random(setup.seed)  # noqa: S311 - it draws a market, and no secret
        self._makers: list[tuple[Maker, bytes]] = [
            (maker, maker.key)
            for maker in setup.all_makers()
            # What the demonstration's maker does is a client's business.
            if maker.key is not None and maker.key != DEMO_KEY
        ]
        self._own: dict[str, Listed] = {}
        self._cats = 1000

    def begin(self) -> None:
        """The first orders, and then whatever the activity says."""
        now_ns = self._agenda.now_ns
        for _ in range(self._setup.first_orders if self._makers else 0):
            self._post(now_ns)
        self._again(now_ns)

    def _again(self, now_ns: int) -> None:
        activity = self._setup.activity
        if activity is not None and self._makers:
            wait_ns = int(self._random.uniform(*activity.every_ms) * MS)
            self._agenda.at(now_ns + max(wait_ns, MS), self._act)

    def _act(self, now_ns: int) -> None:
        activity = self._setup.activity
        assert activity is not None
        self._own = {found: each for found, each in self._own.items() if found in self._relayer.orders}
        doing = self._random.choices(
            (self._post, self._fill, self._cancel, self._move),
            (activity.posts, activity.fills, activity.cancels, activity.balance_moves),
        )[0]
        doing(now_ns)
        self._again(now_ns)

    def _post(self, now_ns: int) -> None:
        if len(self._own) >= _MOST:
            return
        maker, key = self._random.choice(self._makers)
        first, second = self._random.choice(self._setup.pairs)
        gives, wants = (first.data, second.data) if self._random.random() < 0.5 else (second.data, first.data)
        if is_one_of_a_kind(wants):
            gives, wants = wants, gives
        if is_one_of_a_kind(gives):
            self._cats += 1
            gives, amount = erc721(CATS, self._cats), 1
            self._relayer.set_balance(maker.address, gives, 1, now_ns)
        else:
            amount = self._amount()
        lives_s = self._random.randint(*(self._setup.activity.lifetime_s if self._setup.activity else (3600, 3600)))
        order = Order(
            maker_address=maker.address,
            taker_address=NULL_ADDRESS,
            fee_recipient_address=self._setup.fee_recipients[0] if self._setup.fee_recipients else NULL_ADDRESS,
            sender_address=NULL_ADDRESS,
            maker_asset_amount=str(amount),
            taker_asset_amount=str(self._amount()),
            maker_fee=str(self._setup.maker_fee),
            taker_fee=str(self._setup.taker_fee),
            expiration_time_seconds=str(now_ns // SECOND + lives_s),
            salt=str(self._random.getrandbits(256)),
            maker_asset_data=gives,
            taker_asset_data=wants,
            exchange_address=self._network().exchange,
        )
        digest = order_digest(order)
        assert digest is not None
        order.signature = sign_order(digest, key, self._random.choice(("eip712", "eth-sign")))
        listed = self._relayer.add(order, now_ns)
        self._own[listed.order_hash] = listed

    def _fill(self, now_ns: int) -> None:
        listed = self._any_open()
        if listed is None:
            return
        whole = listed.maker_amount == 1 or self._random.random() < 0.3
        amount = listed.remaining if whole else self._random.randint(1, listed.remaining)
        self._relayer.fill(listed, amount, now_ns)

    def _cancel(self, now_ns: int) -> None:
        listed = self._any_open()
        if listed is not None:
            self._relayer.cancel(listed, now_ns)

    def _move(self, now_ns: int) -> None:
        """A maker spends most of what stands behind an order, or gets it back, or changes what may be moved."""
        listed = self._any_of([each for each in self._own.values() if not each.cancelled and each.maker_amount > 1])
        if listed is None:
            return
        needed = listed.maker_amount
        draw = self._random.random()
        if draw < 0.4:
            self._relayer.set_balance(listed.maker, listed.gives, self._random.randint(0, needed - 1), now_ns)
        elif draw < 0.6:
            self._relayer.set_allowance(listed.maker, listed.gives, self._random.randint(0, needed - 1), now_ns)
        else:
            self._relayer.set_allowance(listed.maker, listed.gives, (1 << 256) - 1, now_ns)
            self._relayer.set_balance(listed.maker, listed.gives, 1000 * E18, now_ns)

    def _any_open(self) -> Listed | None:
        return self._any_of([each for each in self._own.values() if each.remaining])

    def _any_of(self, orders: list[Listed]) -> Listed | None:
        return self._random.choice(orders) if orders else None

    def _network(self) -> Network:
        networks = self._setup.networks
        return self._random.choices(networks, [4 if n == 0 else 1 for n in range(len(networks))])[0]

    def _amount(self) -> int:
        return self._random.randint(1, 500_000) * _STEPS + self._random.randint(0, 9_999_999_999)
