"""What the correlator makes of this venue's messages: which reply is to which request, and what became of orders."""

from __future__ import annotations

import json
from typing import Any, Literal

from venues.loopring import examples
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.venues.loopring.dialect import LoopringDialect

MS = 1_000_000
WALL = 1_795_000_000 * 1_000 * MS
BOOK = {"topic": "orderbook", "market": "LRC-ETH", "level": 0}
TRADE = {"topic": "trade", "market": "LRC-ETH"}


class Talk:
    """A bot and the venue talking; each step is a decoded event, with what became known by it."""

    def __init__(self) -> None:
        self.decoder = Decoder(LoopringDialect())
        self.seq = 0
        self.facts: list[Event] = []

    def event(self, kind: Any, sender: Literal["client", "venue"], text: str | None, conn: int = 1) -> Event:
        self.seq += 1
        mono_ns = self.seq * MS
        event = Event(
            seq=self.seq,
            at_ns=WALL + mono_ns,
            mono_ns=mono_ns,
            first_mono_ns=mono_ns,
            relay_ns=1000,
            conn=conn,
            sender=sender,
            kind=kind,
            text=text,
        )
        self.facts += self.decoder.see(event)[1:]
        return event

    def bot(self, message: object) -> Event:
        return self.event("text", "client", message if isinstance(message, str) else json.dumps(message))

    def venue(self, message: object) -> Event:
        return self.event("text", "venue", message if isinstance(message, str) else json.dumps(message))

    def asks(self, method: str, path: str, body: str, conn: int) -> Event:
        row: dict[str, Any] = {"method": method, "url": f"https://api3.loopring.io{path}", "headers": [], "body": body}
        return self.event("http_request", "client", json.dumps(row), conn)

    def is_told(self, answer: object | None, conn: int) -> Event:
        told = {"status": 200, "body": json.dumps(answer)} if answer is not None else {"error": "gone"}
        return self.event("http_response", "venue", json.dumps({"headers": [], **told}), conn)

    def rest(self, method: str, path: str, body: str, answer: object | None, conn: int) -> tuple[Event, Event]:
        return self.asks(method, path, body, conn), self.is_told(answer, conn)

    def pushes(self, order_hash: str, client_order_id: str = "1") -> Event:
        push = json.loads(examples.ORDER)
        push["ts"] = (WALL + self.seq * MS) // MS
        return self.venue(push | {"data": push["data"] | {"clientOrderId": client_order_id, "hash": order_hash}})

    def outcomes(self) -> list[tuple[int | None, str | None, str | None, str | None]]:
        return [
            (fact.of_seq, fact.outcome, fact.resolved_by, fact.order_id)
            for fact in self.facts
            if fact.outcome is not None
        ]


def ok(op: str, *topics: object, **more: object) -> dict[str, object]:
    return {"op": op, "topics": topics, "result": {"status": "ok"}, **more}


def failed(op: str, code: int, *topics: object, **more: object) -> dict[str, object]:
    return {"op": op, "topics": topics, "result": {"status": "failed", "error": {"code": code, "message": ""}}, **more}


def test_replies_find_their_requests_by_sequence_in_any_order() -> None:
    talk = Talk()
    first = talk.bot({"op": "sub", "sequence": 1, "topics": [BOOK]})
    second = talk.bot({"op": "sub", "sequence": 2, "topics": [BOOK]})
    assert talk.venue(ok("sub", BOOK, sequence=2)).reply_to == second.seq
    assert talk.venue(failed("sub", 104103, BOOK, sequence=1)).reply_to == first.seq


def test_without_one_by_operation_and_topics_oldest_first() -> None:
    talk = Talk()
    requests = [
        talk.bot({"op": "sub", "topics": [BOOK, TRADE]}),
        talk.bot({"op": "sub", "topics": [TRADE]}),
        talk.bot({"op": "sub", "topics": [TRADE]}),
        talk.bot({"op": "unSub", "topics": [TRADE]}),
        talk.bot({"op": "unSub", "unsubscribeAll": "true", "topics": []}),
    ]
    replies = [
        talk.venue(ok("unSub")),
        talk.venue(ok("sub", TRADE)),
        talk.venue(ok("unSub", TRADE)),
        talk.venue(ok("sub", TRADE)),
        talk.venue(ok("sub", BOOK, TRADE)),
    ]
    expected = [requests[at].seq for at in (4, 1, 3, 2, 0)]
    assert [reply.reply_to for reply in replies] == expected


def test_a_request_that_could_not_be_read_is_answered_without_its_topics() -> None:
    talk = Talk()
    request = talk.bot({"op": "sub", "topics": ["orderbook"]})
    reply = talk.venue(examples.UNREADABLE)
    assert (reply.reply_to, reply.error_code) == (request.seq, "104115")


def test_heartbeats_and_pushes_answer_nothing() -> None:
    talk = Talk()
    request = talk.bot({"op": "sub", "topics": [BOOK]})
    for said in ("ping", examples.ORDERBOOK, examples.ORDER):
        assert talk.venue(said).reply_to is None
    talk.bot("pong")
    assert talk.venue(ok("sub", BOOK)).reply_to == request.seq


def lost_order(talk: Talk) -> Event:
    """An order whose answer never came."""
    asked, _ = talk.rest("POST", "/api/v3/order", examples.SUBMIT, None, conn=2)
    assert talk.outcomes() == [(asked.seq, "unknown", "end-of-connection", None)]
    return asked


def test_a_lost_answer_is_resolved_by_the_orders_push() -> None:
    talk = Talk()
    asked = lost_order(talk)
    talk.pushes("0x1", "2")
    assert len(talk.outcomes()) == 1, "another order"
    talk.pushes("0x2")
    assert talk.outcomes()[1:] == [(asked.seq, "ok", "push", "0x2")]


def test_the_push_of_an_order_sent_again_is_not_that_of_the_lost_one() -> None:
    talk = Talk()
    lost = talk.asks("POST", "/api/v3/order", examples.SUBMIT, 2)
    talk.pushes("0xa")
    talk.is_told(None, 2)
    again = talk.asks("POST", "/api/v3/order", examples.SUBMIT, 3)
    talk.pushes("0xb")
    talk.is_told(json.loads(examples.SUBMITTED) | {"hash": "0xb"}, 3)
    assert talk.outcomes() == [
        (lost.seq, "unknown", "end-of-connection", None),
        (lost.seq, "ok", "push", "0xa"),
        (again.seq, "ok", "reply", "0xb"),
    ]


def test_or_by_a_list_of_orders() -> None:
    talk = Talk()
    asked = lost_order(talk)
    order = json.loads(examples.ORDERS)["orders"][0] | {
        "clientOrderId": "",
        "side": "BUY",
        "volumes": {"baseAmount": "500000000000000000000", "quoteAmount": "15000000000000000000"},
        "validity": {"start": WALL // (1000 * MS), "end": 0},
    }
    looked, _ = talk.rest("GET", "/api/v3/orders?accountId=1", "", {"totalNum": 1, "orders": [order]}, conn=2)
    assert (asked.seq, "ok", "rest", order["hash"]) in talk.outcomes()
    assert (looked.seq, "ok", "reply", None) in talk.outcomes()
