"""What a served venue says to whom, and when."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from replay.recording import URL, Recording
from replay.served.client import AT_ONCE, MS, Served

from wsreplay.venues.envelope import Envelope, Sender, intent_of
from wsreplay.venues.gateway import Close, Cut
from wsreplay.venues.generic.dialect import GenericDialect
from wsreplay.venues.rules import Heartbeat, Rules


def message(**fields: Any) -> str:
    return json.dumps(fields)


def place(key: Any, qty: str = "1", **more: Any) -> str:
    return message(op="place", id=key, symbol="BTC", side="buy", qty=qty, price="100", **more)


def placed(key: Any, order_id: str, **more: Any) -> str:
    return message(id=key, result={"status": "open", "orderId": order_id, **more})


def subscribe(channel: str, key: int = 1) -> str:
    return message(op="subscribe", id=key, channel=channel)


def trade(channel: str, price: int) -> str:
    return message(channel=channel, data={"price": str(price)})


def generic() -> Recording:
    return Recording("generic").open()


def streaming() -> Recording:
    """A subscription to trades, three of them ten milliseconds apart, and one more after the subscription's end."""
    recording = generic().wait(5).say(subscribe("trades")).wait(2).hear(message(id=1, result="subscribed"))
    for price in (1, 2, 3):
        recording.wait(10).hear(trade("trades", price))
    return recording


def prices(served: Served, conn: int) -> list[str]:
    return [json.loads(each)["data"]["price"] for each in served.heard[conn] if "channel" in json.loads(each)]


class Batching(GenericDialect):
    """The generic dialect, if it read the orders of a batch."""

    def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
        envelope = super().decode(payload, sender)
        said = json.loads(payload)
        if sender == "venue" or "orders" not in said:
            return envelope
        parts = tuple(
            Envelope(intent=intent_of(*order.values()), qty=order["qty"], side="buy") for order in said["orders"]
        )
        return msgspec.structs.replace(envelope, parts=parts, qty=None, side=None, price=None, intent=None)


# Pace


def test_a_reply_takes_as_long_as_it_took_counted_from_the_live_request() -> None:
    served = Served(generic().wait(50).say(place(1)).wait(7).hear(placed(1, "a-1")).events(), "generic")
    conn = served.open()
    served.wait(300)
    served.send(conn, place("x"))
    served.wait(1000)
    assert served.times[conn] == [307]


def test_at_twice_the_speed_it_takes_half_of_it_and_at_the_highest_nothing() -> None:
    events = generic().wait(50).say(place(1)).wait(8).hear(placed(1, "a-1")).events()
    for speed, expected in ((2.0, 4), (AT_ONCE, 0)):
        served = Served(events, "generic", speed=speed)
        conn = served.open()
        served.send(conn, place("x"))
        served.wait(1000)
        assert served.times[conn] == [expected]


def test_pushes_come_in_their_recorded_distance_from_what_the_client_did() -> None:
    served = Served(streaming().events(), "generic")
    conn = served.open()
    served.wait(100)
    served.send(conn, subscribe("trades"))
    served.wait(1000)
    assert served.times[conn] == [102, 112, 122, 132]
    assert prices(served, conn) == ["1", "2", "3"]


def test_a_reply_stays_behind_what_was_said_before_it_and_comes_soon() -> None:
    recording = generic().open(2).say(message(op="status", id=1)).wait(1).say(place(2), 2).wait(2)
    recording.hear(message(type="news")).wait(2).hear(message(id=1, result={"status": "ok"}))
    served = Served(recording.events(), "generic")
    first, second = served.open(), served.open()
    served.send(first, message(op="status", id=1))
    served.wait(4)
    served.send(second, place(2))
    served.wait(10)
    assert served.times[first] == [6, 6]
    assert [json.loads(each).get("type") for each in served.heard[first]] == ["news", None]


def test_what_the_venue_says_first_needs_no_request() -> None:
    served = Served(generic().wait(3).hear(message(type="welcome")).events(), "generic")
    conn = served.open()
    served.wait(100)
    assert served.times[conn] == [3]


