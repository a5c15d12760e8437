"""The profile that answers: acknowledgements, refusals with a code, Binance's names, and the ends of connections."""

from __future__ import annotations

import json
from typing import Any

import pytest
from venues.streams.venue import SECOND, START, Fields, Venue

from wsreplay.venues.streams.dialect import BinanceStreamsDialect
from wsreplay.venues.streams.setup import Limits

DIALECT = BinanceStreamsDialect()
ROOMY = Limits(messages_per_s=1e9)


def binance(**fields: Any) -> Venue:
    return Venue(**{"profile": "binance", "limits": ROOMY, **fields})


def said(venue: Venue, conn: int, frame: Any) -> Fields:
    venue.send(conn, frame)
    (answer,) = venue.heard(conn)
    return answer


def trade(venue: Venue, price: str = "10") -> None:
    venue.created("SELL", price, "1.50")
    venue.created("BUY", price, "1.50")


# Commands, in the shapes of Binance's documents


@pytest.mark.parametrize("number", [1, 312, -7, (1 << 63) - 1, -(1 << 63), "a1-b_2", None, 1_727_866_324_088])
def test_a_command_is_acknowledged_with_its_own_id(number: Any) -> None:
    venue = binance()
    conn = venue.connect("/stream")
    for method in ("SUBSCRIBE", "UNSUBSCRIBE"):
        frame = {"method": method, "params": ["btcusdt@aggTrade", "btcusdt@depth"], "id": number}
        assert said(venue, conn, frame) == {"result": None, "id": number}


def test_subscriptions_are_listed_and_each_counts_once() -> None:
    venue = binance()
    conn = venue.connect("/stream")
    for _ in range(2):
        venue.send(conn, {"method": "SUBSCRIBE", "params": ["solusdc@trade", "trade.SOL_USDC"], "id": 1})
    venue.heard(conn)
    listed = said(venue, conn, {"method": "LIST_SUBSCRIPTIONS", "id": 3})
    assert listed == {"result": ["solusdc@trade", "trade.SOL_USDC"], "id": 3}
    trade(venue)
    assert [frame["stream"] for frame in venue.heard(conn)] == ["trade.SOL_USDC", "solusdc@trade"]
    said(venue, conn, {"method": "UNSUBSCRIBE", "params": ["solusdc@trade"], "id": 4})
    assert said(venue, conn, {"method": "LIST_SUBSCRIPTIONS", "id": 5})["result"] == ["trade.SOL_USDC"]


def test_the_combined_property_is_told_and_set() -> None:
    venue = binance()
    raw, combined = venue.connect("/ws"), venue.connect("/stream")
    ask = {"method": "GET_PROPERTY", "params": ["combined"], "id": 2}
    assert said(venue, raw, ask) == {"result": False, "id": 2}
    assert said(venue, combined, ask) == {"result": True, "id": 2}
    assert said(venue, raw, {"method": "SET_PROPERTY", "params": ["combined", True], "id": 5}) == {
        "result": None,
        "id": 5,
    }
    assert said(venue, raw, ask)["result"] is True


