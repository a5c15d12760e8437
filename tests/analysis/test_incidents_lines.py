"""Lines that break, bots that come back, replies that are lost, and what a venue refuses."""

from __future__ import annotations

import json

import pytest
from analysis.trading import MS, Trading

from wsreplay.analysis.incidents.refusals import trouble
from wsreplay.captures.event import Event


@pytest.fixture
def trading() -> Trading:
    trading = Trading()
    trading.opens()
    return trading


# disconnect


def test_a_bot_that_leaves_in_order_is_no_disconnect(trading: Trading) -> None:
    trading.orders("a")
    trading.answers("a", orderId="101")
    trading.leaves()
    assert trading.incidents() == []


def test_a_recording_that_ends_first_is_no_disconnect(trading: Trading) -> None:
    trading.ends("client", "proxy")
    trading.ends("venue", "proxy")
    trading.assert_none("disconnect")


def test_a_bot_that_answers_a_faults_close_frame_did_not_leave(trading: Trading) -> None:
    trading.strikes('drop close 1001 "going away" after request')
    trading.event(kind="close", sender="client", conn=1, close_code=1001, close_reason="going away", relay_ns=None)
    trading.ends("client", "proxy")
    trading.ends("venue", "proxy")
    assert trading.only("disconnect").facts["fault"] == 'drop close 1001 "going away" after request'


def test_a_bot_that_leaves_a_disturbed_line_in_order_is_no_disconnect(trading: Trading) -> None:
    trading.strikes("delay 1s push")
    trading.leaves()
    trading.assert_none("disconnect")


def test_a_venue_that_closes_is_told_with_its_code_and_what_it_cost(trading: Trading) -> None:
    request = trading.orders("a")
    close = trading.closes("venue", 1001, "SERVER_SHUTTING_DOWN")
    trading.closes("client", 1001)
    trading.ends("venue")
    trading.ends("client", "proxy")
    found = trading.only("disconnect")
    assert (found.seq, found.certainty, found.conn) == (close.seq, "proven", 1)
    assert found.summary == (
        "The venue closed connection 1 with 1001 (SERVER_SHUTTING_DOWN) after 2 ms, "
        "while 1 request waited for its reply."
    )
    assert found.facts["waiting_seqs"] == [request.seq]
    assert (found.facts["close_code"], found.facts["close_reason"]) == (1001, "SERVER_SHUTTING_DOWN")
    assert found.facts["url"] == "wss://venue.example/"


@pytest.mark.parametrize(
    ("side", "how", "words"),
    [
        ("venue", "rst", "The venue's side of connection 1 was reset"),
        ("venue", "fin", "The venue's side of connection 1 ended without a close frame"),
        ("client", "timeout", "The bot's side of connection 1 timed out"),
    ],
)
def test_an_end_without_a_goodbye_is_a_disconnect(trading: Trading, side: str, how: str, words: str) -> None:
    trading.ends(side, how)
    trading.ends("venue" if side == "client" else "client", "proxy")
    found = trading.only("disconnect")
    assert found.summary.startswith(words)
    assert (found.facts["how"], found.facts["ended_by_side"]) == (how, side)


def test_a_bot_that_closes_in_anger_is_a_disconnect(trading: Trading) -> None:
    trading.closes("client", 1002, "bad frame")
    trading.breaks()
    assert trading.only("disconnect").summary == "The bot closed connection 1 with 1002 (bad frame) after 1 ms."


def test_a_cut_that_the_fault_plan_made_says_so(trading: Trading) -> None:
    request = trading.orders("a")
    fault = trading.strikes("drop rst before reply createOrder")
    trading.answers("a", delivered=False)
    trading.ends("client", "proxy")
    trading.ends("venue", "proxy")
    found = trading.only("disconnect")
    assert found.facts["waiting_seqs"] == [request.seq]
    assert "cut by the recording's fault plan (drop rst before reply createOrder)" in found.summary
    assert fault.seq in found.evidence


def test_a_reply_that_comes_after_the_bots_side_is_gone_counts_as_its_cost(trading: Trading) -> None:
    trading.orders("a")
    trading.ends("client", "rst")
    trading.answers("a", delivered=False, orderId="101")
    trading.ends("venue", "proxy")
    assert trading.only("disconnect").facts["waiting"] == 1


# reconnect-storm


def comes_back(trading: Trading, *pauses_ms: int, refused: bool = False) -> None:
    trading.breaks()
    for conn, pause in enumerate(pauses_ms, 2):
        trading.wait(pause * MS)
        trading.opens(conn, 503 if refused else 101)
        if not refused:
            trading.breaks(conn)


