"""A bot and a venue that trade, for tests of incidents: real frames, read by the real decoder."""

from __future__ import annotations

import json
from typing import Any

from captures.recorded import BEGAN

from wsreplay.analysis.incidents.incident import Incident
from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.venues.registry import dialect

MS = 1_000_000
WISH: dict[str, Any] = {
    "symbol": "WETHRUSD",
    "accountId": 10000000002,
    "isBuy": True,
    "limitPx": "2600.00",
    "qty": "0.050",
    "orderType": "LIMIT",
    "timeInForce": "GTC",
}
OPEN_ORDERS = "https://api.venue.example/v2/wallet/0xabc/openOrders"


class Trading:
    """Each method is what passes next, a millisecond after what passed before; it gives its event."""

    def __init__(self, *, patience_ns: int | None = None) -> None:
        self._decoder = Decoder(dialect("reya"), patience_ns=patience_ns)
        self._patience_ns = patience_ns
        self.rows: list[Event] = []
        self.seq = 0
        self.now_ns = 0
        self._nonce = 0

    def event(self, **fields: Any) -> Event:
        self.seq += 1
        self.now_ns += MS
        stamps = {
            "seq": self.seq,
            "at_ns": BEGAN.wall_ns + self.now_ns,
            "mono_ns": self.now_ns,
            "first_mono_ns": self.now_ns,
        }
        event = Event(**{"conn": 1, "relay_ns": 1_000, **stamps, **fields})
        self.rows += self._decoder.see(event)
        return event

    def wait(self, nanoseconds: int) -> None:
        self.now_ns += nanoseconds

    # The bot

    def opens(self, conn: int = 1, status: int = 101, error: str = "") -> Event:
        handshake = {"url": "wss://venue.example/?session=1", "status": status, "error": error}
        return self.event(kind="open", sender="client", conn=conn, text=json.dumps(handshake))

    def says(self, message: object, conn: int = 1, *, delivered: bool = True) -> Event:
        text = message if isinstance(message, str) else json.dumps(message)
        return self.event(kind="text", sender="client", conn=conn, text=text, relay_ns=1_000 if delivered else None)

    def orders(self, key: str, conn: int = 1, *, delivered: bool = True, **wish: Any) -> Event:
        """Buy 0.050 WETHRUSD at 2600.00, unless said otherwise."""
        self._nonce += 1
        payload = {**WISH, "nonce": str(self._nonce), **wish}
        return self.says({"type": "createOrder", "id": key, "payload": payload}, conn, delivered=delivered)

    def looks(self, *orders: dict[str, Any], status: int = 200, conn: int = 9) -> Event:
        """Asks over REST which orders are open, and is told these."""
        asked = {"method": "GET", "url": OPEN_ORDERS, "headers": []}
        self.event(kind="http_request", sender="client", conn=conn, text=json.dumps(asked), relay_ns=None)
        answer = {"status": status, "headers": [], "body": json.dumps(list(orders))}
        return self.event(kind="http_response", sender="venue", conn=conn, text=json.dumps(answer), relay_ns=None)

    def listed(self, order_id: str, **fields: Any) -> dict[str, Any]:
        """An order in such a list, made just now."""
        made = (BEGAN.wall_ns + self.now_ns) // MS
        wish = {name: value for name, value in WISH.items() if name != "isBuy"}
        return {**wish, "side": "B", "orderId": order_id, "status": "OPEN", "createdAt": made, **fields}

    # The venue

    def answers(self, key: str, conn: int = 1, *, delivered: bool = True, **payload: Any) -> Event:
        answer = {"type": "createOrder", "id": key, "ok": True, "payload": {"status": "OPEN", **payload}}
        return self.venue_says(answer, conn, delivered=delivered)

    def refuses(self, key: str, code: str, message: str = "", conn: int = 1, *, delivered: bool = True) -> Event:
        error = {"error": code, "message": message}
        return self.venue_says(
            {"type": "createOrder", "id": key, "ok": False, "error": error}, conn, delivered=delivered
        )

    def venue_says(self, message: object, conn: int = 1, *, delivered: bool = True) -> Event:
        relay_ns = 1_000 if delivered else None
        return self.event(kind="text", sender="venue", conn=conn, text=json.dumps(message), relay_ns=relay_ns)

    # The line

    def closes(self, sender: str = "client", code: int | None = 1000, reason: str = "", conn: int = 1) -> Event:
        return self.event(kind="close", sender=sender, conn=conn, close_code=code, close_reason=reason)

    def ends(self, sender: str, how: str = "fin", conn: int = 1) -> Event:
        return self.event(kind="end", sender=sender, conn=conn, ended_by=how)

    def breaks(self, conn: int = 1) -> Event:
        """The bot's side is reset, and then the venue's is closed."""
        broken = self.ends("client", "rst", conn)
        self.ends("venue", "proxy", conn)
        return broken

    def leaves(self, conn: int = 1) -> None:
        """The bot closes, in order."""
        self.closes("client", 1000, conn=conn)
        self.closes("venue", 1000, conn=conn)
        self.ends("venue", conn=conn)
        self.ends("client", "proxy", conn)

    def strikes(self, fault: str, conn: int | None = 1) -> Event:
        return self.event(kind="fault", sender="proxy", conn=conn, text=json.dumps({"fault": fault}), relay_ns=None)

    def misses(self) -> Event:
        """Part of the recording is missing."""
        return self.event(kind="gap", sender="proxy", conn=None, text="{}", relay_ns=None)

    # What is found

    def incidents(self, kind: str | None = None) -> list[Incident]:
        found = incidents_in(self.rows, patience_ns=self._patience_ns)
        return [incident for incident in found if kind in (None, incident.kind)]

    def only(self, kind: str) -> Incident:
        """The one incident of this kind."""
        (incident,) = self.incidents(kind)
        return incident

    def assert_none(self, *kinds: str) -> None:
        assert [(each.kind, each.summary) for each in self.incidents() if each.kind in kinds] == []

    def assert_duplicate(self, certainty: str, first: Event, again: Event, *order_ids: str, looked: bool) -> Incident:
        """The one duplicate order is that of these two requests."""
        found = self.only("duplicate-order")
        assert (found.certainty, found.seq, found.conn) == (certainty, again.seq, again.conn)
        assert (found.facts["first"]["seq"], found.facts["second"]["seq"]) == (first.seq, again.seq)
        assert found.facts["order_ids"] == list(order_ids)
        assert found.facts["looked"] is looked
        assert {first.seq, again.seq} <= set(found.evidence)
        return found
