"""The views about lines: heartbeats, subscriptions, reconnects, gaps, and the latency of requests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
from captures.recorded import BEGAN, capture, event

from wsreplay.analysis.database import Database
from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event

MS = 1_000_000


def asked(path: Path, question: str) -> list[dict[str, Any]]:
    with Capture.open(path) as opened, Database.of_captures([opened]) as database:
        answer = database.ask(question)
        return pa.Table.from_batches(answer.batches(), answer.schema).to_pylist()  # type: ignore[no-any-return]


def opened(seq: int, conn: int, **fields: Any) -> Event:
    text = f'{{"url":"wss://venue.example/ws?key={conn}","upstream":"","status":101}}'
    return event(seq, kind="open", sender="client", conn=conn, text=text, **fields)


def ended(seq: int, conn: int, sender: str = "client") -> Event:
    return event(seq, kind="end", sender=sender, conn=conn, text=None, ended_by="rst")


def wish(seq: int, conn: int, channel: str | None, op: str = "subscribe") -> list[Event]:
    return [
        event(seq, conn=conn, sender="client", role="request", op=op, channel=channel),
        event(seq, 1, conn=conn, sender="client", op=op, channel=channel),
    ]


def push(seq: int, conn: int, channel: str, number: int | None = None, **fields: Any) -> Event:
    return event(seq, conn=conn, role="push", op="update", channel=channel, venue_seq=number, **fields)


def test_a_ping_has_the_first_answer_before_the_next_ping(tmp_path: Path) -> None:
    path = capture(
        tmp_path,
        event(1, conn=1, kind="ping", role="heartbeat", text=None),
        event(2, conn=1, role="heartbeat", op="ping"),
        event(3, conn=1, sender="client", kind="pong", role="heartbeat", text=None),
        event(4, conn=1, role="heartbeat", op="ping"),
        event(5, conn=1, sender="client", role="heartbeat", op="pong"),
        event(6, conn=1, sender="client", role="heartbeat", op="pong"),
        event(7, conn=1, sender="client", kind="ping", role="heartbeat", text=None),
    )
    found = asked(path, "SELECT seq, sender, frame, pong_seq, rtt_ns FROM heartbeats ORDER BY seq")
    assert [tuple(row.values()) for row in found] == [
        (1, "venue", "protocol", 3, 2 * MS),
        (2, "venue", "message", None, None),
        (4, "venue", "message", 5, MS),
        (7, "client", "protocol", None, None),
    ]


def test_a_subscription_tells_what_came_of_it(tmp_path: Path) -> None:
    path = capture(
        tmp_path,
        opened(1, 1),
        *wish(2, 1, "book"),
        event(3, conn=1, role="reply", op="subscribe", reply_to=2, latency_ns=MS),
        event(3, 1, conn=1, of_seq=2, outcome="ok", resolved_by="reply"),
        push(4, 1, "book"),
        push(5, 1, "book"),
        *wish(6, 1, "book"),
        push(7, 1, "book"),
        *wish(8, 1, "book", "unsubscribe"),
        *wish(9, 1, "trades"),
        ended(10, 1),
        opened(11, 2),
        *wish(12, 2, "trades"),
    )
    found = asked(
        path,
        "SELECT seq, channel, outcome, confirmed_seq, pushes, first_push_seq, first_push_after_ns, ended_seq, "
        "ended_how FROM subscriptions ORDER BY seq",
    )
    assert [tuple(row.values()) for row in found] == [
        (2, "book", "ok", 3, 2, 4, 2 * MS, 8, "unsubscribed"),
        (6, "book", "pending", None, 1, 7, MS, 8, "unsubscribed"),
        (9, "trades", "pending", None, 0, None, None, 10, "connection"),
        (12, "trades", "pending", None, 0, None, None, None, None),
    ]


def test_unsubscribing_without_a_channel_ends_all(tmp_path: Path) -> None:
    path = capture(tmp_path, opened(1, 1), *wish(2, 1, "a"), *wish(3, 1, "b"), *wish(4, 1, None, "unsubscribe"))
    found = asked(path, "SELECT channel, ended_seq, ended_how FROM subscriptions ORDER BY seq")
    assert [tuple(row.values()) for row in found] == [("a", 4, "unsubscribed"), ("b", 4, "unsubscribed")]


def test_unsubscribing_from_a_topic_ends_all_of_its_channels_and_no_others(tmp_path: Path) -> None:
    path = capture(
        tmp_path,
        opened(1, 1),
        *wish(2, 1, "order:LRC-ETH"),
        *wish(3, 1, "orderbook:LRC-ETH:0"),
        *wish(4, 1, "account"),
        *wish(5, 1, "order:*", "unsubscribe"),
        *wish(6, 1, "account:*", "unsubscribe"),
        *wish(7, 1, "order:LRC-ETH"),
    )
    found = asked(path, "SELECT seq, ended_seq, ended_how FROM subscriptions ORDER BY seq")
    assert [tuple(row.values()) for row in found] == [
        (2, 5, "unsubscribed"), (3, None, None), (4, 6, "unsubscribed"), (7, None, None),
    ]  # fmt: skip


def test_what_comes_after_the_end_of_a_subscription_is_no_push_of_it(tmp_path: Path) -> None:
    path = capture(
        tmp_path,
        opened(1, 1),
        *wish(2, 1, "book"),
        push(3, 1, "book"),
        *wish(4, 1, None, "unsubscribe"),
        push(5, 1, "book"),
    )
    (row,) = asked(path, "SELECT pushes, last_push_seq FROM subscriptions")
    assert tuple(row.values()) == (1, 3)


def test_what_was_read_on_after_the_bot_was_gone_is_no_data_that_it_had(tmp_path: Path) -> None:
    path = capture(
        tmp_path, opened(1, 1), push(2, 1, "book"), ended(5, 1), push(7, 1, "book"), ended(8, 1, "venue"), opened(9, 2)
    )
    (row,) = asked(path, "SELECT last_byte_seq, silent_ns FROM reconnects")
    assert tuple(row.values()) == (2, 3 * MS)


def test_a_subscription_that_was_refused_is_not_missed_after_a_reconnect(tmp_path: Path) -> None:
    path = capture(
        tmp_path,
        opened(1, 1),
        *wish(2, 1, "secret"),
        event(3, conn=1, role="error", op="subscribe", reply_to=2, latency_ns=MS, error_code="NO"),
        event(3, 1, conn=1, of_seq=2, outcome="rejected", resolved_by="reply"),
        ended(4, 1),
        opened(5, 2),
    )
    (row,) = asked(path, "SELECT not_resubscribed, example FROM reconnects")
    assert tuple(row.values()) == (0, None)


def test_a_reconnect_is_told_step_by_step(tmp_path: Path) -> None:
    path = capture(
        tmp_path,
        opened(1, 1),
        *wish(2, 1, "book"),
        *wish(3, 1, "trades"),
        push(4, 1, "trades", 7),
        push(5, 1, "book"),
        ended(8, 1),
        opened(20, 2),
        event(21, conn=2, sender="client", role="request", op="login"),
        event(22, conn=2, role="reply", op="login", reply_to=21, latency_ns=MS),
        event(22, 1, conn=2, of_seq=21, outcome="ok", resolved_by="reply"),
        *wish(23, 2, "trades"),
        push(30, 2, "trades", 12),
    )
    (row,) = asked(path, "SELECT * FROM reconnects")
    steps = ("last_byte_seq", "noticed_seq", "open_seq", "login_seq", "resubscribed_seq", "first_push_seq")
    assert [row[name] for name in steps] == [5, 8, 20, 21, 23, 30]
    assert (row["conn"], row["previous_conn"], row["login_outcome"]) == (2, 1, "ok")
    assert (row["silent_ns"], row["reconnected_after_ns"], row["resubscribed_after_ns"]) == (3 * MS, 12 * MS, 3 * MS)
    assert row["without_data_ns"] == 25 * MS
    assert (row["not_resubscribed"], row["example"], row["missed"], row["sent_before_login"]) == (1, "book", 4, 0)


def test_lines_side_by_side_are_no_reconnects(tmp_path: Path) -> None:
    path = capture(tmp_path, opened(1, 1), opened(2, 2), ended(3, 1), ended(4, 2))
    assert asked(path, "SELECT * FROM reconnects") == []


def test_gaps_are_ours_and_the_venues(tmp_path: Path) -> None:
    said = '{"reason":"the hand-over was full","records":12,"bytes":4000}'
    path = capture(
        tmp_path,
        push(1, 1, "book", 5),
        push(2, 1, "book", 6),
        push(3, 1, "book", 9),
        push(4, 1, "book", 20, venue_seq_from=9),
        push(5, 1, "book", 99, status="snapshot"),
        push(6, 2, "book", 200),
        event(7, kind="gap", sender="proxy", text=said),
    )
    found = asked(path, "SELECT seq, what, channel, missing, reason FROM gaps ORDER BY seq")
    assert [tuple(row.values()) for row in found] == [
        (3, "sequence", "book", 2, None),
        (7, "recording", None, 12, "the hand-over was full"),
    ]


def test_a_latency_is_told_with_our_own_share_and_among_its_peers(tmp_path: Path) -> None:
    path = capture(
        tmp_path,
        event(1, conn=1, sender="client", role="request", op="buy", relay_ns=100),
        event(2, conn=1, sender="client", role="request", op="buy", relay_ns=100),
        event(3, conn=1, role="reply", op="done", reply_to=2, latency_ns=MS, relay_ns=300, status="OPEN"),
        event(6, conn=1, role="error", reply_to=1, latency_ns=5 * MS, error_code="NO"),
        event(7, conn=1, sender="client", role="request", op="buy"),
        event(8, conn=1, role="push", reply_to=1),
    )
    found = asked(
        path,
        "SELECT seq, reply_seq, op, answer, latency_ns, relay_ns, net_ns, in_flight, peers_below "
        "FROM latency ORDER BY seq",
    )
    assert [tuple(row.values()) for row in found] == [
        (1, 6, "buy", "NO", 5 * MS, 100, 5 * MS - 100, 1, 1.0),
        (2, 3, "buy", "OPEN", MS, 400, MS - 400, 2, 0.0),
    ]
    (row,) = asked(path, "SELECT DISTINCT minute_at_ns FROM latency")
    assert row["minute_at_ns"] == BEGAN.wall_ns // (60_000 * MS) * (60_000 * MS)
