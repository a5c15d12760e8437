"""Laws of the simulated venue: it answers whatever is said, once each, and no money is made or lost."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from venues.cantondex.trader import ACCOUNT, SYMBOL, Venue, quiet

from wsreplay.captures.event import Event
from wsreplay.captures.in_flight import InFlight, Request
from wsreplay.venues.cantondex.channels import CHANNELS
from wsreplay.venues.cantondex.dialect import CantonDexDialect
from wsreplay.venues.cantondex.setup import LIFE, Account
from wsreplay.venues.envelope import Envelope, Sender

DEX = CantonDexDialect()
D = Decimal
WORDS = st.sampled_from(["auth", "subscribe", "unsubscribe", "pong", "order", "ping"])
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [*sorted(CHANNELS), ACCOUNT, "acc_other", "1s", "x", 7, None, True, [], {}, [SYMBOL], ["y"]]
)
NAMES = st.sampled_from(["channel", "account_id", "symbols", "aggregation", "token"])
MESSAGES = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=20),
    st.dictionaries(NAMES, VALUES, max_size=4).map(json.dumps),
    st.builds(lambda kind, more: json.dumps({"type": kind, **more}), WORDS, st.dictionaries(NAMES, VALUES, max_size=4)),
)


@settings(max_examples=200)
@given(st.lists(MESSAGES, max_size=12), st.booleans())
def test_whatever_is_said_is_answered_once_unless_it_is_a_pong(messages: list[str | bytes], logged_in: bool) -> None:
    venue = Venue()
    conn = venue.log_in() if logged_in else venue.connect()
    for message in messages:
        answers = venue.send(conn, message)
        assert len(answers) == (DEX.decode(message, "client").role != "heartbeat")
        assert all(DEX.decode(json.dumps(answer), "venue").role in ("reply", "error") for answer in answers)


def _event(seq: int, sender: Sender, envelope: Envelope) -> Event:
    said = {name: getattr(envelope, name) for name in ("role", "op", "key", "channel", "error_code")}
    return Event(seq=seq, at_ns=0, mono_ns=seq, first_mono_ns=seq, conn=1, sender=sender, kind="text", **said)


@settings(max_examples=300)
@given(st.lists(MESSAGES, max_size=12))
def test_however_much_is_said_before_the_first_answer_each_finds_its_own(messages: list[str | bytes]) -> None:
    """The bot does not wait. Its messages are all in flight when the answers come, in order."""
    venue = Venue()
    conn = venue.log_in()
    answers: dict[int, Envelope] = {}
    table: InFlight[Request] = InFlight()
    for seq, message in enumerate(messages, start=1):
        asked = DEX.decode(message, "client")
        for answer in venue.send(conn, message):
            answers[seq] = DEX.decode(json.dumps(answer), "venue")
        if asked.role == "request":
            table.add(Request(_event(seq, "client", asked), reached_venue=True))
    for seq, envelope in answers.items():
        found = table.find(_event(99, "venue", envelope), envelope.answers)
        if DEX.decode(messages[seq - 1], "client").role != "request":
            assert found is None
            continue
        assert found is not None
        assert found.seq == seq
        table.remove(found)
    assert not len(table), "and nothing waits for ever"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["place", "place", "cancel", "replace", "wait"]),
        st.sampled_from([ACCOUNT, "acc_2"]),
        st.sampled_from(["buy", "sell"]),
        st.integers(min_value=1, max_value=2_000),
        st.one_of(st.none(), st.integers(min_value=14_950, max_value=15_150)),
        st.sampled_from(["gtc", "ioc", "fok"]),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(STEPS, st.sampled_from([0.0, 0.5]))
def test_no_money_is_made_or_lost(steps: list[tuple[Any, ...]], failing: float) -> None:
    accounts = tuple(
        Account(account_id=name, cash=D(10**6), holdings={"AAPL": D(3_000)}) for name in (ACCOUNT, "acc_2")
    )
    venue = Venue(quiet(accounts=accounts, life=LIFE, failing=failing))
    placed: list[tuple[str, str]] = []
    for what, account, side, quantity, cents, force in steps:
        price = None if cents is None else D(cents) / 100
        if what == "place":
            kind = {"order_type": "market"} if price is None else {"order_type": "limit", "price": price}
            wish = {"account_id": account, "symbol": SYMBOL, "side": side, "quantity": quantity, "time_in_force": force}
            status, answer = venue.rest("POST", "/orders", wish | kind, account=account)
            if status == 201:
                placed.append((account, answer["order_id"]))
        elif what == "wait":
            venue.wait(quantity / 1_000)
        elif placed:
            account, order = placed[quantity % len(placed)]
            change = {"quantity": quantity, "price": price} if what == "replace" else None
            venue.rest("PUT" if change else "DELETE", f"/orders/{order}", change, account=account)
    venue.wait(3)
    house = venue.house
    for purse in house.accounts.purses.values():
        orders = [each for each in house.desk.orders.values() if each.account_id == purse.account_id]
        held = {side: sum((each.reserved for each in orders if each.side == side), D(0)) for side in ("buy", "sell")}
        assert purse.reserved == held["buy"] >= 0
        assert purse.promised.get("AAPL", D(0)) == held["sell"] >= 0
        assert all(each.reserved == 0 for each in orders if not each.is_open)
        trades = [
            trade
            for trade in house.settlements.trades.values()
            if trade.account_id == purse.account_id and trade.status != "failed"
        ]
        paid = sum((t.commission + (t.gross if t.side == "buy" else -t.gross) for t in trades), D(0))
        got = sum((t.qty if t.side == "buy" else -t.qty for t in trades), D(0))
        assert (purse.cash, purse.holdings["AAPL"]) == (10**6 - paid, 3_000 + got)
        for order in orders:
            done = [t for t in house.settlements.trades.values() if t.order_id == order.order_id]
            assert order.filled == sum((t.qty for t in done), D(0)) <= order.qty
