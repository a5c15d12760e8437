"""The simulator behind a recording: what it was shown, and what it answers."""

from __future__ import annotations

import json
from typing import Any

from replay.recording import Recording
from replay.served.client import LIVE_NS, Served
from venues.reya.trader import Trader, quiet

from wsreplay.venues.reya.gateway import Gateway


def frame(op: str, key: str, payload: Any) -> str:
    return json.dumps({"type": op, "id": key, "payload": payload})


def shadowed(trader: Trader) -> Served:
    """A recording of one spot order, played with a simulator behind it."""
    recording = Recording().open().say(frame("createOrder", "a", trader.spot(price="2400")))
    recording.wait(5).answer("a", "createOrder", orderId="777000777000", status="OPEN")
    return Served(recording.events(), "reya", unmatched="simulator", shadow=Gateway(quiet(), LIVE_NS))


def test_what_the_recording_answered_is_known_to_the_simulator_by_the_recorded_id() -> None:
    trader = Trader(now_ns=LIVE_NS)
    served = shadowed(trader)
    conn = served.open()
    served.send(conn, frame("createOrder", "k1", trader.spot(price="2400")))
    served.wait(1000)
    assert [json.loads(each)["payload"]["orderId"] for each in served.heard[conn]] == ["777000777000"], "once"
    served.send(conn, frame("cancelOrder", "k2", trader.cancel("777000777000")))
    served.wait(1000)
    reply = json.loads(served.last(conn))
    assert (reply["id"], reply["payload"]["status"]) == ("k2", "CANCELLED")
    assert reply["payload"]["orderId"] == "777000777000"
    assert len(served.told) == 1


def test_its_own_orders_stand_beside_the_recorded_ones_in_what_it_lists() -> None:
    trader = Trader(now_ns=LIVE_NS)
    served = shadowed(trader)
    conn = served.open()
    served.send(conn, frame("createOrder", "k1", trader.spot(price="2400")))
    served.wait(1000)
    served.send(conn, frame("createOrder", "k2", trader.spot(price="2300")))
    served.wait(1000)
    own = json.loads(served.last(conn))["payload"]["orderId"]
    ticket = served.ask(f"/v2/wallet/{trader.wallet}/openOrders")
    served.wait(1000)
    orders = json.loads(served.answers[ticket].body)
    assert {order["orderId"] for order in orders} == {"777000777000", own}
    assert served.told[0].startswith("createOrder WETHRUSD buy ")


def test_a_line_that_is_gone_is_gone_for_the_simulator() -> None:
    trader = Trader(now_ns=LIVE_NS)
    served = shadowed(trader)
    conn = served.open()
    served.send(conn, frame("createOrder", "k2", trader.spot(price="2300")))
    served.leave(conn)
    served.wait(1000)
    assert served.heard[conn] == []