# Subscriptions


def test_nothing_of_a_subscription_comes_before_it() -> None:
    served = Served(streaming().wait(5).hear(message(type="news", text="x")).events(), "generic")
    conn = served.open()
    served.wait(60_000)
    assert [json.loads(each)["type"] for each in served.heard[conn]] == ["news"], "the rest goes on after its patience"
    served.send(conn, subscribe("trades"))
    served.wait(1000)
    assert prices(served, conn) == ["1", "2", "3"], "who subscribes late hears the stream from its beginning"


def test_nothing_of_a_subscription_comes_after_its_end() -> None:
    recording = streaming().wait(20).say(message(op="unsubscribe", id=2, channel="trades"))
    served = Served(recording.wait(1).hear(message(id=2, result="unsubscribed")).events(), "generic")
    conn = served.open()
    served.send(conn, subscribe("trades"))
    served.wait(13)
    served.send(conn, message(op="unsubscribe", id=7, channel="trades"))
    served.wait(1000)
    assert prices(served, conn) == ["1"]
    assert json.loads(served.last(conn)) == {"id": 7, "result": "unsubscribed"}


def test_a_part_of_a_subscription_brings_its_part() -> None:
    recording = generic().say(message(op="subscribe", id=1, args=["trades", "books"]))
    recording.wait(2).hear(trade("trades", 1)).wait(1).hear(trade("books", 2)).wait(1).hear(trade("trades", 3))
    served = Served(recording.events(), "generic")
    conn = served.open()
    served.send(conn, message(op="subscribe", id=1, args=["trades"]))
    served.wait(1000)
    assert prices(served, conn) == ["1", "3"]
    assert served.told == []


def test_who_subscribes_again_hears_the_stream_from_its_beginning() -> None:
    served = Served(streaming().events(), "generic")
    conn = served.open()
    served.send(conn, subscribe("trades"))
    served.wait(13)
    served.send(conn, message(op="unsubscribe", id=2, channel="trades"))
    served.wait(50)
    served.send(conn, subscribe("trades", key=3))
    served.wait(1000)
    assert prices(served, conn) == ["1", "1", "2", "3"]


def test_a_subscription_that_was_lost_in_the_recording_can_be_repeated_on_the_next_line() -> None:
    served = Served(streaming().open(2).events(), "generic")
    first, second = served.open(), served.open()
    served.send(second, subscribe("trades"))
    served.wait(1000)
    assert prices(served, second) == ["1", "2", "3"]
    assert served.heard[first] == []


# Orders


def order_push(order_id: str, status: str) -> str:
    return message(channel="orders", data={"orderId": order_id, "status": status})


def test_news_of_an_order_wait_for_the_order_whichever_line_made_it() -> None:
    recording = generic().open(2).wait(10).say(place(1)).wait(5).hear(placed(1, "a-1"))
    served = Served(recording.wait(20).hear(order_push("a-1", "filled"), 2).events(), "generic")
    trading, listening = served.open(), served.open()
    served.wait(60_000)
    assert served.heard[listening] == []
    served.send(trading, place(1))
    served.wait(1000)
    assert served.times[listening] == [60_025]


def test_news_of_an_order_that_nobody_wants_now_never_come() -> None:
    recording = generic().say(subscribe("orders")).wait(10).say(place(7)).wait(5).hear(placed(7, "a-1"))
    recording.wait(5).hear(order_push("a-1", "filled")).wait(5).hear(order_push("older-1", "filled"))
    served = Served(recording.events(), "generic")
    conn = served.open()
    served.send(conn, subscribe("orders"))
    served.wait(60_000)
    assert served.heard[conn] == [order_push("older-1", "filled")], "that one was there before"


