"""The views of orders and incidents: what every engine can select of what the search found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from analysis.trading import Trading
from captures.recorded import keep, session

from wsreplay.analysis.database import Database
from wsreplay.analysis.incidents.search import find
from wsreplay.captures.capture import Capture


def asked(path: Path, question: str) -> list[dict[str, Any]]:
    with Capture.open(path) as opened, Database.of_captures([opened]) as database:
        answer = database.ask(question)
        return pa.Table.from_batches(answer.batches(), answer.schema).to_pylist()  # type: ignore[no-any-return]


@pytest.fixture
def twice(tmp_path: Path) -> Path:
    """An order sent twice, and one that was cancelled; with its incidents."""
    trading = Trading()
    trading.opens()
    trading.orders("a", clientOrderId=7)
    trading.ends("client", "rst")
    trading.answers("a", delivered=False, orderId="1864998629727535104")
    trading.ends("venue", "proxy")
    trading.opens(2)
    trading.orders("b", 2, clientOrderId=7)
    trading.answers("b", 2, orderId="1864998629727535105")
    trading.orders("c", 2, qty="0.010")
    trading.answers("c", 2, orderId="103")
    trading.says({"type": "cancelOrder", "id": "d", "payload": {"orderId": "103", "symbol": "WETHRUSD"}}, 2)
    trading.venue_says(
        {"type": "cancelOrder", "id": "d", "ok": True, "payload": {"status": "CANCELLED", "orderId": "103"}}, 2
    )
    trading.orders("e", 2, qty="0.020")
    trading.refuses("e", "NO_PRICES_FOUND_FOR_SYMBOL", conn=2)
    recording = session(tmp_path, *trading.rows)
    rows = list(find(trading.rows))
    for part, row in enumerate(rows, 50):
        row.part = part
    keep(recording, rows)
    return recording.publish("finished")


def test_incidents_are_selected_as_they_were_found(twice: Path) -> None:
    rows = asked(twice, "SELECT kind, certainty, seq, evidence, symbol FROM incidents ORDER BY kind")
    assert [list(row.values()) for row in rows] == [
        ["blind-retry", "possible", 7, "[2,3,7,8]", "WETHRUSD"],
        ["disconnect", "proven", 3, "[2,3]", None],
        ["duplicate-order", "proven", 7, "[2,3,4,7,8]", "WETHRUSD"],
        ["lost-response", "proven", 2, "[2,4]", "WETHRUSD"],
        ["rejected", "proven", 14, "[13,14]", "WETHRUSD"],
    ]
    (row,) = asked(twice, "SELECT summary FROM incidents WHERE kind = 'duplicate-order'")
    assert row["summary"].startswith("Two orders where one was wanted")


def test_a_duplicate_names_both_orders_to_the_digit(twice: Path) -> None:
    (row,) = asked(twice, "SELECT * FROM duplicate_orders")
    assert (row["first_seq"], row["second_seq"], row["certainty"]) == (2, 7, "proven")
    assert (row["first_order_id"], row["second_order_id"]) == ("1864998629727535104", "1864998629727535105")
    assert (row["between_kind"], row["between_seq"], row["looked"]) == ("connection-ended", 3, False)
    assert (row["side"], row["price"], row["qty"], row["after_ns"]) == ("buy", "2600.00", "0.050", 5_000_000)


def test_an_order_is_told_to_its_end(twice: Path) -> None:
    rows = asked(
        twice,
        "SELECT seq, order_id, outcome, error_code, last_status, cancel_seq, cancel_outcome FROM orders ORDER BY seq",
    )
    assert [list(row.values()) for row in rows] == [
        [2, "1864998629727535104", "late", None, "OPEN", None, None],
        [7, "1864998629727535105", "ok", None, "OPEN", None, None],
        [9, "103", "ok", None, "CANCELLED", 11, "ok"],
        [13, None, "rejected", "NO_PRICES_FOUND_FOR_SYMBOL", None, None, None],
    ]
