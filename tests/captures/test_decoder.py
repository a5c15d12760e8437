from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from typing import Any

import pytest
from captures.secrets_in_events import KEY
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import DERIVED, OBSERVED, Event
from wsreplay.captures.pipeline import Pipeline
from wsreplay.captures.redaction import Redactor
from wsreplay.captures.wire import Exchange, Handshake, Record, What, as_json
from wsreplay.venues.envelope import Envelope, HttpMessage, Sender
from wsreplay.venues.generic.dialect import GenericDialect
from wsreplay.venues.registry import dialect

MS = 1_000_000
ORDER = {"op": "order.place", "id": 7, "params": {"symbol": "ETH", "side": "buy", "price": "100.50", "qty": "1"}}


def row(seq: int, body: Any = None, sender: Sender = "client", **fields: Any) -> Event:
    """A row as the transcript makes it: observed columns only."""
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    stamps = {"at_ns": seq * MS, "mono_ns": seq * MS, "first_mono_ns": seq * MS}
    return Event(
        **{"seq": seq, "conn": 1, "sender": sender, "kind": "text", "relay_ns": 500, "text": text, **stamps, **fields}
    )


def request(
    seq: int, method: str = "GET", url: str = "https://x.example/orders?a=1", body: Any = "", **fields: Any
) -> Event:
    said: Any = {
        "method": method,
        "url": url,
        "headers": [],
        "body": body if isinstance(body, str) else json.dumps(body),
    }
    return row(seq, said, kind="http_request", conn=9, relay_ns=None, **fields)


def response(seq: int, status: int | None = 200, body: Any = "", **fields: Any) -> Event:
    said: Any = {"status": status, "headers": [], "body": body if isinstance(body, str) else json.dumps(body)}
    return row(seq, said, "venue", kind="http_response", conn=9, relay_ns=None, **fields)


def malformed(seq: int, part: int) -> Event:
    return row(seq, None, kind="fact", part=part, op="malformed", error_code="a reserved bit is set")


def decoded(*events: Event) -> list[Event]:
    return list(Decoder(GenericDialect()).see_all(events))