def test_the_bots_own_ids_stand_in_the_place_of_the_recorded_ones() -> None:
    recording = generic().say(place(1, clientOrderId="c-1")).hear(placed(1, "a-1", clientOrderId="c-1", qty=1))
    recording.wait(5).hear(message(channel="orders", data={"clientOrderId": "c-1", "status": "open"}))
    served = Served(recording.events(), "generic")
    conn = served.open()
    served.send(conn, place(77, clientOrderId="mine"))
    served.wait(1000)
    assert served.heard[conn] == [
        placed(77, "a-1", clientOrderId="mine", qty=1),
        message(channel="orders", data={"clientOrderId": "mine", "status": "open"}),
    ]


def test_a_batch_of_orders_is_one_wish_and_makes_them_all() -> None:
    def batch(key: int, *quantities: str) -> str:
        orders = [{"symbol": "BTC", "side": "buy", "qty": qty, "price": "100"} for qty in quantities]
        return message(op="batch", id=key, orders=orders)

    def made(key: int, *ids: str) -> str:
        return message(id=key, result={"orders": [{"orderId": each, "status": "open"} for each in ids]})

    recording = generic().say(batch(1, "1", "2")).hear(made(1, "order-10", "order-20"))
    served = Served(recording.events(), Batching())
    conn = served.open()
    for key in (5, 6):
        served.send(conn, batch(key, "1", "2"))
        served.wait(10)
    assert served.heard[conn] == [made(5, "order-10", "order-20"), made(6, "order-11", "order-21")]
    served.send(conn, batch(7, "1", "3"))
    assert len(served.told) == 1


def test_one_recorded_order_wanted_twice_makes_two_with_ids_of_their_own() -> None:
    recording = (
        generic().say(place(1)).hear(placed(1, "order-100")).say(message(op="cancel", id=2, orderId="order-100"))
    )
    recording.hear(message(id=2, result={"status": "cancelled", "orderId": "order-100"}))
    served = Served(recording.events(), "generic")
    conn = served.open()
    for key in (1, 2):
        served.send(conn, place(key))
        served.wait(10)
    assert served.heard[conn] == [placed(1, "order-100"), placed(2, "order-101")]
    served.send(conn, message(op="cancel", id=3, orderId="order-101"))
    served.wait(10)
    assert served.last(conn) == message(id=3, result={"status": "cancelled", "orderId": "order-101"})
    assert served.told == []


def test_the_same_order_sent_again_before_its_answer_gets_an_answer_of_its_own() -> None:
    served = Served(generic().say(place(1)).wait(50).hear(placed(1, "order-100")).events(), "generic")
    conn = served.open()
    served.send(conn, place("first"))
    served.send(conn, place("second"))
    served.wait(100)
    assert served.heard[conn] == [placed("first", "order-100"), placed("second", "order-101")]


def listed(*ids: str) -> str:
    orders = [{"orderId": each, "status": "open", "side": "buy", "clientOrderId": f"of-{each}"} for each in ids]
    return message(id=9, result={"orders": orders})


def test_a_list_shows_the_orders_that_there_are_now() -> None:
    recording = generic().say(place(1)).hear(placed(1, "order-1")).say(place(2, "2")).hear(placed(2, "order-2"))
    recording.say(message(op="orders", id=9)).hear(listed("order-0", "order-1", "order-2"))
    served = Served(recording.events(), "generic")
    conn = served.open()
    served.send(conn, place(1))
    served.send(conn, message(op="orders", id=9))
    served.wait(10)
    assert json.loads(served.last(conn)) == json.loads(listed("order-0", "order-1")), (
        "order-0 is older than the recording"
    )


def test_a_list_of_orders_is_never_older_than_the_orders() -> None:
    recording = generic().say(message(op="orders", id=8)).hear(listed("order-0").replace("9", "8")).wait(10)
    recording.say(place(1)).hear(placed(1, "order-1")).wait(10).say(message(op="orders", id=9))
    served = Served(recording.hear(listed("order-0", "order-1")).events(), "generic")
    conn = served.open()
    served.send(conn, place(1))
    served.wait(10)
    served.send(conn, message(op="orders", id=5))
    served.wait(10)
    assert [each["orderId"] for each in json.loads(served.last(conn))["result"]["orders"]] == ["order-0", "order-1"]