METHODS = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
REFUSED: list[tuple[Any, int, str]] = [
    ({"method": "GET_PROPERTY", "params": ["speed"], "id": 9}, 0, "Unknown property"),
    ({"method": "SET_PROPERTY", "params": ["speed", True], "id": 9}, 0, "Unknown property"),
    ({"method": "SET_PROPERTY", "params": ["combined", 1], "id": 9}, 1, "Invalid value type: expected Boolean"),
    ({"method": "SET_PROPERTY", "params": ["combined"], "id": 9}, 1, "Invalid value type: expected Boolean"),
    (
        {"method": "GET_PROPERTY", "params": [7], "id": 9},
        2,
        "Invalid request: property name must be a string",
    ),
    ({"method": "GET_PROPERTY", "id": 9}, 2, "Invalid request: property name must be a string"),
    (
        {"method": "GET_PROPERTY", "params": ["combined", True], "id": 9},
        2,
        "Invalid request: too many parameters",
    ),
    ({"method": "LIST_SUBSCRIPTIONS", "params": ["a"], "id": 9}, 2, "Invalid request: too many parameters"),
    (
        {"method": "SUBSCRIBE", "params": ["a"], "id": 9, "signature": []},
        2,
        "Invalid request: too many parameters",
    ),
    (
        {"method": "SUBSCRIBE", "params": "a", "id": 9},
        2,
        "Invalid request: params must be an array of stream names",
    ),
    ({"params": ["a"], "id": 9}, 2, "Invalid request: missing field `method` at line 1 column 26"),
    (
        {"method": "SUBSCRIPE", "params": ["a"], "id": 9},
        2,
        f"Invalid request: unknown variant `SUBSCRIPE`, expected one of {METHODS} at line 1 column 22",
    ),
]
NO_ID = (2, "Invalid request: request ID must be an unsigned integer")


@pytest.mark.parametrize(("frame", "code", "message"), REFUSED)
def test_a_command_that_breaks_a_rule_is_refused_with_its_id(frame: Any, code: int, message: str) -> None:
    venue = binance()
    conn = venue.connect("/stream")
    answer = said(venue, conn, frame)
    assert answer == {"error": {"code": code, "msg": message}, "id": 9}
    envelope = DIALECT.decode(json.dumps(answer), "venue")
    assert (envelope.role, envelope.key) == ("error", "9")
    assert (envelope.error_code or "").startswith(str(code))
    assert conn not in venue.ended, "the connection lives on"


@pytest.mark.parametrize("number", ["absent", "", "a" * 37, "a b", 1.5, True, 1 << 63, [], {}])
def test_an_id_that_is_none_is_refused_without_one(number: Any) -> None:
    venue = binance()
    conn = venue.connect("/stream")
    frame = {"method": "SUBSCRIBE", "params": ["a"], **({} if number == "absent" else {"id": number})}
    assert said(venue, conn, frame) == {"error": {"code": NO_ID[0], "msg": NO_ID[1]}, "id": None}


@pytest.mark.parametrize(
    ("frame", "where"),
    [("{", "line 1 column 2"), ("nonsense", "line 1 column 1"), ("", "line 1 column 1"), (b"\xff", "line 1 column 1")],
)
def test_what_is_no_json_is_refused(frame: str | bytes, where: str) -> None:
    venue = binance()
    conn = venue.connect("/stream")
    answer = said(venue, conn, frame)
    assert answer == {"error": {"code": 3, "msg": f"Invalid JSON: expected value at {where}"}}
    assert DIALECT.decode(json.dumps(answer), "venue").error_code == "3 Invalid JSON"


def test_json_that_is_no_object_has_no_id() -> None:
    venue = binance()
    conn = venue.connect("/stream")
    assert said(venue, conn, [1])["error"]["msg"] == NO_ID[1]


def test_more_than_1024_streams_on_a_connection_are_refused_and_none_of_them_entered() -> None:
    venue = binance()
    conn = venue.connect("/stream")
    names = [f"s{number}@trade" for number in range(1025)]
    assert said(venue, conn, {"method": "SUBSCRIBE", "params": names, "id": 1})["error"]["code"] == 2
    assert said(venue, conn, {"method": "LIST_SUBSCRIPTIONS", "id": 2})["result"] == []
    assert said(venue, conn, {"method": "SUBSCRIBE", "params": names[:1024], "id": 3})["result"] is None
    assert said(venue, conn, {"method": "SUBSCRIBE", "params": names[:10], "id": 4})["result"] is None, "they are there"
    assert said(venue, conn, {"method": "SUBSCRIBE", "params": names[-1:], "id": 5})["error"]["code"] == 2


# Pushes