@pytest.mark.parametrize("refused", [False, True])
def test_coming_back_at_once_again_and_again_is_a_storm(trading: Trading, refused: bool) -> None:
    comes_back(trading, 100, 90, 110, 100, 120, 100, refused=refused)
    found = trading.only("reconnect-storm")
    assert found.facts["reconnects"] == 6
    assert len(found.evidence) == 6
    assert found.summary.startswith("The bot reconnected 6 times in ")
    assert found.conn == 2


def test_backing_off_is_no_storm(trading: Trading) -> None:
    comes_back(trading, 50, 150, 300, 600, 1_200, 2_400, 4_800, refused=True)
    trading.assert_none("reconnect-storm")


def test_coming_back_now_and_then_is_no_storm(trading: Trading) -> None:
    comes_back(trading, *[5_000] * 10)
    trading.assert_none("reconnect-storm")


def test_a_bot_that_opens_many_lines_or_one_for_each_request_makes_no_storm() -> None:
    trading = Trading()
    for conn in range(1, 10):
        trading.opens(conn)
    for conn in range(1, 10):
        trading.leaves(conn)
    for conn in range(11, 20):
        trading.opens(conn)
        trading.leaves(conn)
    assert trading.incidents() == []


def test_two_storms_with_peace_between_are_two(trading: Trading) -> None:
    comes_back(trading, 10, 10, 10, 10, 10, 60_000, 10, 10, 10, 10)
    assert [found.facts["reconnects"] for found in trading.incidents("reconnect-storm")] == [5, 5]


# lost-response, late-reply


def test_a_lost_response_that_the_recording_has_says_what_the_venue_answered(trading: Trading) -> None:
    request = trading.orders("a")
    trading.ends("client", "rst")
    reply = trading.answers("a", delivered=False, orderId="101")
    trading.ends("venue", "proxy")
    found = trading.only("lost-response")
    assert (found.seq, found.certainty, found.evidence) == (request.seq, "proven", (request.seq, reply.seq))
    assert found.facts["order_ids"] == ["101"]
    assert found.summary == (
        "The reply to createOrder (buy 0.050 WETHRUSD at 2600.00) never reached the bot: it came 2 ms after the "
        "request and was never handed on to the bot; the venue had accepted it as order 101."
    )


def test_a_lost_response_stays_unknown_until_something_tells(trading: Trading) -> None:
    request = trading.orders("a")
    made = trading.listed("101")
    trading.breaks()
    assert trading.only("lost-response").facts["outcome"] == "unknown"
    assert trading.only("lost-response").summary.endswith("what became of it stayed unknown.")
    answer = trading.looks(made)
    found = trading.only("lost-response")
    assert (found.seq, found.facts["outcome"], found.facts["resolved_by"]) == (request.seq, "ok", "rest")
    assert found.facts["resolved_seq"] == answer.seq
    assert found.facts["order_ids"] == ["101"]
    assert f"a REST answer at {answer.seq} shows that it was accepted as order 101" in found.summary


def test_a_request_that_was_never_handed_on_is_lost_without_harm(trading: Trading) -> None:
    trading.orders("a", delivered=False)
    trading.breaks()
    found = trading.only("lost-response")
    assert found.facts["reached_venue"] is False
    assert "nothing can have come of it" in found.summary


def test_a_reply_may_have_been_in_what_the_recording_misses(trading: Trading) -> None:
    trading.orders("a")
    trading.misses()
    trading.breaks()
    assert trading.only("lost-response").certainty == "possible"


def test_a_reply_after_the_bot_had_given_up_is_late() -> None:
    trading = Trading(patience_ns=1_000 * MS)
    trading.opens()
    request = trading.orders("a")
    trading.wait(2_000 * MS)
    reply = trading.answers("a", orderId="101")
    found = trading.only("late-reply")
    assert (found.seq, found.facts["request_seq"], found.facts["order_ids"]) == (reply.seq, request.seq, ["101"])
    assert "came after 2 s, when the bot had given up on it: it was an acceptance, order 101" in found.summary
    trading.assert_none("lost-response")


def test_a_reply_to_a_bot_that_has_said_goodbye_is_late(trading: Trading) -> None:
    trading.orders("a")
    trading.closes("client", 1000)
    reply = trading.refuses("a", "NO_PRICES_FOUND_FOR_SYMBOL")
    found = trading.only("late-reply")
    assert (found.seq, found.facts["outcome"]) == (reply.seq, "rejected")
    assert found.summary.endswith("it was a refusal (NO_PRICES_FOUND_FOR_SYMBOL).")


def test_a_reply_in_time_is_nothing(trading: Trading) -> None:
    trading.orders("a")
    trading.wait(2_000 * MS)
    trading.answers("a", orderId="101")
    assert trading.incidents() == []