# How lines end


def test_what_a_fault_kept_from_the_bot_is_said() -> None:
    recording = generic().say(place(1)).wait(3).fault("drop rst before reply").hear(placed(1, "a-1"), delivered=False)
    served = Served(recording.end("proxy").end("proxy", leg="venue").events(), "generic")
    conn = served.open()
    served.send(conn, place(1))
    served.wait(60_000)
    assert served.heard[conn] == [placed(1, "a-1")]
    assert not served.ends


def test_what_nobody_knows_is_answered_as_if_it_was_never_recorded_and_says_why() -> None:
    recording = generic().say(place(1), relayed=False).wait(3).fault("drop rst before request").end("proxy")
    served = Served(recording.events(), "generic")
    conn = served.open()
    served.send(conn, place(1))
    served.wait(10)
    assert json.loads(served.last(conn))["error"]["code"] == "NOT_RECORDED"
    assert served.told == ["place BTC buy 1 @ 100 is #2 of the recording, but it never reached the venue"]


def test_whoever_said_goodbye_in_order_waited_for_no_answer_and_gets_none() -> None:
    recording = generic().say(message(op="unsubscribe", id=1, channel="trades")).close().close(sender="venue")
    served = Served(recording.end("fin", leg="venue").end("fin").events(), "generic")
    conn = served.open()
    served.send(conn, message(op="unsubscribe", id=1, channel="trades"))
    served.wait(10)
    assert served.heard[conn] == []
    assert served.told == []


def test_but_who_was_cut_off_may_ask_again() -> None:
    served = Served(generic().say(place(1)).end("rst").end("proxy", leg="venue").events(), "generic")
    conn = served.open()
    served.send(conn, place(1))
    served.wait(10)
    assert served.told == [
        "place BTC buy 1 @ 100 is #2 of the recording, but its line was cut before the venue had answered"
    ]


def test_a_handshake_that_a_fault_refused_was_never_the_venues() -> None:
    recording = Recording("generic").fault("reject 401 before open").open(1, status=401).open(2)
    served = Served(recording.hear(message(type="welcome"), 2).events(), "generic")
    conn = served.open()
    served.wait(10)
    assert served.heard[conn] == [message(type="welcome")]


def test_but_if_the_same_was_answered_later_that_is_the_answer() -> None:
    recording = generic().say(place(1), relayed=False).wait(3).fault("drop rst before request").end("proxy")
    served = Served(recording.open(2).say(place(2), 2).hear(placed(2, "a-1"), 2).events(), "generic")
    conn = served.open()
    served.send(conn, place(1))
    served.wait(10)
    assert served.heard[conn] == [placed(1, "a-1")]


def test_the_venues_own_goodbye_comes_again_in_its_place() -> None:
    recording = generic().say(place(1)).hear(placed(1, "a-1")).wait(40).close(1012, sender="venue")
    served = Served(recording.end("fin", leg="venue").events(), "generic")
    conn = served.open()
    served.send(conn, place(1))
    served.wait(39)
    assert not served.ends
    served.wait(2)
    assert served.ends[conn] == Close(conn, 1012, "")


def test_a_reset_by_the_venue_comes_again() -> None:
    served = Served(generic().wait(5).end("rst", leg="venue").events(), "generic")
    conn = served.open()
    served.wait(10)
    assert served.ends[conn] == Cut(conn, "rst")


def test_a_line_that_the_client_left_is_not_ended_for_it() -> None:
    events = generic().wait(5).close().close(sender="venue").end("fin", leg="venue").end("fin").events()
    served = Served(events, "generic")
    served.open()
    served.wait(60_000)
    assert not served.ends


# Handshakes


def test_a_refused_handshake_is_refused_again_in_its_turn() -> None:
    recording = Recording("generic").open(1, status=503, body="down").open(2).hear(message(type="welcome"), 2)
    served = Served(recording.events(), "generic")
    refusal = served.refused()
    assert (refusal.status, refusal.body) == (503, "down")
    conn = served.open()
    served.wait(10)
    assert served.heard[conn] == [message(type="welcome")]


