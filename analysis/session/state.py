"""State at the cursor: what was true when an event had just passed."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from wsreplay.analysis.session.lifetimes import Lifetimes, alive

_SWITCHED = 101
_OVER = ("fill", "cancel", "reject", "expire", "refuse", "done", "closed", "trade")
"""How venues' words for an order begin that is none any more; ``PARTIALLY_FILLED`` begins otherwise."""
_MOST = 200
"""As many of each as are given; the rest is counted."""


class Connection(msgspec.Struct, frozen=True):
    """A WebSocket connection."""

    conn: int
    url: str
    state: str
    """``open``, ``closing``, ``half open``, ``ended``, ``refused`` or ``failed``."""
    detail: str
    age_ns: int | None
    heartbeat_seq: int | None = None
    heartbeat_age_ns: int | None = None
    heartbeat_by: str = ""


class Request(msgspec.Struct, frozen=True):
    """A request whose end is not known, or was never heard."""

    seq: int
    conn: int | None
    op: str
    outcome: str
    """``pending``, ``late`` or ``unknown``."""
    age_ns: int
    symbol: str | None
    side: str | None
    qty: str | None
    price: str | None
    client_order_id: str | None


class Order(msgspec.Struct, frozen=True):
    """An order that is open at the venue, as far as the venue has said."""

    order_id: str
    status: str
    seq: int
    """Where its status was said."""
    symbol: str | None
    side: str | None
    qty: str | None
    price: str | None
    client_order_id: str | None


class Subscription(msgspec.Struct, frozen=True):
    """A channel that the bot asked for."""

    seq: int
    conn: int | None
    channel: str
    outcome: str
    """``ok``, ``rejected``, …; ``pending`` until then."""


class State(msgspec.Struct, frozen=True):
    """All of it."""

    seq: int
    connections: list[Connection]
    in_flight: list[Request]
    unanswered: list[Request]
    """Whose answer the bot has never had: the line ended, or it came too late."""
    orders: list[Order]
    subscriptions: list[Subscription]
    more: dict[str, int] = {}
    """How many there are of each beyond those that are listed."""


def state_at(lifetimes: Lifetimes, seq: int, mono_ns: int) -> State:
    """The state when the event ``seq`` had just passed, at ``mono_ns``."""
    more: dict[str, int] = {}

    def rows(name: str, table: pa.Table) -> list[dict[str, Any]]:
        if table.num_rows > _MOST:
            more[name] = table.num_rows - _MOST
            table = table.slice(table.num_rows - _MOST)
        found: list[dict[str, Any]] = table.to_pylist()
        return found

    beats = {beat["conn"]: beat for beat in alive(lifetimes.heartbeats, seq).to_pylist()}
    begun = lifetimes.connections.filter(pc.less_equal(lifetimes.connections.column("seq"), seq))
    return State(
        seq=seq,
        connections=[_connection(row, seq, mono_ns, beats.get(row["conn"])) for row in rows("connections", begun)],
        in_flight=[_request(row, "pending", mono_ns) for row in rows("in_flight", alive(lifetimes.requests, seq))],
        unanswered=[
            _request(row, row["outcome"], mono_ns) for row in rows("unanswered", _lost(lifetimes.requests, seq))
        ],
        orders=[_order(row) for row in rows("orders", _open(alive(lifetimes.orders, seq)))],
        subscriptions=[
            Subscription(row["seq"], row["conn"], row["channel"], _by(row["outcome_seq"], seq, row["outcome"]))
            for row in rows("subscriptions", alive(lifetimes.subscriptions, seq))
        ],
        more=more,
    )


def over(status: str) -> bool:
    """Whether an order of this status, in a venue's word, is no longer open."""
    return status.lower().startswith(_OVER)


def _lost(requests: pa.Table, seq: int) -> pa.Table:
    known = pc.and_kleene(
        pc.is_in(requests.column("outcome"), value_set=pa.array(["unknown", "late"])),
        pc.less_equal(requests.column("outcome_seq"), seq),
    )
    return requests.filter(pc.fill_null(known, False))


def _open(orders: pa.Table) -> pa.Table:
    words = pc.unique(orders.column("status"))
    ended = pa.array([word for word in words.to_pylist() if over(word)], pa.string())
    return orders.filter(pc.invert(pc.is_in(orders.column("status"), value_set=ended)))


def _connection(row: dict[str, Any], seq: int, mono_ns: int, beat: dict[str, Any] | None) -> Connection:
    state, detail = _line(row, seq)
    return Connection(
        conn=row["conn"],
        url=row["url"] or "",
        state=state,
        detail=detail,
        age_ns=mono_ns - row["mono_ns"] if row["mono_ns"] is not None else None,
        heartbeat_seq=beat["seq"] if beat else None,
        heartbeat_age_ns=mono_ns - beat["mono_ns"] if beat else None,
        heartbeat_by=beat["sender"] if beat else "",
    )


def _line(row: dict[str, Any], seq: int) -> tuple[str, str]:
    if row["error"]:
        return "failed", row["error"]
    if row["status"] is not None and row["status"] != _SWITCHED:
        return "refused", str(row["status"])
    side = {"client": "bot", "venue": "venue", "proxy": "proxy"}
    if row["end_seq"] is not None and row["end_seq"] <= seq:
        detail = f"{side.get(row['end_by'], '')} {row['ended_by'] or 'ended'}".strip()
        both = row["legs_ended"] > 1 and row["last_end_seq"] <= seq
        return ("ended" if both else "half open"), detail
    if row["close_seq"] is not None and row["close_seq"] <= seq:
        code = "" if row["close_code"] is None else f" {row['close_code']}"
        return "closing", f"{side.get(row['close_by'], '')} close{code}".strip()
    return "open", ""


def _request(row: dict[str, Any], outcome: str, mono_ns: int) -> Request:
    return Request(
        seq=row["seq"],
        conn=row["conn"],
        op=row["op"] or "request",
        outcome=outcome,
        age_ns=mono_ns - row["mono_ns"],
        symbol=row["symbol"],
        side=row["side"],
        qty=row["qty"],
        price=row["price"],
        client_order_id=row["client_order_id"],
    )


def _order(row: dict[str, Any]) -> Order:
    names = ("order_id", "status", "seq", "symbol", "side", "qty", "price", "client_order_id")
    return Order(**{name: row[name] for name in names})


def _by(known_seq: int | None, seq: int, word: str | None) -> str:
    return word if word is not None and known_seq is not None and known_seq <= seq else "pending"
