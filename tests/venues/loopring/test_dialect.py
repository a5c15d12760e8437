"""The dialect: each message of the venue's pages, as an envelope."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venues.loopring import examples
from wsreplay.venues.dialect import AnsweringDialect, Dialect, RecognisingDialect, RuledDialect
from wsreplay.venues.envelope import Envelope, HttpMessage, Sender
from wsreplay.venues.loopring.dialect import LoopringDialect
from wsreplay.venues.loopring.errors import Code
from wsreplay.venues.refreshing import Refreshing, Rehearsing
from wsreplay.venues.registry import dialect, dialect_for_host
from wsreplay.venues.rules import SECOND, rules_of

LOOPRING = LoopringDialect()
REST = "https://api3.loopring.io"
POOL_CHANNEL = "ammpool:0x18920d6e6fb7ebe057a4dd9260d6d95845c95036"


def read(text: str | bytes, sender: Sender = "venue") -> Envelope:
    return LOOPRING.decode(text, sender)


def asked(method: str, path: str, body: str = "") -> HttpMessage:
    return HttpMessage(method=method, url=REST + path, body=body.encode())


def answered(request: HttpMessage, body: str, status: int = 200) -> Envelope:
    message = HttpMessage(method=request.method, url=request.url, body=body.encode(), status=status)
    return LOOPRING.decode_http(message, request)


def facts(envelope: Envelope) -> dict[str, Any]:
    """What an envelope says."""
    values = {name: getattr(envelope, name) for name in envelope.__struct_fields__}
    return {name: value for name, value in values.items() if value != getattr(Envelope(), name)}


def test_it_is_a_dialect_with_all_that_a_replay_needs() -> None:
    for kind in (Dialect, RuledDialect, RecognisingDialect, AnsweringDialect, Refreshing, Rehearsing):
        assert isinstance(LOOPRING, kind), kind
    assert isinstance(dialect("loopring"), LoopringDialect)
    assert LOOPRING.production_hosts < LOOPRING.hosts
    assert dialect_for_host("ws.api3.loopring.io").name == "loopring"
    assert "ws.uat2.loopring.io" not in LOOPRING.production_hosts
    assert LOOPRING.siblings.keys() <= LOOPRING.hosts


def test_it_states_the_venues_rules() -> None:
    rules = rules_of(LOOPRING)
    heartbeat = rules.heartbeat
    assert heartbeat is not None
    assert (heartbeat.frame, heartbeat.every_ns, heartbeat.within_ns) == ("message", 30 * SECOND, 120 * SECOND)
    assert heartbeat.surplus_ends
    assert (rules.max_subscriptions, rules.confirms_subscriptions, rules.login) == (20, True, None)
    assert all(advice.endswith(".") for advice in rules.advice.values())


# Requests on topics


def test_a_subscription_to_many_topics() -> None:
    envelope = read(examples.SUB, "client")
    topics = ["account", "order:LRC-ETH", "order:LRC-USDT", "orderbook:LRC-ETH:0", "orderbook:LRC-USDT:0", POOL_CHANNEL]
    assert (envelope.role, envelope.op, envelope.key, envelope.replies) == ("request", "sub", "10000", True)
    assert envelope.channel == " ".join(topics)
    everything, *parts = envelope.parts
    assert facts(everything) == {"op": "unsubscribe"}
    assert [(part.op, part.channel) for part in parts] == [("subscribe", channel) for channel in topics]
    assert [part.symbol for part in parts[:3]] == [None, "LRC-ETH", "LRC-USDT"]


def test_an_unsubscription_of_topics_and_of_all_of_one_topic() -> None:
    envelope = read(examples.UNSUB, "client")
    assert (envelope.role, envelope.op, envelope.key) == ("request", "unSub", "10000")
    ended = [(part.op, part.channel) for part in envelope.parts]
    assert ended == [
        ("unsubscribe", channel) for channel in ("account", "order:LRC-ETH", "order:LRC-USDT", "orderbook:*")
    ]


@pytest.mark.parametrize("flag", [True, "true"])
def test_everything_ends_also_where_the_flag_is_text(flag: object) -> None:
    envelope = read(json.dumps({"op": "unSub", "unsubscribeAll": flag, "topics": []}), "client")
    assert facts(envelope) == {"role": "request", "op": "unSub", "parts": (Envelope(op="unsubscribe"),)}


def test_a_request_without_a_sequence_has_no_key() -> None:
    envelope = read('{"op":"sub","topics":[{"topic":"blockgen"}]}', "client")
    assert (envelope.key, envelope.channel) == (None, "blockgen")
    assert read(examples.SUB_BLOCKS, "client").key == "30006"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (examples.SUBSCRIBED, {"key": "10000", "channel": "orderbook:LRC-ETH:0"}),
        (examples.SUBSCRIBED_TO_BLOCKS, {"key": "30006", "channel": "blockgen"}),
        (examples.FAILED, {"key": "10000", "channel": "candlestick:LRC-ETH", "error_code": "104106"}),
        (examples.UNREADABLE, {"error_code": "104115"}),
        ('{"op":"sub","topics":[],"result":{"status":"failed"}}', {"error_code": "failed"}),
    ],
)
def test_a_reply(reply: str, expected: dict[str, Any]) -> None:
    assert facts(read(reply)) == {"role": "reply", "op": "sub", **expected}


def test_a_reply_without_a_sequence_names_the_same_channel_as_its_request() -> None:
    topics = [{"topic": "ticker", "market": "LRC-ETH"}, {"topic": "candlestick", "market": "LRC-ETH", "interval": "1d"}]
    request = read(json.dumps({"op": "sub", "topics": topics}), "client")
    reply = read(json.dumps({"op": "sub", "topics": topics, "result": {"status": "OK"}}))
    assert request.channel == reply.channel == "ticker:LRC-ETH candlestick:LRC-ETH:1d"


# Pushes

AT = {"venue_at_ns": 1584717910000 * 1_000_000}


@pytest.mark.parametrize(
    ("push", "expected"),
    [
        (examples.ACCOUNT, {"op": "account", "channel": "account", "account": "1", **AT}),
        (
            examples.ORDER,
            {
                "op": "order",
                "channel": "order:LRC-ETH",
                "symbol": "LRC-ETH",
                "order_id": "11212",
                "client_order_id": "myOrder",
                "side": "buy",
                "status": "processing",
                "price": "0.000004",
                "qty": "500000000",
                "venue_at_ns": 1565844328 * SECOND,
            },
        ),
        (
            examples.ORDERBOOK,
            {
                "op": "orderbook",
                "channel": "orderbook:LRC-USDT:0",
                "symbol": "LRC-USDT",
                "venue_seq_from": 1212121,
                "venue_seq": 1212123,
                **AT,
            },
        ),
        (examples.TRADE, {"op": "trade", "channel": "trade:LRC-ETH", "symbol": "LRC-ETH", **AT}),
        (examples.TICKER, {"op": "ticker", "channel": "ticker:LRC-ETH", "symbol": "LRC-ETH", **AT}),
        (examples.CANDLESTICK, {"op": "candlestick", "channel": "candlestick:2hr", **AT}),
        (
            examples.AMMPOOL,
            {
                "op": "ammpool",
                "channel": POOL_CHANNEL,
                "symbol": "0x18920d6E6Fb7EbE057a4DD9260D6D95845c95036",
                "venue_at_ns": 1611267558234 * 1_000_000,
            },
        ),
        (examples.BLOCKS, {"op": "blockgen", "channel": "blockgen", **AT}),
    ],
    ids=examples.PUSHES,
)
def test_a_push(push: str, expected: dict[str, Any]) -> None:
    assert facts(read(push)) == {"role": "push", **expected}


def test_a_book_that_is_sent_whole_begins_its_numbering_anew() -> None:
    topic = {"topic": "orderbook", "market": "LRC-ETH", "level": 1, "count": 5, "snapshot": True}
    push = {"topic": topic, "ts": 1, "startVersion": 4, "endVersion": 9, "data": {"bids": [], "asks": []}}
    envelope = read(json.dumps(push))
    assert (envelope.channel, envelope.status, envelope.venue_seq) == ("orderbook:LRC-ETH:1", "snapshot", 9)


@pytest.mark.parametrize(
    "topic", [{"topic": "mixorder", "market": "LRC-ETH", "level": 2}, {"topic": "notification"}, {"topic": "l2Common"}]
)
def test_topics_of_later_clients_are_read_as_well(topic: dict[str, Any]) -> None:
    request = read(json.dumps({"op": "sub", "topics": [topic]}), "client")
    push = read(json.dumps({"topic": topic, "ts": 1, "data": {}}))
    assert push.role == "push"
    assert push.channel == request.parts[0].channel is not None


@pytest.mark.parametrize("sender", get_args(Sender.__value__)[:2])
@pytest.mark.parametrize("word", ["ping", "pong"])
@pytest.mark.parametrize("as_bytes", [False, True])
def test_a_heartbeat_is_a_word_alone(sender: Sender, word: str, as_bytes: bool) -> None:
    assert facts(read(word.encode() if as_bytes else word, sender)) == {"role": "heartbeat", "op": word}
    assert LOOPRING.pong("ping", 0) == LOOPRING.pong(b"ping", 0) == "pong"
    assert LOOPRING.pong("pong", 0) is None
    assert LOOPRING.pong(examples.ORDER, 0) is None


@pytest.mark.parametrize(
    "text", ["", "hello", "[]", "7", "null", '"ping"', "{}", '{"op":7}', '{"id":1}', "[" * 100_000, '{"topic":"order"}']
)
@pytest.mark.parametrize("sender", ["client", "venue"])
def test_what_is_not_understood_says_nothing(text: str, sender: Sender) -> None:
    assert read(text, sender) == Envelope()
    assert not LOOPRING.recognises(text, sender)


def test_a_request_is_read_as_far_as_its_types_are_sound() -> None:
    broken = {"op": "sub", "sequence": [1], "topics": [{"topic": "trade", "market": "LRC-ETH", "level": {}}, 7]}
    envelope = read(json.dumps(broken), "client")
    assert (envelope.role, envelope.op, envelope.key, envelope.channel) == ("request", "sub", None, "trade:LRC-ETH")


# REST


def test_a_connect_key_is_asked_for_in_either_form() -> None:
    for version in ("v3", "v2"):
        request = asked("GET", f"/{version}/ws/key")
        assert facts(LOOPRING.decode_http(request, None)) == {"role": "request", "op": "getWsKey"}
        assert facts(answered(request, examples.WS_KEY)) == {"role": "reply", "op": "getWsKey"}
    old = '{"resultInfo":{"code":0,"message":"SUCCESS"},"data":"fx2xW5hoVFbcaanWS"}'
    assert facts(answered(asked("GET", "/v2/ws/key"), old)) == {"role": "reply", "op": "getWsKey"}


def test_an_order_is_a_buy_of_the_market_that_its_tokens_make() -> None:
    envelope = LOOPRING.decode_http(asked("POST", "/api/v3/order", examples.SUBMIT), None)
    assert facts(envelope) == {
        "role": "request",
        "op": "submitOrder",
        "symbol": "LRC-ETH",
        "account": "1",
        "client_order_id": "1",
        "side": "buy",
        "price": "0.03",
        "qty": "500000000000000000000",
        "intent": envelope.intent,
    }
    assert envelope.intent


def submitted(**fields: Any) -> Envelope:
    return LOOPRING.decode_http(asked("POST", "/api/v3/order", json.dumps(json.loads(examples.SUBMIT) | fields)), None)


def test_the_same_tokens_the_other_way_round_are_a_sale() -> None:
    sale = submitted(
        sellToken={"tokenId": 1, "volume": "500000000000000000000"},
        buyToken={"tokenId": 0, "volume": "15000000000000000000"},
        fillAmountBOrS=False,
    )
    assert (sale.symbol, sale.side, sale.price, sale.qty) == ("LRC-ETH", "sell", "0.03", "500000000000000000000")
    assert sale.intent != submitted().intent


def test_tokens_of_different_size_and_a_price_without_an_end() -> None:
    dollars = submitted(sellToken={"tokenId": 3, "volume": "520000"}, buyToken={"tokenId": 1, "volume": str(10**18)})
    assert (dollars.symbol, dollars.price) == ("LRC-USDT", "0.52")
    third = submitted(sellToken={"tokenId": 0, "volume": "1"}, buyToken={"tokenId": 1, "volume": "3"})
    assert (third.price, third.qty) == (None, "3"), "no digit is made up"


def test_tokens_that_nobody_knows_still_make_an_intent() -> None:
    unknown = {"sellToken": {"tokenId": 77, "volume": "5"}, "buyToken": {"tokenId": 78, "volume": "6"}}
    first, again = submitted(**unknown), submitted(**unknown, storageId=3, clientOrderId="2")
    assert (first.symbol, first.side, first.account) == (None, None, "1")
    assert first.intent == again.intent is not None
    assert first.intent != submitted(**unknown, accountId=2).intent


@pytest.mark.parametrize(
    "same",
    [
        {"storageId": 3},
        {"clientOrderId": "another"},
        {"eddsaSignature": "0x1"},
        {"validUntil": 1700000000},
        {"accountId": "1"},
        {"fillAmountBOrS": True},
    ],
)
def test_ids_and_deadlines_are_no_part_of_the_intent(same: dict[str, Any]) -> None:
    assert submitted(**same).intent == submitted().intent


@pytest.mark.parametrize(
    "other",
    [
        {"accountId": 2},
        {"sellToken": {"tokenId": 0, "volume": "15000000000000000001"}},
        {"buyToken": {"tokenId": 1, "volume": "500000000000000000001"}},
        {"sellToken": {"tokenId": 3, "volume": "15000000000000000000"}},
        {"fillAmountBOrS": "false"},
    ],
)
def test_all_else_is(other: dict[str, Any]) -> None:
    assert submitted(**other).intent != submitted().intent


def test_a_listed_order_has_the_intent_of_its_request() -> None:
    order = json.loads(examples.ORDERS)["orders"][0] | {
        "side": "BUY",
        "volumes": {"baseAmount": "500000000000000000000", "quoteAmount": "15000000000000000000"},
        "validity": {"start": 1567000000, "end": 1567053142},
    }
    (part,) = answered(asked("GET", "/api/v3/orders?accountId=1"), json.dumps({"totalNum": 1, "orders": [order]})).parts
    assert part.intent == submitted().intent
    assert part.venue_at_ns == 1567000000 * SECOND
    without_owner = {name: value for name, value in order.items() if name != "storageInfo"}
    (part,) = answered(asked("GET", "/api/v3/orders?accountId=1"), json.dumps({"orders": [without_owner]})).parts
    assert part.intent == submitted().intent


def test_the_answer_to_an_order_and_to_its_cancellation() -> None:
    expected = {
        "role": "reply",
        "order_id": "13375450901292179417154974849571793069911517354720397125027633242680470075859",
        "client_order_id": "client_order_id",
        "status": "cancelled",
    }
    request = asked("POST", "/api/v3/order", examples.SUBMIT)
    assert facts(answered(request, examples.SUBMITTED)) == {**expected, "op": "submitOrder", "account": "1"}
    cancel = asked("DELETE", "/api/v3/order?accountId=1&orderHash=0x7&clientOrderId=20200318000000001010")
    assert facts(LOOPRING.decode_http(cancel, None)) == {
        "role": "request",
        "op": "cancelOrder",
        "account": "1",
        "order_id": "0x7",
        "client_order_id": "20200318000000001010",
    }
    assert facts(answered(cancel, examples.SUBMITTED)) == {**expected, "op": "cancelOrder", "account": "1"}


def test_a_cancellation_may_have_its_parameters_in_the_body() -> None:
    envelope = LOOPRING.decode_http(asked("DELETE", "/api/v3/order", '{"accountId":1,"orderHash":"0x7"}'), None)
    assert (envelope.account, envelope.order_id) == ("1", "0x7")


def test_an_order_that_failed_was_refused() -> None:
    reply = answered(asked("POST", "/api/v3/order", examples.SUBMIT), '{"hash":"1","status":"failed"}')
    assert (reply.status, reply.error_code) == ("failed", "failed")


def test_lists_of_orders() -> None:
    envelope = answered(asked("GET", "/api/v3/orders?accountId=1"), examples.ORDERS)
    (order,) = envelope.parts
    assert facts(order) == {
        "symbol": "LRC-ETH",
        "account": "1",
        "order_id": "0xfb5e711c2f044e94322ed262229cd8f0d0da00c22e1a00a0f5d881e45a38e1cf",
        "client_order_id": "200310143135081332",
        "side": "sell",
        "status": "processing",
        "price": "0.01987608",
        "qty": "0",
        "intent": order.intent,
    }
    detail = json.dumps(json.loads(examples.ORDERS)["orders"][0])
    one = answered(asked("GET", "/api/v3/order?accountId=1&orderHash=0x7"), detail)
    assert (one.op, one.order_id, one.status) == ("getOrderDetail", order.order_id, "processing")


def test_the_depth_is_a_new_beginning_of_its_books_numbering() -> None:
    request = asked("GET", "/api/v3/depth?market=LRC-ETH&level=2&limit=50")
    assert LOOPRING.decode_http(request, None).channel == "orderbook:LRC-ETH:2"
    envelope = answered(request, examples.DEPTH)
    assert (envelope.channel, envelope.venue_seq, envelope.status) == ("orderbook:LRC-ETH:2", 147, "snapshot")
    push = read('{"topic":{"topic":"orderbook","market":"LRC-ETH","level":2},"ts":1,"data":{}}')
    assert push.channel == envelope.channel


@pytest.mark.parametrize(
    ("path", "body", "op"),
    [
        ("/api/v3/user/balances?accountId=1", f"[{examples.BALANCE}]", "getUserBalances"),
        ("/api/v3/storageId?accountId=1&sellTokenId=0", examples.STORAGE_ID, "getNextStorageId"),
        ("/api/v3/apiKey?accountId=1", examples.API_KEY, "getApiKey"),
    ],
)
def test_other_answers_are_about_the_account(path: str, body: str, op: str) -> None:
    request = asked("GET", path)
    assert facts(LOOPRING.decode_http(request, None)) == {"role": "request", "op": op, "account": "1"}
    assert facts(answered(request, body)) == {"role": "reply", "op": op, "account": "1"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ('{"resultInfo":{"code":102007,"message":"order exists"}}', 400, "102007"),
        (examples.GENERAL_REFUSAL, 400, "100206"),
        ("", 429, "HTTP_429"),
        ('{"resultInfo":{"code":100001,"message":"too many requests"}}', 429, "HTTP_429"),
        ("<html>", 502, "HTTP_502"),
        ('{"resultInfo":{"code":100001,"message":"?"},"data":null}', 200, "100001"),
        ("[]", 200, "HTTP_200"),
    ],
)
def test_a_refusal_of_an_order(body: str, status: int, code: str) -> None:
    envelope = answered(asked("POST", "/api/v3/order", examples.SUBMIT), body, status)
    assert (envelope.op, envelope.order_id, envelope.error_code) == ("submitOrder", None, code)


@pytest.mark.parametrize("url", ["", "http://[", "https://api3.loopring.io", "https://api3.loopring.io/status"])
def test_another_address_says_nothing(url: str) -> None:
    message = HttpMessage(method="GET", url=url)
    assert LOOPRING.decode_http(message, None) == Envelope()
    assert LOOPRING.decode_http(HttpMessage(method="GET", url=url, status=200), message) == Envelope()
    assert LOOPRING.decode_http(HttpMessage(method="GET", url=url, status=200), None) == Envelope()


def test_a_testnet_numbers_its_tokens_otherwise() -> None:
    dollars = json.dumps(json.loads(examples.SUBMIT) | {"sellToken": {"tokenId": 2, "volume": "520000"}})
    test = HttpMessage(method="POST", url="https://uat2.loopring.io/api/v3/order", body=dollars.encode())
    assert LOOPRING.decode_http(test, None).symbol == "LRC-USDT"
    assert LOOPRING.decode_http(asked("POST", "/api/v3/order", dollars), None).symbol is None


# Whose message, and what about


@pytest.mark.parametrize("text", [examples.SUB, examples.UNSUB, examples.SUB_BLOCKS])
def test_its_requests_are_recognised(text: str) -> None:
    assert LOOPRING.recognises(text, "client")
    assert LOOPRING.recognises(text.encode(), "client")
    assert not LOOPRING.recognises(text, "venue")


@pytest.mark.parametrize("text", [*examples.PUSHES.values(), examples.SUBSCRIBED, examples.FAILED])
def test_so_is_what_the_venue_says(text: str) -> None:
    assert LOOPRING.recognises(text, "venue")


@pytest.mark.parametrize(
    "text",
    [
        "ping",
        '{"op":"subscribe","args":[{"channel":"books"}]}',
        '{"topic":"orderbook.50.BTCUSDT","ts":1,"data":{}}',
        '{"op":"sub","topics":["orderbook"]}',
        '{"method":"SUBSCRIBE","params":[],"id":1}',
        '{"topic":{"market":"LRC-ETH"},"ts":1,"data":{}}',
    ],
)
@pytest.mark.parametrize("sender", ["client", "venue"])
def test_other_venues_are_not(text: str, sender: Sender) -> None:
    assert not LOOPRING.recognises(text, sender)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (str(int(Code.MISSING_API_KEY)), "auth-failed"),
        (str(int(Code.INVALID_API_KEY)), "auth-failed"),
        (str(int(Code.UNKNOWN_USER)), "auth-failed"),
        (str(int(Code.API_KEY_MISMATCH)), "auth-failed"),
        ("104002", "auth-failed"),
        ("100206", "auth-failed"),
        ("401", "auth-failed"),
        ("HTTP_429", "rate-limited"),
        ("104116", "rejected"),
        ("104115", "rejected"),
        ("102011", "rejected"),
        ("failed", "rejected"),
    ],
)
def test_what_a_refusal_is_about(code: str, kind: str) -> None:
    assert LOOPRING.trouble(code) == kind


# Laws

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = ("op", "sequence", "topics", "result", "topic", "ts", "data", "startVersion", "endVersion", "unsubscribeAll")
LIKELY = st.dictionaries(
    st.sampled_from(MEMBERS),
    JSON
    | st.lists(
        st.dictionaries(st.sampled_from(["topic", "topic:", "market", "level", "unsubscribeAll"]), JSON), max_size=2
    )
    | st.fixed_dictionaries({"topic": st.sampled_from(["order", "account", "orderbook"]), "level": JSON}),
)


@given(st.text() | st.binary() | LIKELY.map(json.dumps) | JSON.map(json.dumps), st.sampled_from(["client", "venue"]))
def test_no_message_raises(payload: str | bytes, sender: Sender) -> None:
    assert isinstance(LOOPRING.decode(payload, sender), Envelope)
    assert isinstance(LOOPRING.recognises(payload, sender), bool)
    assert LOOPRING.witness(payload, sender) is None
    assert LOOPRING.pong(payload, 0) in (None, "pong")


BODIES = JSON | st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("accountId", "sellToken", "buyToken", "hash", "orders", "resultInfo", "version", "fillAmountBOrS"), JSON
    ),
)


@given(
    st.sampled_from(["GET", "POST", "DELETE", ""]),
    st.sampled_from(["/api/v3/order", "/api/v3/orders", "/api/v3/depth?level=x", "/v3/ws/key", "/v2/ws/key"])
    | st.text(),
    BODIES.map(json.dumps).map(str.encode) | st.binary(),
    st.sampled_from([None, 200, 400, 502]),
)
def test_no_rest_message_raises(method: str, path: str, body: bytes, status: int | None) -> None:
    request = HttpMessage(method=method, url=REST + path, body=body)
    message = HttpMessage(method=method, url=REST + path, body=body, status=status)
    assert isinstance(LOOPRING.decode_http(message, request), Envelope)


@given(st.integers(min_value=1 << 53, max_value=1 << 80), st.decimals(allow_nan=False, allow_infinity=False))
def test_numbers_keep_every_digit(number: int, price: Decimal) -> None:
    order = {"hash": str(number), "clientOrderId": number, "size": str(number), "price": str(price), "side": "BUY"}
    push = read(json.dumps({"topic": {"topic": "order"}, "ts": number, "data": order}))
    assert (push.order_id, push.client_order_id, push.qty, push.price) == (*[str(number)] * 3, str(price))
    book = {"topic": {"topic": "orderbook", "market": "A-B", "level": 0}, "startVersion": number}
    numbered = read(json.dumps(book | {"endVersion": str(number + 1), "ts": 1, "data": {}}))
    assert (numbered.venue_seq_from, numbered.venue_seq) == (number, number + 1)
    sized = submitted(buyToken={"tokenId": 1, "volume": str(number)}, accountId=number)
    assert (sized.qty, sized.account) == (str(number), str(number))


def test_half_a_surrogate_pair_in_a_push_that_is_read_tolerantly_is_no_error() -> None:
    text = '{"topic":{"topic":"account"},"ts":1e999,"data":{"accountId":10001,"amountLocked":"5\\ud800"}}'
    assert isinstance(LoopringDialect().decode(text, "venue"), Envelope)