def test_lines_are_told_apart_by_path_and_query() -> None:
    recording = Recording("generic").open(1, url=URL + "ws?stream=a").open(2, url=URL + "ws?stream=b")
    recording.hear(message(type="welcome", n=1), 1).hear(message(type="welcome", n=2), 2)
    served = Served(recording.events(), "generic")
    second = served.open("/ws?stream=b")
    served.wait(10)
    assert served.heard[second] == [message(type="welcome", n=2)]


def test_a_path_that_was_never_recorded_is_refused_and_named() -> None:
    served = Served(Recording("generic").open(1, url=URL + "ws").events(), "generic")
    assert served.refused("/other").status == 404
    assert served.told == ["a line to /other was never recorded; the nearest is #1: path /other instead of /ws"]


def test_secrets_in_an_address_are_not_compared() -> None:
    recording = Recording("generic").open(1, url=URL + "ws/redacted-key-12?token=redacted-token-34&v=2")
    served = Served(recording.hear(message(type="welcome")).events(), "generic")
    conn = served.open("/ws/my-key?token=mine&v=2")
    served.wait(10)
    assert served.heard[conn] == [message(type="welcome")]
    assert served.told == []


def test_more_clients_than_were_recorded_each_hear_it_all() -> None:
    served = Served(streaming().events(), "generic")
    conns = [served.open() for _ in range(3)]
    for conn in conns:
        served.send(conn, subscribe("trades", key=conn))
    served.wait(1000)
    for conn in conns:
        assert json.loads(served.heard[conn][0])["id"] == conn
        assert prices(served, conn) == ["1", "2", "3"]


def test_what_a_mended_bot_leaves_out_holds_nothing_back_once_it_goes_on() -> None:
    recording = generic().say(subscribe("trades")).wait(5).say(subscribe("trades", 2)).wait(5)
    recording.say(message(op="status", id=3)).wait(5).hear(trade("trades", 1)).wait(5).hear(trade("trades", 2))
    served = Served(recording.events(), "generic")
    conn = served.open()
    served.send(conn, subscribe("trades"))
    served.wait(10)
    served.send(conn, message(op="status", id=3))
    served.wait(100)
    assert served.times[conn] == [15, 20]


def test_pushes_wait_for_the_orders_before_them_also_for_those_over_rest() -> None:
    order = json.dumps({"symbol": "BTC", "side": "buy", "qty": "1", "price": "100"})
    recording = streaming()
    asked = {
        "method": "POST",
        "url": "https://api.venue.example/v1/order",
        "upstream": "rest",
        "headers": [],
        "body": order,
    }
    told = {"status": 200, "headers": [], "body": message(orderId="order-1", status="open")}
    recording.row("client", kind="http_request", text=json.dumps(asked), conn=9).wait(5)
    recording.row("venue", kind="http_response", text=json.dumps(told), conn=9).wait(5).hear(trade("trades", 4))
    served = Served(recording.events(), "generic")
    conn = served.open()
    served.send(conn, subscribe("trades"))
    served.wait(1000)
    assert prices(served, conn) == ["1", "2", "3"]
    ticket = served.ask("/v1/order", "POST", order.encode())
    served.wait(9)
    assert json.loads(served.answers[ticket].body)["orderId"] == "order-1"
    assert prices(served, conn) == ["1", "2", "3"]
    served.wait(1)
    assert prices(served, conn) == ["1", "2", "3", "4"]


