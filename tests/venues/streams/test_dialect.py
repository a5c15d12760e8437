"""The dialects: each message of the documents, as an envelope."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.captures.recognition import candidates
from wsreplay.venues.dialect import Dialect, RecognisingDialect, RuledDialect
from wsreplay.venues.envelope import Envelope, Sender
from wsreplay.venues.refreshing import LineRefresher, Refreshing, Rehearsing
from wsreplay.venues.registry import dialect_for_host
from wsreplay.venues.streams.dialect import BinanceStreamsDialect, StreamsDialect

PLAIN, BINANCE = StreamsDialect(), BinanceStreamsDialect()
both = pytest.mark.parametrize("venue", [PLAIN, BINANCE], ids=["plain", "binance"])

# As the venue's documents and its own source show them.
SUBSCRIBE = '{"method":"SUBSCRIBE","params":["trade.BTC_USDT"],"id":1}'
UNSUBSCRIBE = '{"method":"UNSUBSCRIBE","params":["trade.BTC_USDT"],"id":1}'
DOCUMENTED_DEPTH = (
    '{"data":{"E":1727866324128584,"T":1727866324088922,"U":4977146,"a":[["1.0003","0"]],"b":[],"e":"depth",'
    '"s":"BTC_USDT","u":4977146},"stream":"depth.BTC_USDT"}'
)
DEPTH = '{"stream":"depth.SOL_USDC","data":{"a":[["150.50","0"]],"b":[["150.40","12.5"]],"e":"depth","s":"SOL_USDC"}}'
TRADE = (
    '{"stream":"trade.SOL_USDC","data":{"T":1727866324088,"e":"trade","m":false,"p":"150.50","q":"10.0",'
    '"s":"SOL_USDC","t":17}}'
)
# As Binance's documents show them.
ACK = '{"result":null,"id":1}'
LISTED = '{"result":["btcusdt@aggTrade"],"id":3}'
PROPERTY = '{"result":true,"id":2}'
WRAPPED_ERROR = '{"error":{"code":2,"msg":"Invalid request: missing field `method` at line 1 column 73"},"id":7}'
BARE_ERROR = '{"code":0,"msg":"Unknown property","id":9}'
INVALID_JSON = '{"code":3,"msg":"Invalid JSON: expected value at line 1 column 1"}'
AGG_TRADE: dict[str, Any] = {
    "e": "aggTrade", "E": 1672515782136, "s": "BNBBTC", "a": 12345, "p": "0.001", "q": "100", "f": 100, "l": 105,
    "T": 1672515782136, "m": True, "M": True,
}  # fmt: skip
BINANCE_TRADE: dict[str, Any] = {
    "e": "trade", "E": 1672515782136, "s": "BNBBTC", "t": 12345, "p": "0.001", "q": "100", "T": 1672515782136,
    "m": True, "M": True,
}  # fmt: skip
DIFF_DEPTH: dict[str, Any] = {
    "e": "depthUpdate", "E": 1672515782136, "s": "BNBBTC", "U": 157, "u": 160, "b": [["0.0024", "10"]],
    "a": [["0.0026", "100"]],
}  # fmt: skip
FUTURES_DEPTH: dict[str, Any] = {**DIFF_DEPTH, "T": 1672515782130, "U": 157, "u": 160, "pu": 149}
PARTIAL_DEPTH: dict[str, Any] = {"lastUpdateId": 160, "bids": [["0.0024", "10"]], "asks": [["0.0026", "100"]]}
TICKER: dict[str, Any] = {
    "e": "24hrTicker", "E": 1672515782136, "s": "BNBBTC", "p": "0.0015", "P": "250.00", "q": "18", "c": "0.0025",
}  # fmt: skip
BOOK_TICKER: dict[str, Any] = {
    "u": 400900217,
    "s": "BNBUSDT",
    "b": "25.35190000",
    "B": "31.21000000",
    "a": "25.36520000",
}
SHUTDOWN: dict[str, Any] = {"e": "serverShutdown", "E": 1770123456789}
EXECUTION: dict[str, Any] = {
    "e": "executionReport", "E": 1499405658658, "s": "ETHBTC", "c": "mUvoqJxFIILMdfAW5iGSOW", "S": "BUY", "o": "LIMIT",
    "f": "GTC", "q": "1.00000000", "p": "0.10264410", "C": "", "x": "NEW", "X": "NEW", "r": "NONE",
    "i": 9007199254740993, "t": -1, "T": 1499405658657,
}  # fmt: skip


def read(venue: StreamsDialect, message: Any, sender: Sender = "venue") -> Envelope:
    return venue.decode(message if isinstance(message, str | bytes) else json.dumps(message), sender)


def facts(envelope: Envelope) -> dict[str, Any]:
    """What an envelope says."""
    values = {name: getattr(envelope, name) for name in envelope.__struct_fields__}
    return {name: value for name, value in values.items() if value != getattr(Envelope(), name)}


@both
def test_it_is_a_dialect_with_all_its_abilities(venue: StreamsDialect) -> None:
    assert isinstance(venue, Dialect)
    assert isinstance(venue, RuledDialect)
    assert isinstance(venue, RecognisingDialect)
    assert isinstance(venue, Refreshing)
    assert isinstance(venue, Rehearsing)
    assert isinstance(venue.refresher(None), LineRefresher)
    assert venue.at("anywhere") is venue
    assert venue.demo_key is None
    assert venue.witness(SUBSCRIBE, "client") is None
    assert venue.production_hosts <= venue.hosts


def test_hosts_lead_to_their_dialect_and_test_hosts_are_no_production() -> None:
    assert dialect_for_host("exchange.jogeshwar.xyz").name == "streams"
    assert dialect_for_host("stream.binance.com").name == "streams-binance"
    assert "stream.testnet.binance.vision" in BINANCE.hosts - BINANCE.production_hosts


# Commands


@pytest.mark.parametrize(("text", "word"), [(SUBSCRIBE, "subscribe"), (UNSUBSCRIBE, "unsubscribe")])
@both
def test_a_documented_command_names_its_stream(venue: StreamsDialect, text: str, word: str) -> None:
    envelope = read(venue, text, "client")
    assert facts(envelope) == {
        "role": "request",
        "op": word.upper(),
        "key": "1",
        "channel": "trade.BTC_USDT",
        "symbol": "BTC_USDT",
        "parts": (Envelope(op=word, channel="trade.BTC_USDT", symbol="BTC_USDT"),),
        **({} if venue is BINANCE else {"replies": False}),
    }


@both
def test_every_stream_that_is_wished_for_is_told_though_the_venue_reads_one(venue: StreamsDialect) -> None:
    wished = {"method": "SUBSCRIBE", "params": ["depth.SOL_USDC", "btcusdt@aggTrade", "!ticker@arr"], "id": 2}
    envelope = read(venue, wished, "client")
    assert envelope.channel is None
    assert [(part.op, part.channel, part.symbol) for part in envelope.parts] == [
        ("subscribe", "depth.SOL_USDC", "SOL_USDC"),
        ("subscribe", "btcusdt@aggTrade", "BTCUSDT"),
        ("subscribe", "!ticker@arr", None),
    ]


@pytest.mark.parametrize(
    "message",
    [
        {"method": "LIST_SUBSCRIPTIONS", "id": 3},
        {"method": "SET_PROPERTY", "params": ["combined", True], "id": 5},
        {"method": "GET_PROPERTY", "params": ["combined"], "id": 2},
    ],
)
def test_binances_other_commands_are_requests_without_streams(message: dict[str, Any]) -> None:
    assert facts(read(BINANCE, message, "client")) == {
        "role": "request",
        "op": message["method"],
        "key": str(message["id"]),
    }


@pytest.mark.parametrize(
    ("message", "key", "streams"),
    [
        ({"method": "SUBSCRIBE", "params": ["trade.SOL_USDC"]}, None, ["trade.SOL_USDC"]),
        ({"method": "SUBSCRIBE", "params": ["trade.SOL_USDC"], "id": "a-1"}, "a-1", ["trade.SOL_USDC"]),
        ({"method": "SUBSCRIBE", "params": ["trade.SOL_USDC"], "id": None}, None, ["trade.SOL_USDC"]),
        ({"method": "SUBSCRIBE", "params": ["trade.SOL_USDC"], "id": -1}, "-1", ["trade.SOL_USDC"]),
        ({"method": "SUBSCRIBE", "params": ["trade.SOL_USDC"], "id": 1.5}, "1.5", ["trade.SOL_USDC"]),
        ({"method": "SUBSCRIBE", "params": "trade.SOL_USDC", "id": 1}, "1", ["trade.SOL_USDC"]),
        ({"method": "SUBSCRIBE", "params": [7, "trade.SOL_USDC"], "id": 1}, "1", ["trade.SOL_USDC"]),
        ({"method": "SUBSCRIBE", "params": {"a": 1}, "id": 1}, "1", []),
        ({"method": "SUBSCRIBE", "params": [], "id": 1}, "1", []),
        ({"method": "SUBSCRIBE", "id": 1}, "1", []),
        ({"method": "subscribe", "params": ["trade.SOL_USDC"], "id": 1}, "1", ["trade.SOL_USDC"]),
        ({"method": "order.place", "params": {"symbol": "BTCUSDT"}, "id": 1}, "1", []),
    ],
)
def test_what_the_venue_ignores_is_a_request_all_the_same(
    message: dict[str, Any], key: str | None, streams: list[str]
) -> None:
    envelope = read(PLAIN, message, "client")
    assert (envelope.role, envelope.op, envelope.key, envelope.replies) == ("request", message["method"], key, False)
    assert [part.channel for part in envelope.parts] == streams


@pytest.mark.parametrize("payload", ["", "{", "[]", "null", '"SUBSCRIBE"', "{}", '{"id":1}', b"\xff\xfe", b"\x00" * 9])
@both
def test_what_is_not_understood_says_nothing(venue: StreamsDialect, payload: str | bytes) -> None:
    assert read(venue, payload, "client") == Envelope()
    assert read(venue, payload, "venue") == Envelope()


@both
def test_a_command_by_the_venue_and_a_push_by_a_client_are_none(venue: StreamsDialect) -> None:
    assert read(venue, SUBSCRIBE, "venue") == Envelope()
    assert read(venue, TRADE, "client") == Envelope()


# Answers


@pytest.mark.parametrize(("text", "key"), [(ACK, "1"), (LISTED, "3"), (PROPERTY, "2")])
@both
def test_an_answer_carries_the_id_of_its_command(venue: StreamsDialect, text: str, key: str) -> None:
    assert facts(read(venue, text)) == {"role": "reply", "key": key}


@pytest.mark.parametrize(
    ("text", "key", "code"),
    [
        (WRAPPED_ERROR, "7", "2 Invalid request"),
        (BARE_ERROR, "9", "0 Unknown property"),
        (INVALID_JSON, None, "3 Invalid JSON"),
        ('{"code":1,"msg":"Invalid value type: expected Boolean"}', None, "1 Invalid value type"),
        ('{"id":1,"error":{"code":4005,"message":"Invalid market"}}', "1", "4005"),
        ('{"error":{"code":-1003,"msg":"Too much request weight"},"id":null}', None, "-1003"),
        ('{"error":"unknown stream","id":4}', "4", "unknown stream"),
        ('{"error":{},"id":4}', "4", "error"),
    ],
)
@both
def test_a_refusal_carries_its_code_and_where_that_is_coarse_its_words(
    venue: StreamsDialect, text: str, key: str | None, code: str
) -> None:
    envelope = read(venue, text)
    assert (envelope.role, envelope.key, envelope.error_code) == ("error", key, code)


# Pushes


@both
def test_the_documented_depth_is_numbered_and_timed_in_microseconds(venue: StreamsDialect) -> None:
    assert facts(read(venue, DOCUMENTED_DEPTH)) == {
        "role": "push",
        "op": "depth",
        "channel": "depth.BTC_USDT",
        "symbol": "BTC_USDT",
        "venue_at_ns": 1727866324128584000,
        "venue_seq_from": 4977146,
        "venue_seq": 4977146,
    }


@both
def test_the_depth_of_the_venues_code_has_no_number(venue: StreamsDialect) -> None:
    assert facts(read(venue, DEPTH)) == {
        "role": "push",
        "op": "depth",
        "channel": "depth.SOL_USDC",
        "symbol": "SOL_USDC",
    }


@both
def test_a_trade_is_numbered_by_its_t_and_timed_in_milliseconds(venue: StreamsDialect) -> None:
    wanted = {
        "role": "push",
        "op": "trade",
        "channel": "trade.SOL_USDC",
        "symbol": "SOL_USDC",
        "price": "150.50",
        "qty": "10.0",
        "venue_at_ns": 1727866324088000000,
        "venue_seq": 17,
    }
    assert facts(read(venue, TRADE)) == wanted
    fields = json.loads(TRADE)
    assert facts(read(venue, {"data": fields["data"], "stream": fields["stream"]})) == wanted, "in either order"


@pytest.mark.parametrize(
    ("data", "seq_from", "seq"),
    [(DIFF_DEPTH, 157, 160), (FUTURES_DEPTH, 149, 160), ({**DIFF_DEPTH, "U": None}, None, 160)],
)
def test_binances_depth_spans_numbers_and_a_futures_begins_where_the_last_ended(
    data: dict[str, Any], seq_from: int | None, seq: int
) -> None:
    envelope = read(BINANCE, {"stream": "bnbbtc@depth@100ms", "data": data})
    assert (envelope.op, envelope.channel, envelope.symbol) == ("depthUpdate", "bnbbtc@depth@100ms", "BNBBTC")
    assert (envelope.venue_seq_from, envelope.venue_seq) == (seq_from, seq)
    assert envelope.venue_at_ns == 1672515782136000000


def test_some_levels_of_a_book_are_a_snapshot_each_time() -> None:
    assert facts(read(BINANCE, {"stream": "bnbbtc@depth5", "data": PARTIAL_DEPTH})) == {
        "role": "push",
        "op": "depth5",
        "channel": "bnbbtc@depth5",
        "symbol": "BNBBTC",
        "status": "snapshot",
        "venue_seq": 160,
    }
    raw = read(BINANCE, PARTIAL_DEPTH)
    assert (raw.role, raw.op, raw.status, raw.venue_seq) == ("push", "depth", "snapshot", 160)


@pytest.mark.parametrize(("data", "seq"), [(AGG_TRADE, 12345), (BINANCE_TRADE, 12345)])
def test_binances_trades_are_numbered(data: dict[str, Any], seq: int) -> None:
    stream = f"bnbbtc@{data['e']}"
    for message in ({"stream": stream, "data": data}, data):
        envelope = read(BINANCE, message)
        assert (envelope.channel, envelope.symbol, envelope.op) == (stream, "BNBBTC", data["e"]), "raw or combined"
        assert (envelope.price, envelope.qty, envelope.venue_seq) == ("0.001", "100", seq)


@pytest.mark.parametrize(
    ("data", "channel", "op"),
    [
        (DIFF_DEPTH, "bnbbtc@depth", "depthUpdate"),
        (TICKER, "bnbbtc@ticker", "24hrTicker"),
        ({"e": "kline", "E": 1672515782136, "s": "BNBBTC", "k": {"i": "1m"}}, "bnbbtc@kline", "kline"),
    ],
)
def test_a_raw_push_belongs_to_the_stream_of_its_event_and_symbol(data: dict[str, Any], channel: str, op: str) -> None:
    envelope = read(BINANCE, data)
    assert (envelope.role, envelope.channel, envelope.op) == ("push", channel, op)


def test_letters_that_mean_something_else_in_a_ticker_are_no_trade_and_no_number() -> None:
    ticker = read(BINANCE, {"stream": "bnbbtc@ticker", "data": TICKER})
    assert (ticker.price, ticker.qty, ticker.venue_seq) == (None, None, None)
    book = read(BINANCE, {"stream": "bnbusdt@bookTicker", "data": BOOK_TICKER})
    assert (book.op, book.symbol, book.venue_seq) == ("bookTicker", "BNBUSDT", None), "its u has gaps by nature"


def test_a_list_of_tickers_and_a_shutdown_are_pushes() -> None:
    tickers = read(BINANCE, {"stream": "!ticker@arr", "data": [TICKER]})
    assert (tickers.role, tickers.op, tickers.channel) == ("push", "ticker", "!ticker@arr")
    wrapped = read(BINANCE, {"stream": "!serverShutdown", "data": SHUTDOWN})
    assert (wrapped.op, wrapped.channel) == ("serverShutdown", "!serverShutdown")
    assert facts(read(BINANCE, SHUTDOWN)) == {
        "role": "push",
        "op": "serverShutdown",
        "venue_at_ns": 1770123456789000000,
    }


def test_letters_of_another_type_cost_only_themselves() -> None:
    kline = {
        "stream": "kline.1m.SOL_USDC",
        "data": {
            "e": "kline",
            "E": 1694687692980000,
            "s": "SOL_USDC",
            "t": "2024-09-11T12:00:00",
            "X": False,
            "p": 1.50,
        },
    }
    envelope = read(PLAIN, kline)
    assert (envelope.op, envelope.channel, envelope.symbol) == ("kline", "kline.1m.SOL_USDC", "SOL_USDC")
    assert envelope.venue_at_ns == 1694687692980000000
    trade = '{"stream":"trade.SOL_USDC","data":{"e":"trade","t":"18","p":1.50,"q":20,"s":7,"T":true}}'
    told = read(PLAIN, trade)
    assert (told.price, told.qty, told.venue_seq) == ("1.50", "20", 18)
    assert (told.symbol, told.venue_at_ns) == ("SOL_USDC", None)


# Orders in private streams


def test_binances_execution_report_tells_of_an_order() -> None:
    envelope = read(BINANCE, EXECUTION)
    assert facts(envelope) == {
        "role": "push",
        "op": "executionReport",
        "symbol": "ETHBTC",
        "order_id": "9007199254740993",
        "client_order_id": "mUvoqJxFIILMdfAW5iGSOW",
        "side": "buy",
        "status": "NEW",
        "price": "0.10264410",
        "qty": "1.00000000",
        "venue_at_ns": 1499405658658000000,
    }
    cancelled = read(BINANCE, {**EXECUTION, "X": "CANCELED", "C": "the first", "c": "the cancel"})
    assert (cancelled.client_order_id, cancelled.status) == ("the first", "CANCELED")
    rejected = read(BINANCE, {**EXECUTION, "X": "REJECTED", "r": "INSUFFICIENT_BALANCE"})
    assert rejected.error_code == "INSUFFICIENT_BALANCE"


def test_a_futures_order_and_a_backpack_order_are_told_as_well() -> None:
    futures = {
        "e": "ORDER_TRADE_UPDATE", "E": 1568879465651, "T": 1568879465650,
        "o": {"s": "BTCUSDT", "c": "TEST", "S": "SELL", "q": "0.001", "p": "9910", "X": "NEW", "i": 8886774},
    }  # fmt: skip
    told = read(BINANCE, futures)
    assert (told.order_id, told.client_order_id, told.side, told.symbol) == ("8886774", "TEST", "sell", "BTCUSDT")
    backpack = {
        "stream": "account.orderUpdate",
        "data": {
            "e": "orderAccepted", "E": 1694687692980000, "s": "SOL_USD", "c": 123, "S": "Bid", "o": "LIMIT", "f": "GTC",
            "q": "32123", "p": "20", "X": "New", "i": "1111343026172067", "T": 1694687692989999,
        },
    }  # fmt: skip
    told = read(PLAIN, backpack)
    assert (told.channel, told.order_id, told.client_order_id) == ("account.orderUpdate", "1111343026172067", "123")
    assert (told.side, told.status, told.price, told.qty) == ("buy", "New", "20", "32123")


# Laws


@given(st.integers(min_value=0, max_value=1 << 200))
def test_ids_and_numbers_keep_every_digit(number: int) -> None:
    assert read(PLAIN, {"method": "SUBSCRIBE", "params": ["trade.SOL_USDC"], "id": number}, "client").key == str(number)
    assert read(BINANCE, {"result": None, "id": number}).key == str(number)
    assert read(PLAIN, {"stream": "trade.SOL_USDC", "data": {"e": "trade", "t": number}}).venue_seq == number
    depth = {"stream": "depth.SOL_USDC", "data": {"e": "depth", "U": number, "u": number + 1}}
    assert (read(PLAIN, depth).venue_seq_from, read(PLAIN, depth).venue_seq) == (number, number + 1)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_prices_are_kept_as_they_were_written(number: Any) -> None:
    text = format(number, "f")
    for written in (text, f'"{text}"'):
        push = f'{{"stream":"trade.SOL_USDC","data":{{"e":"trade","p":{written},"q":{written}}}}}'
        assert (read(PLAIN, push).price, read(PLAIN, push).qty) == (text, text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = [
    *("stream", "data", "method", "params", "id", "result", "error", "code", "msg", "e", "E", "T", "U", "u", "pu", "s"),
    *("t", "a", "p", "q", "o", "lastUpdateId", "X", "S", "i", "c"),
]
WORDS = ["SUBSCRIBE", "trade", "depth", "depthUpdate", "aggTrade", "executionReport", "ORDER_TRADE_UPDATE", "!a@arr"]
near_messages = st.dictionaries(
    st.sampled_from(MEMBERS),
    json_values
    | st.sampled_from(WORDS)
    | st.dictionaries(st.sampled_from(MEMBERS), json_values | st.sampled_from(WORDS), max_size=6),
    max_size=6,
)


@given(
    st.one_of(
        st.text(),
        st.binary(),
        json_values.map(json.dumps),
        near_messages.map(json.dumps),
        near_messages.map(lambda message: json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")),
        st.sampled_from(
            [
                f'{{"stream":"a","data":{{"e":"executionReport","i":{"9" * 5000}}}}}',
                f'{{"method":"a","id":{"9" * 5000}}}',
            ]
        ),
        st.sampled_from(["[" * 100_000, '{"data":' * 100_000, '{"stream":"a","data":{"e":"\\ud800","t":{}}}']),
    ),
    st.sampled_from(["client", "venue"]),
)
def test_it_never_raises_and_says_only_what_can_be_stored(payload: str | bytes, sender: Sender) -> None:
    for venue in (PLAIN, BINANCE):
        envelope = venue.decode(payload, sender)
        json.dumps([facts(part) | {"parts": ()} for part in (envelope, *envelope.parts)], ensure_ascii=False).encode()
        assert venue.recognises(payload, sender) in (True, False)
        venue.trouble("2", payload)


# Recognition, rules


@pytest.mark.parametrize(
    ("message", "sender", "ours", "theirs"),
    [
        (SUBSCRIBE, "client", True, False),
        (DOCUMENTED_DEPTH, "venue", True, False),
        (TRADE, "venue", True, False),
        ({"method": "SUBSCRIBE", "params": ["btcusdt@aggTrade", "!ticker@arr"], "id": 1}, "client", False, True),
        ({"stream": "btcusdt@depth@100ms", "data": DIFF_DEPTH}, "venue", False, True),
        ({"method": "SUBSCRIBE", "params": ["account.orderUpdate.SOL_USDC"], "id": 1}, "client", True, False),
        ({"method": "SUBSCRIBE", "params": ["btcusdt@trade", "depth.SOL_USDC"], "id": 1}, "client", False, False),
        ({"method": "SUBSCRIBE", "params": ["prices.all"], "id": 1}, "client", False, False),
        ({"method": "SUBSCRIBE", "params": [], "id": 1}, "client", False, False),
        ({"method": "SUBSCRIBE", "params": "depth.SOL_USDC", "id": 1}, "client", False, False),
        ({"method": "subscribe", "params": ["depth.SOL_USDC"], "id": 1}, "client", False, False),
        ({"stream": "orders", "data": {"e": "trade"}}, "venue", False, False),
        (TRADE, "client", False, False),
        (ACK, "venue", False, False),
        ("pong", "venue", False, False),
    ],
)
def test_each_style_is_known_by_the_names_of_its_streams(
    message: Any, sender: Sender, ours: bool, theirs: bool
) -> None:
    payload = message if isinstance(message, str) else json.dumps(message)
    assert (PLAIN.recognises(payload, sender), BINANCE.recognises(payload, sender)) == (ours, theirs)


@pytest.mark.parametrize(
    ("message", "venue"), [(SUBSCRIBE, "streams"), (TRADE, "streams"), (AGG_TRADE, "streams-binance")]
)
def test_no_other_venue_takes_these_for_its_own(message: Any, venue: str) -> None:
    payload = message if isinstance(message, str) else json.dumps({"stream": "bnbbtc@aggTrade", "data": message})
    sender: Sender = "client" if message == SUBSCRIBE else "venue"
    assert [each.name for each in candidates() if each.recognises(payload, sender)] == [venue]


def test_the_rules_say_who_confirms_and_who_pings() -> None:
    assert not PLAIN.rules.confirms_subscriptions
    assert PLAIN.rules.heartbeat is None
    assert BINANCE.rules.confirms_subscriptions
    assert BINANCE.rules.heartbeat is not None
    assert (BINANCE.rules.heartbeat.every_ns, BINANCE.rules.heartbeat.within_ns) == (20 * 10**9, 60 * 10**9)
    assert (BINANCE.rules.max_subscriptions, BINANCE.rules.messages_per_s) == (1024, 5)
    for venue in (PLAIN, BINANCE):
        assert {"lost-subscription", "unanswered-subscription", "duplicate-order"} <= venue.rules.advice.keys()
        assert all(sentence.endswith(".") for sentence in venue.rules.advice.values())


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("2 Invalid request", "rejected"),
        ("Failed to Create Order", "rejected"),
        ("HTTP_429", "rate-limited"),
        ("-1003", "rate-limited"),
        ("-1022", "auth-failed"),
        ("HTTP_401", "auth-failed"),
    ],
)
def test_a_refusal_is_of_a_kind(code: str, kind: str) -> None:
    assert PLAIN.trouble(code) == kind