class Silent(GenericDialect):
    """A venue whose dialect knows nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "silent"

    def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
        return Envelope()

    def decode_http(self, message: HttpMessage, request: HttpMessage | None) -> Envelope:
        return Envelope()


class Broken(GenericDialect):
    def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
        raise KeyError("no such field")

    def decode_http(self, message: HttpMessage, request: HttpMessage | None) -> Envelope:
        raise ZeroDivisionError


# Columns


def test_a_message_says_what_its_dialect_reads() -> None:
    [event] = decoded(row(1, ORDER))
    assert (event.venue, event.role, event.op, event.key) == ("generic", "request", "order.place", "7")
    assert (event.symbol, event.side, event.price, event.qty) == ("ETH", "buy", "100.50", "1")
    assert (event.price_num, event.qty_num) == (100.5, 1.0)
    assert event.intent is not None


def test_the_columns_of_what_the_venue_says() -> None:
    body = {
        "id": 7,
        "result": {
            "orderId": 9007199254740993,
            "status": "OPEN",
            "clientOrderId": "c",
            "account": "a",
            "ts": 1_700_000_000_000,
        },
    }
    [event] = decoded(row(1, body, "venue"))
    assert (event.role, event.order_id, event.client_order_id) == ("reply", "9007199254740993", "c")
    assert (event.status, event.account, event.venue_at_ns) == ("OPEN", "a", 1_700_000_000_000_000_000)


@pytest.mark.parametrize("written", ["1e999", "-1e999", "0x10", "many"])
def test_a_number_that_no_double_holds_has_none(written: str) -> None:
    class Odd(GenericDialect):
        def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
            return Envelope(price=written, qty="2", venue_at_ns=1 << 70)

    [event] = Decoder(Odd()).see(row(1, "{}"))
    assert (event.price, event.price_num, event.qty_num, event.venue_at_ns) == (written, None, 2.0, None)


def test_binary_messages_are_decoded_from_their_bytes() -> None:
    [event] = decoded(row(1, None, kind="binary", data=b'{"op":"order.place","id":1}'))
    assert (event.op, event.key) == ("order.place", "1")


@pytest.mark.parametrize("kind", ["ping", "pong"])
def test_control_frames_are_heartbeats(kind: str) -> None:
    [event] = decoded(row(1, None, kind=kind, data=b"7"))
    assert (event.venue, event.role, event.op) == ("generic", "heartbeat", None)


@pytest.mark.parametrize("kind", ["open", "close", "end", "raw", "gap", "fault"])
def test_other_events_carry_the_venue_and_no_meaning(kind: str) -> None:
    [event] = decoded(row(1, "{}", kind=kind))
    assert event.venue == "generic"
    assert all(getattr(event, name) is None for name in DERIVED if name != "venue")


def test_a_message_without_a_payload_has_no_meaning() -> None:
    [event] = decoded(row(1, None))
    assert (event.venue, event.role) == ("generic", None)


@pytest.mark.parametrize("event", [row(1, ORDER), request(1, body=ORDER)])
def test_a_dialect_that_fails_costs_only_the_meaning(event: Event) -> None:
    decoder = Decoder(Broken())
    [seen] = decoder.see(event)
    assert seen.error_code in ("not decoded: KeyError", "not decoded: ZeroDivisionError")
    assert seen.text is not None


# Facts


def test_an_outcome_is_a_part_of_the_event_that_made_it_known() -> None:
    asked, reply, fact = decoded(row(1, ORDER), row(2, {"id": 7, "result": {"orderId": "77"}}, "venue"))
    assert (reply.reply_to, reply.latency_ns) == (asked.seq, MS)
    assert (fact.seq, fact.part, fact.kind, fact.venue) == (2, 1, "fact", "generic")
    assert (fact.of_seq, fact.outcome, fact.order_id, fact.intent) == (1, "ok", "77", asked.intent)
    assert (fact.text, fact.data, fact.size) == (None, None, None)


def test_the_orders_of_a_list_are_parts_and_outcomes_come_behind() -> None:
    orders = [{"orderId": str(n), "symbol": "ETH", "side": "SELL", "price": "1.50", "qty": n} for n in (1, 2)]
    _, reply, first, second, outcome = decoded(request(1), response(2, body=orders))
    assert reply.op == "GET /orders"
    assert [(part.part, part.order_id, part.price, part.side) for part in (first, second)] == [
        (1, "1", "1.50", "sell"),
        (2, "2", "1.50", "sell"),
    ]
    assert (first.qty, second.qty_num, first.at_ns, first.conn, first.sender) == ("1", 2.0, 2 * MS, 9, "venue")
    assert (outcome.part, outcome.outcome, outcome.of_seq) == (3, "ok", 1)


def test_the_end_of_a_connection_has_a_part_for_each_request() -> None:
    *_, first, second = decoded(row(1, ORDER), row(2, {**ORDER, "id": 8}), row(3, None, "venue", kind="end"))
    assert [(fact.part, fact.of_seq, fact.outcome) for fact in (first, second)] == [
        (1, 1, "unknown"),
        (2, 2, "unknown"),
    ]


def test_observed_facts_keep_their_parts_and_others_take_what_is_free() -> None:
    reply = row(2, {"id": 7, "result": {}}, "venue")
    rows = decoded(row(1, ORDER), reply, malformed(2, 1), malformed(2, 2), row(3, ORDER))
    assert [(one.seq, one.part, one.op) for one in rows[1:5]] == [
        (2, 0, None),
        (2, 1, "malformed"),
        (2, 2, "malformed"),
        (2, 3, "order.place"),
    ]
    assert rows[2].venue is None


def test_observed_facts_behind_derived_ones_keep_their_parts_too() -> None:
    rows = decoded(row(1, ORDER), row(2, {"id": 7, "result": {}}, "venue"), malformed(2, 2))
    assert [(one.part, one.op) for one in rows[2:]] == [(1, "order.place"), (2, "malformed")]


def test_the_end_of_a_recording_decides_nothing() -> None:
    decoder = Decoder(GenericDialect())
    decoder.see(row(1, ORDER))
    assert decoder.end() == []


# REST


def test_a_response_is_read_with_its_request() -> None:
    asked, answer, outcome = decoded(
        request(1, "post", "https://x.example/a/b?key=1#c", ORDER), response(2, body={"ok": True})
    )
    assert (asked.role, asked.op, asked.symbol) == ("request", "POST /a/b", "ETH")
    assert (answer.role, answer.op, answer.reply_to, answer.latency_ns) == ("reply", "POST /a/b", 1, MS)
    assert (outcome.outcome, outcome.resolved_by, outcome.op) == ("ok", "reply", "POST /a/b")


def test_a_body_that_is_no_text_stands_in_data() -> None:
    said = {"method": "POST", "url": "https://x.example/o", "headers": []}
    [event] = decoded(row(1, said, kind="http_request", data=b'{"symbol":"ETH"}', conn=9))
    assert event.symbol == "ETH"


def test_a_refusal_is_one_at_every_venue() -> None:
    decoder = Decoder(Silent())
    asked, answer, outcome = [*decoder.see(request(1, "DELETE")), *decoder.see(response(2, 403))]
    assert (asked.role, asked.op) == ("request", "DELETE /orders")
    assert (answer.role, answer.op, answer.error_code) == ("reply", "DELETE /orders", "403")
    assert (outcome.outcome, outcome.error_code) == ("rejected", "403")


@pytest.mark.parametrize(
    ("method", "status", "body", "outcome"),
    [
        ("POST", 504, "<html>", ("unknown", "reply")),
        ("POST", 500, {"error": {"code": "NO_MONEY"}}, ("rejected", "reply")),
        ("POST", 429, "", ("rejected", "reply")),
        ("GET", 503, "", ("rejected", "reply")),
        ("POST", 201, "", ("ok", "reply")),
        ("POST", None, "", ("unknown", "end-of-connection")),
    ],
)
def test_who_refused_decides_what_is_known(
    method: str, status: int | None, body: Any, outcome: tuple[str, str]
) -> None:
    *_, answer, fact = decoded(request(1, method, body=ORDER), response(2, status, body))
    assert (fact.outcome, fact.resolved_by) == outcome
    assert (answer.op, answer.reply_to) == (f"{method} /orders", 1)


def test_an_unanswered_request_is_no_reply() -> None:
    *_, answer, _ = decoded(request(1), response(2, None))
    assert (answer.role, answer.error_code) == (None, None)


def test_a_response_of_which_the_request_is_missing_is_kept() -> None:
    [answer] = decoded(response(2, 404))
    assert (answer.role, answer.op, answer.error_code, answer.reply_to) == ("reply", None, "404", None)


@pytest.mark.parametrize("kind", ["http_request", "http_response"])
@pytest.mark.parametrize("text", ["", "{", "[1]", '{"status": "x"}', None])
def test_rest_rows_that_are_no_json_are_kept(kind: str, text: str | None) -> None:
    [event] = decoded(row(1, text, kind=kind))
    assert event.venue == "generic"


def test_requests_that_are_never_answered_do_not_pile_up() -> None:
    decoder = Decoder(GenericDialect())
    for n in range(10_000):
        decoder.see(row(n, {"method": "GET", "url": "/"}, kind="http_request", conn=n))
    assert len(decoder._asked) < 5_000


# Decoding again

payloads = st.one_of(
    st.just(json.dumps(ORDER)),
    st.builds(
        lambda key, op, channel: json.dumps(
            {"id": key, "op": op, "channel": channel, "signature": "secret-0123456789abcdef"}
        ),
        st.sampled_from([None, 7, "a"]),
        st.sampled_from(["subscribe", "ping", "create"]),
        st.sampled_from([None, "book"]),
    ),
    st.builds(
        lambda key, order, error: json.dumps({"id": key, "result": {"orderId": order}, "error": error}),
        st.sampled_from([None, 7, "a"]),
        st.sampled_from([None, 77, 78]),
        st.sampled_from([None, {"code": -1, "message": "no"}, "invalid signature 0123456789abcdef0123456789abcdef"]),
    ),
    st.builds(
        lambda ids: json.dumps([{"orderId": n, "side": "buy"} for n in ids]), st.lists(st.integers(1, 5), min_size=2)
    ),
    st.sampled_from(["ping", "", "no json", "{", "7", "null"]),
)


@st.composite
def recordings(draw: st.DrawFn) -> list[Event]:
    events: list[Event] = []
    for _ in range(draw(st.integers(0, 25))):
        seq = len({event.seq for event in events}) + 1
        sender: Sender = draw(st.sampled_from(["client", "venue"]))
        conn = draw(st.sampled_from([1, 2]))
        match draw(
            st.sampled_from(["text", "text", "text", "binary", "end", "open", "close", "ping", "fault", "http"])
        ):
            case "http":
                events.append(request(seq, "POST", body=draw(payloads)))
                events.append(response(seq + 1, draw(st.sampled_from([200, 400, 502, None])), draw(payloads)))
            case "binary":
                events.append(row(seq, None, sender, kind="binary", data=draw(payloads).encode(), conn=conn))
            case "text":
                relay_ns = draw(st.sampled_from([500, None]))
                events.append(row(seq, draw(payloads), sender, conn=conn, relay_ns=relay_ns))
                events += [malformed(seq, part) for part in range(1, draw(st.sampled_from([0, 0, 1, 2])) + 1)]
            case other:
                events.append(row(seq, None, sender, kind=other, conn=conn))
    return events


def columns(rows: Iterable[Event]) -> list[dict[str, Any]]:
    return [{name: getattr(one, name) for name in OBSERVED + DERIVED} for one in rows]


@given(recordings())
def test_decoding_again_gives_the_same_rows(events: list[Event]) -> None:
    before = list(Decoder(GenericDialect()).see_all(events))
    recorded = columns(before)
    again = list(Decoder(GenericDialect()).decode_again(copy.deepcopy(before)))
    assert columns(again) == recorded
    assert columns(Decoder(GenericDialect()).decode_again(again)) == recorded


@given(recordings())
def test_decoding_redacted_rows_again_gives_the_same_rows(events: list[Event]) -> None:
    redactor = Redactor(KEY)
    rows = []
    for one in Decoder(GenericDialect()).see_all(events):
        redactor.redact(one)
        rows.append(one)
    recorded = columns(rows)
    assert "secret-" not in repr(recorded)
    assert columns(Decoder(GenericDialect()).decode_again(rows)) == recorded


@given(recordings())
def test_each_row_has_an_address_of_its_own_and_they_ascend(events: list[Event]) -> None:
    addresses = [(one.seq, one.part) for one in decoded(*events)]
    assert addresses == sorted(set(addresses))


@given(recordings())
def test_another_dialect_changes_derived_columns_only(events: list[Event]) -> None:
    rows = list(Decoder(GenericDialect()).see_all(events))
    observed = [one for one in columns(rows) if one["kind"] != "fact" or one["venue"] is None]
    again = columns(Decoder(Silent()).decode_again(rows))
    kept = [one for one in again if one["kind"] != "fact" or one["venue"] is None]
    assert [{name: one[name] for name in OBSERVED} for one in kept] == [
        {name: one[name] for name in OBSERVED} for one in observed
    ]
    assert {one["venue"] for one in again} <= {None, "silent"}


def test_incidents_are_found_anew() -> None:
    rows = decoded(row(1, ORDER))
    rows.append(row(1, None, kind="incident", part=1, venue="generic"))
    assert [one.kind for one in Decoder(GenericDialect()).decode_again(rows)] == ["text"]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.booleans(), payloads), max_size=12), st.sampled_from([200, 502]))
def test_what_a_recording_decodes_is_what_decoding_again_gives(said: list[tuple[bool, str]], status: int) -> None:
    """Through the pipeline of the scribe: frames, problems with frames, redaction and all."""
    pipeline = Pipeline(GenericDialect(), Redactor(KEY))
    body = as_json(Handshake(url="wss://x.example", status=101))
    records = [Record(What.OPEN, True, 1, MS, MS, -1, body)]
    for n, (by_venue, payload) in enumerate(said, 2):
        text = payload.encode()
        length = bytes([len(text)]) if len(text) < 126 else b"\x7e" + len(text).to_bytes(2)
        frame = b"\x81" + length + text  # a client's is not masked, which is a problem to be stated
        records.append(Record(What.DATA, by_venue, 1, n * MS, n * MS, 500, frame))
    exchange = Exchange(
        method="POST", url="https://x.example/o", status=status, request_body=json.dumps(ORDER).encode()
    )
    records.append(Record(What.HTTP, True, 2, 99 * MS, 99 * MS, -1, as_json(exchange)))
    records += [Record(What.END, leg, 1, 100 * MS, 100 * MS, -1, b"rst") for leg in (False, True)]
    rows = [one for record in records for one in pipeline.see(record)]
    recorded = columns(rows)
    assert columns(Decoder(GenericDialect()).decode_again(rows)) == recorded


def test_the_story_of_a_duplicate_at_a_real_venue() -> None:
    """Cut before the reply, sent again, accepted, looked: the list of open orders proves the first one."""
    decoder = Decoder(dialect("reya"))
    order = {
        "symbol": "WETHRUSD", "accountId": 10000000002, "isBuy": True, "limitPx": "1", "qty": "0.001",
        "orderType": "LIMIT", "timeInForce": "GTC", "nonce": "1", "signature": "0x", "signerWallet": "0x869d",
    }  # fmt: skip
    create = {"type": "createOrder", "id": "r1", "payload": order}
    accepted = {"type": "createOrder", "id": "r1", "ok": True, "payload": {"status": "OPEN", "orderId": "78"}}
    shown = {name: order[name] for name in ("symbol", "accountId", "limitPx", "qty", "orderType", "timeInForce")}
    listed = [
        {**shown, "orderId": n, "side": "B", "status": "OPEN", "createdAt": 1_700_000_000_000} for n in ("77", "78")
    ]
    url = "http://127.0.0.1:1/v2/wallet/0x869d/openOrders"
    rows = decoder.see_all(
        [
            row(1, create),
            row(2, None, kind="end"),
            row(3, None, "venue", kind="end"),
            row(4, create, conn=2),
            row(5, accepted, "venue", conn=2),
            request(6, "GET", url),
            response(7, 200, listed),
        ]
    )
    facts = [(one.of_seq, one.outcome, one.resolved_by, one.order_id) for one in rows if one.of_seq in (1, 4)]
    assert facts == [
        (1, "unknown", "end-of-connection", None),
        (4, "ok", "reply", "78"),
        (1, "ok", "rest", "77"),
    ]