def test_who_waits_longer_over_rest_than_the_recorded_client_gets_the_answer_of_its_second_try() -> None:
    order = json.dumps({"symbol": "BTC", "side": "buy", "qty": "1", "price": "100"})
    recording = generic()
    asked = {
        "method": "POST",
        "url": "https://api.venue.example/v1/order",
        "upstream": "rest",
        "headers": [],
        "body": order,
    }
    gone = {"error": "Client disconnected.", "headers": []}
    told = {"status": 200, "headers": [], "body": message(orderId="order-1", status="open")}
    for answer, took_ms in ((gone, 20), (told, 60)):
        recording.row("client", kind="http_request", text=json.dumps(asked), conn=9).wait(took_ms)
        recording.row("venue", kind="http_response", text=json.dumps(answer), conn=9)
    served = Served(recording.events(), "generic")
    ticket = served.ask("/v1/order", "POST", order.encode())
    served.wait(59)
    assert ticket not in served.answers
    served.wait(1)
    assert json.loads(served.answers[ticket].body)["orderId"] == "order-1"
    assert served.told == []


# Heartbeats


def test_a_clients_ping_is_answered_as_often_as_it_comes() -> None:
    served = Served(generic().say(message(op="ping", n=5)).hear(message(op="pong", n=5)).events(), "generic")
    conn = served.open()
    for number in (7, 8, 9):
        served.send(conn, message(op="ping", n=number))
    assert served.heard[conn] == [message(op="pong", n=number) for number in (7, 8, 9)]


def test_also_if_none_was_ever_recorded() -> None:
    served = Served(generic().events(), "generic")
    conn = served.open()
    served.send(conn, message(op="ping", id=3))
    assert served.heard[conn] == [message(op="pong", id=3)]


def test_pings_that_are_messages_go_on_at_their_pace_and_pongs_need_no_match() -> None:
    recording = generic()
    for _ in range(3):
        recording.wait(2000).hear(message(op="ping")).say(message(op="pong"))
    served = Served(recording.events(), "generic")
    conn = served.open()
    for _ in range(10):
        served.wait(2000)
        served.send(conn, message(op="pong"))
    assert served.heard[conn].count(message(op="ping")) >= 9
    assert served.told == []


def test_recorded_ping_frames_come_again() -> None:
    served = Served(generic().wait(5).ping().wait(5).ping().events(), "generic")
    served.open()
    served.wait(100)
    assert served.pings == 2


class Ruled(GenericDialect):
    """A venue that pings each second and gives its clients half of one to answer."""

    rules = Rules(heartbeat=Heartbeat(frame="protocol", every_ns=1000 * MS, within_ns=500 * MS))


def test_where_the_venue_has_a_rule_it_pings_by_that_and_cuts_who_does_not_answer() -> None:
    served = Served(generic().wait(5).ping().events(), Ruled())
    lively, dead = served.open(), served.open()
    for seconds in range(1, 4):
        served.wait(1000)
        assert served.pings == (2 if seconds == 1 else seconds + 1)
        served.hears(lively, "pong")
    assert list(served.ends) == [dead]
    assert served.ends[dead] == Cut(dead, "fin")


def test_messages_that_are_pings_go_on_by_the_rule_when_the_recording_is_over() -> None:
    recording = generic().wait(100).hear(message(op="ping", ts=1_795_242_446_100)).say(message(op="pong"))
    served = Served(recording.events(), RuledByMessages())
    conn = served.open()
    served.wait(3_500)
    pings = [json.loads(each) for each in served.heard[conn]]
    assert [each["op"] for each in pings] == ["ping"] * 4
    assert [each["ts"] - pings[0]["ts"] for each in pings] == [0, 900, 1900, 2900]


class RuledByMessages(GenericDialect):
    rules = Rules(heartbeat=Heartbeat(frame="message", every_ns=1000 * MS))


class Strict(GenericDialect):
    """A venue that ends lines for a pong too much, and for silence."""

    rules = Rules(heartbeat=Heartbeat(frame="message", within_ns=500 * MS, surplus_ends=True), idle_ns=5000 * MS)