def test_the_path_subscribes_raw_or_combined() -> None:
    venue = binance()
    raw, combined = venue.connect("/ws/solusdc@trade"), venue.connect("/stream?streams=solusdc@trade/solusdc@depth")
    trade(venue)
    (plain,) = venue.heard(raw)
    wrapped = venue.heard(combined)
    assert [frame["stream"] for frame in wrapped] == ["solusdc@depth", "solusdc@trade", "solusdc@depth"]
    assert wrapped[1]["data"] == plain
    assert plain == {
        "e": "trade",
        "E": plain["T"],
        "s": "SOLUSDC",
        "t": 1,
        "p": "10",
        "q": "1.50",
        "T": plain["T"],
        "m": False,
        "M": True,
    }
    assert START // 1_000_000 <= plain["T"] <= venue.now_ns // 1_000_000
    assert wrapped[2]["data"] == {
        "e": "depthUpdate",
        "E": plain["E"],
        "s": "SOLUSDC",
        "U": 2,
        "u": 2,
        "b": [],
        "a": [["10", "0"]],
    }
    read = DIALECT.decode(json.dumps(plain), "venue")
    assert (read.channel, read.venue_seq, read.price) == ("solusdc@trade", 1, "10")


def test_what_an_order_trades_is_aggregated_by_price_and_numbered_on() -> None:
    venue = binance(users=("test_user", "other"))
    conn = venue.connect("/stream?streams=solusdc@aggTrade")
    for price, qty in (("10", "1"), ("10", "2.5"), ("11", "1"), ("12", "1")):
        venue.created("SELL", price, qty, user_id="other")
    venue.created("BUY", "11", "4.5")
    venue.created("BUY", "12", "1")
    told = [frame["data"] for frame in venue.heard(conn)]
    assert [(each["a"], each["p"], each["q"], each["f"], each["l"]) for each in told] == [
        (1, "10", "3.5", 1, 2),
        (2, "11", "1.0", 3, 3),
        (3, "12", "1", 4, 4),
    ]
    assert told[0].keys() == {"e", "E", "s", "a", "p", "q", "f", "l", "T", "m", "M"}, "the members of the documents"
    assert [DIALECT.decode(text, "venue").venue_seq for text in venue.texts] == [1, 2, 3]


def test_some_levels_of_the_book_come_whole_with_every_change() -> None:
    venue = binance()
    conn = venue.connect("/stream?streams=solusdc@depth5@100ms/solusdc@depth10")
    for price in range(20, 8, -1):
        venue.created("BUY", str(price), "1.50")
    last = venue.heard(conn)[-2:]
    assert [(frame["stream"], len(frame["data"]["bids"])) for frame in last] == [
        ("solusdc@depth10", 10),
        ("solusdc@depth5@100ms", 5),
    ]
    assert last[1]["data"] == {
        "lastUpdateId": 12,
        "bids": [["20", "1.50"], ["19", "1.50"], ["18", "1.50"], ["17", "1.50"], ["16", "1.50"]],
        "asks": [],
    }
    read = DIALECT.decode(venue.texts[-1], "venue")
    assert (read.op, read.status, read.venue_seq) == ("depth5", "snapshot", 12)


def test_times_are_microseconds_for_who_asks_for_them() -> None:
    venue = binance()
    conn = venue.connect("/stream?streams=solusdc@trade&timeUnit=MICROSECOND")
    trade(venue)
    (frame,) = venue.heard(conn)
    assert START // 1000 <= frame["data"]["T"] <= venue.now_ns // 1000
    assert DIALECT.decode(json.dumps(frame), "venue").venue_at_ns == frame["data"]["E"] * 1000


def test_here_a_cancellation_is_pushed_and_numbered() -> None:
    venue = binance()
    conn = venue.connect("/stream?streams=depth.SOL_USDC/solusdc@depth@100ms")
    order_id = venue.created("BUY", "10", "1")
    body = {"order_id": order_id, "user_id": "test_user", "price": "10", "side": "BUY", "market": "SOL_USDC"}
    venue.rest("DELETE", "/order", body)
    frames = venue.heard(conn)
    assert [(frame["stream"], frame["data"]["u"], frame["data"]["b"]) for frame in frames] == [
        ("depth.SOL_USDC", 1, [["10", "1"]]),
        ("solusdc@depth@100ms", 1, [["10", "1"]]),
        ("depth.SOL_USDC", 2, [["10", "0"]]),
        ("solusdc@depth@100ms", 2, [["10", "0"]]),
    ]