# What a venue refuses


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("CREATE_ORDER_OTHER_ERROR", "Insufficient balance", "rejected"),
        ("CREATE_ORDER_OTHER_ERROR", "Rate limit exceeded: 30 per 60 s", "rate-limited"),
        ("RATE_LIMITED_ERROR", "", "rate-limited"),
        ("UNAUTHORIZED_SIGNATURE_ERROR", "", "auth-failed"),
        ("CREATE_ORDER_OTHER_ERROR", "Invalid signature", "auth-failed"),
    ],
)
def test_the_dialect_says_what_a_refusal_is_about(trading: Trading, code: str, message: str, kind: str) -> None:
    request = trading.orders("a", clientOrderId=7)
    refusal = trading.refuses("a", code, message)
    (found,) = trading.incidents()
    assert (found.kind, found.seq, found.certainty) == (kind, refusal.seq, "proven")
    assert found.evidence == (request.seq, refusal.seq)
    assert (found.facts["error_code"], found.facts["client_order_id"]) == (code, "7")
    assert "createOrder (buy 0.050 WETHRUSD at 2600.00)" in found.summary


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("TOO_MANY_REQUESTS", "rate-limited"),
        ("429", "rate-limited"),
        ("EAPI:Invalid signature", "auth-failed"),
        ("401", "auth-failed"),
        ("author unknown", "auth-failed"),
        ("insufficient funds", "rejected"),
        ("4290", "rejected"),
        ("Invalid JSON", "malformed"),
    ],
)
def test_without_a_dialect_that_says_so_the_words_do(code: str, kind: str) -> None:
    assert trouble("generic", code) == trouble(None, code) == trouble("a map file's", code) == kind


@pytest.mark.parametrize(("status", "kind"), [(401, "auth-failed"), (403, "auth-failed"), (429, "rate-limited")])
def test_a_handshake_is_refused_for_the_same_reasons(status: int, kind: str) -> None:
    trading = Trading()
    opened = trading.opens(status=status)
    (found,) = trading.incidents()
    assert (found.kind, found.seq, found.facts["error_code"]) == (kind, opened.seq, str(status))


def test_what_the_venue_could_not_read_is_malformed(trading: Trading) -> None:
    trading.says("{not json")
    error = trading.venue_says({"type": "error", "error": {"error": "MALFORMED_JSON", "message": "Invalid JSON"}})
    (found,) = trading.incidents()
    assert (found.kind, found.seq) == ("malformed", error.seq)


def test_what_breaks_the_rules_of_websocket_is_malformed_once_an_event(trading: Trading) -> None:
    event = trading.says("{}")
    for part, problem in enumerate(("a frame without a mask", "text that is not valid UTF-8"), 1):
        fact = Event(
            seq=event.seq,
            part=part,
            at_ns=event.at_ns,
            mono_ns=event.mono_ns,
            first_mono_ns=event.mono_ns,
            conn=1,
            sender="client",
            kind="fact",
            op="malformed",
            error_code=problem,
        )
        trading.rows.append(fact)
    (found,) = trading.incidents("malformed")
    assert found.facts["problems"] == ["a frame without a mask", "text that is not valid UTF-8"]


def test_a_request_id_used_again_in_flight_is_told_once(trading: Trading) -> None:
    first = trading.orders("a")
    second = trading.orders("a", qty="1")
    refused = trading.venue_says(
        {"type": "error", "id": "a", "error": {"error": "DUPLICATE_REQUEST_ID", "message": ""}}
    )
    trading.answers("a", orderId="101")
    (found,) = trading.incidents()
    assert (found.kind, found.seq) == ("duplicate-request-id", second.seq)
    assert found.evidence == (first.seq, second.seq, refused.seq)
    assert (found.facts["key"], found.facts["request_seqs"]) == ("a", [first.seq, second.seq])


def test_a_request_id_used_again_after_its_reply_is_nothing(trading: Trading) -> None:
    for order_id in ("101", "102"):
        trading.orders("a")
        trading.answers("a", orderId=order_id)
    trading.opens(2)
    trading.orders("b")
    trading.orders("b", 2, qty="1")
    trading.answers("b", orderId="103")
    trading.answers("b", 2, orderId="104")
    assert trading.incidents() == []


def test_json_has_what_the_design_says(trading: Trading) -> None:
    trading.orders("a")
    refusal = trading.refuses("a", "NO_PRICES_FOUND_FOR_SYMBOL")
    (found,) = trading.incidents()
    told = json.loads(json.dumps(found.as_json()))
    assert list(told)[:7] == ["kind", "certainty", "conn", "seq", "at", "evidence", "summary"]
    assert told["at"] == "2026-11-21T06:27:25.126456Z"
    assert told["seq"] == refusal.seq
    row = found.as_row()
    assert (row.kind, row.op, row.status, row.seq, row.at_ns) == (
        "incident",
        "rejected",
        "proven",
        refusal.seq,
        refusal.at_ns,
    )
    assert type(found).of_row(row) == found