def test_a_line_that_the_venue_ended_for_a_pong_too_much_is_ended_for_that_and_for_nothing_else() -> None:
    recording = generic().wait(5).hear(message(op="ping")).wait(1).say(message(op="pong")).wait(5)
    recording.say(message(op="pong")).wait(1).close(4002, sender="venue").end("fin", leg="venue")
    served = Served(recording.events(), Strict())
    mended, other = served.open(), served.open()
    served.wait(6)
    served.send(mended, message(op="pong"))
    served.send(other, message(op="pong"))
    served.wait(1000)
    assert not served.ends
    served.send(other, message(op="pong"))
    assert served.ends == {other: Close(other, 4002, "")}
    served.wait(1000)
    assert list(served.ends) == [other]


def test_so_is_one_that_it_ended_because_no_pong_came() -> None:
    recording = generic().wait(5).hear(message(op="ping")).wait(500).end("rst", leg="venue")
    served = Served(recording.events(), Strict())
    mended, other = served.open(), served.open()
    served.wait(100)
    served.send(mended, message(op="pong"))
    served.wait(404)
    assert not served.ends
    served.wait(1)
    assert served.ends == {other: Cut(other, "rst")}
    served.wait(1000)
    assert list(served.ends) == [other]


def test_so_is_one_that_was_silent_for_too_long() -> None:
    served = Served(generic().wait(5000).close(4001, sender="venue").events(), Strict())
    lively, silent = served.open(), served.open()
    for _ in range(4):
        served.wait(2000)
        served.send(lively, message(op="hello"))
    assert served.ends == {silent: Close(silent, 4001, "")}


# Who goes another way


def test_a_request_that_never_comes_does_not_hold_back_what_others_wait_for() -> None:
    recording = generic().say(place(1)).wait(2).say(message(op="status", id=2)).wait(3)
    recording.hear(placed(1, "a-1")).hear(message(id=2, result={"status": "ok"}))
    served = Served(recording.events(), "generic")
    conn = served.open()
    served.send(conn, message(op="status", id=2))
    served.wait(4)
    assert served.heard[conn] == [message(id=2, result={"status": "ok"})]


def test_news_wait_for_a_request_with_patience_and_from_then_on_for_none() -> None:
    recording = generic().wait(100).say(message(op="status", id=1)).wait(5).hear(message(type="news", n=1))
    recording.wait(100).say(message(op="status", id=2)).wait(5).hear(message(type="news", n=2))
    served = Served(recording.events(), "generic")
    conn = served.open()
    served.wait(60_000)
    assert served.times[conn] == [2_105, 2_210]


# What was never recorded


def test_the_nearest_is_named_with_what_differs_each_once() -> None:
    served = Served(generic().say(place(1)).hear(placed(1, "a-1")).events(), "generic")
    conn = served.open()
    for _ in range(2):
        served.send(conn, place(3, "2"))
    served.wait(10)
    assert served.told == ["place BTC buy 2 @ 100 was never recorded; the nearest is #2: quantity 2 instead of 1"]
    why = {"code": "NOT_RECORDED", "message": served.told[0]}
    assert [json.loads(each) for each in served.heard[conn]] == [{"id": 3, "error": why}] * 2


def test_the_venues_own_refusal_of_such_a_request_is_preferred() -> None:
    refused = message(id=1, error={"code": "TOO_MUCH", "message": "no"})
    served = Served(generic().say(place(1, "9")).hear(refused).events(), "generic")
    conn = served.open()
    served.send(conn, place("mine", "2"))
    assert json.loads(served.last(conn)) == {"id": "mine", "error": {"code": "TOO_MUCH", "message": "no"}}


def test_silence_is_silence() -> None:
    served = Served(generic().say(place(1)).hear(placed(1, "a-1")).events(), "generic", unmatched="silent")
    conn = served.open()
    served.send(conn, place(3, "2"))
    served.wait(10_000)
    assert served.heard[conn] == []
    assert len(served.told) == 1


def test_nothing_like_it_is_said_to_be_nothing_like_it() -> None:
    served = Served(generic().events(), "generic")
    conn = served.open()
    served.send(conn, message(op="transfer", id=1))
    assert served.told == ["transfer was never recorded, nor anything like it"]