def test_an_unknown_stream_is_acknowledged_and_brings_nothing() -> None:
    venue = binance()
    conn = venue.connect("/stream")
    assert said(venue, conn, {"method": "SUBSCRIBE", "params": ["SOLUSDC@trade", "x"], "id": 1})["result"] is None
    trade(venue)
    assert venue.heard(conn) == []


# The ends of connections


@pytest.mark.parametrize("kind", ["message", "ping", "pong"])
def test_a_sixth_message_within_a_second_ends_the_connection(kind: Any) -> None:
    venue = binance(limits=Limits())
    conn, other = venue.connect("/stream"), venue.connect("/stream")

    def speak() -> None:
        if kind == "message":
            venue.send(conn, {"method": "LIST_SUBSCRIPTIONS", "id": 1})
        else:
            venue.frame(conn, kind)

    for _ in range(3):
        for _ in range(5):
            speak()
        venue.wait(1)
    assert venue.ended == {}
    for _ in range(5):
        speak()
    venue.wait(0.999)
    speak()
    assert venue.ended == {conn: (1008, "Too many requests")}
    answers = len(venue.heard(conn))
    assert answers == (20 if kind == "message" else 0), "the last one is not answered any more"
    assert said(venue, other, {"method": "LIST_SUBSCRIPTIONS", "id": 1})["result"] == []


def test_a_connection_is_pinged_every_20_s_and_ended_a_minute_after_an_unanswered_ping() -> None:
    venue = binance()
    silent, alive = venue.connect("/stream"), venue.connect("/stream")
    for _ in range(4):
        venue.wait(20)
        venue.frame(alive, "pong")
    assert [at for at, conn in venue.pinged if conn == alive] == [20, 40, 60, 80]
    assert venue.ended == {silent: (1008, "Pong timeout")}
    venue.wait(59)
    assert alive not in venue.ended, "it answered the ping of second 80, and owes that of second 100"
    venue.wait(21)
    assert venue.ended[alive] == (1008, "Pong timeout")
    assert venue.now_ns == START + 160 * SECOND


def test_an_unsolicited_pong_does_not_answer_a_ping_that_comes_later() -> None:
    venue = binance()
    conn = venue.connect("/stream")
    venue.wait(19)
    venue.frame(conn, "pong")
    venue.wait(62)
    assert venue.ended == {conn: (1008, "Pong timeout")}


def test_a_connection_lives_for_24_hours() -> None:
    venue = binance(limits=Limits(ping_every_s=1_000_000))
    conn = venue.connect("/stream")
    venue.wait(24 * 3600 - 1)
    assert venue.ended == {}
    venue.wait(1)
    assert venue.ended == {conn: (1001, "")}


def test_three_hundred_connections_in_five_minutes_and_no_more_from_one_address() -> None:
    venue = binance()
    for _ in range(300):
        assert venue.knock() is None
    refusal = venue.knock()
    assert refusal is not None
    assert refusal.status == 429
    assert venue.knock(peer="127.0.0.2") is None
    venue.wait(301)
    assert venue.knock() is None


def test_a_shutdown_is_announced_raw_or_combined_and_then_comes() -> None:
    venue = binance()
    raw, combined = venue.connect("/ws"), venue.connect("/stream")
    venue.drain()
    event = {"e": "serverShutdown", "E": START // 1_000_000}
    assert venue.heard(raw) == [event]
    assert venue.heard(combined) == [{"stream": "!serverShutdown", "data": event}]
    assert venue.ended == {}
    refusal = venue.knock()
    assert refusal is not None
    assert refusal.status == 503
    venue.wait(0.5)
    assert venue.ended == {raw: (1001, ""), combined: (1001, "")}
