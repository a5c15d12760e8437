from __future__ import annotations

import pytest
from captures.conversation import BUY, MS, Conversation, order

from wsreplay.captures import correlator, in_flight


@pytest.fixture
def talk() -> Conversation:
    talk = Conversation()
    talk.opens()
    return talk


# A reply and its request


def test_a_reply_names_its_request_and_the_time_since(talk: Conversation) -> None:
    request = talk.asks("1")
    talk.wait(4 * MS)
    reply = talk.answers("1")
    assert (reply.reply_to, reply.latency_ns) == (request.seq, 5 * MS)
    talk.assert_outcome(request, "ok by reply")


def test_an_outcome_is_a_fact_at_the_reply_and_tells_of_the_request(talk: Conversation) -> None:
    request = talk.orders("1", account="a", channel="c", client_order_id="mine")
    reply = talk.answers("1", order_id="77", status="OPEN")
    fact = talk.fact(request)
    assert (fact.kind, fact.seq, fact.of_seq, fact.conn, fact.sender) == ("fact", reply.seq, request.seq, 1, "venue")
    assert (fact.op, fact.key, fact.channel, fact.symbol, fact.side) == ("create", "1", "c", "ETH", "buy")
    assert (fact.account, fact.intent, fact.client_order_id) == ("a", BUY, "mine")
    assert (fact.order_id, fact.status, fact.error_code) == ("77", "OPEN", None)
    assert (fact.role, fact.reply_to, fact.latency_ns, fact.text) == (None, None, None, None)


def test_replies_may_come_out_of_order(talk: Conversation) -> None:
    first, second = talk.asks("1"), talk.asks("2")
    assert talk.answers("2").reply_to == second.seq
    assert talk.answers("1").reply_to == first.seq


def test_an_id_is_used_again_after_its_reply(talk: Conversation) -> None:
    first = talk.asks("1")
    assert talk.answers("1").reply_to == first.seq
    second = talk.asks("1")
    assert talk.answers("1").reply_to == second.seq
    talk.assert_outcome(first, "ok by reply")
    talk.assert_outcome(second, "ok by reply")


def test_the_same_id_on_another_connection_is_another_request(talk: Conversation) -> None:
    talk.opens(2)
    here, there = talk.asks("1", conn=1), talk.asks("1", conn=2)
    assert talk.answers("1", conn=2).reply_to == there.seq
    talk.assert_pending(here)


def test_an_error_with_the_id_is_a_rejection(talk: Conversation) -> None:
    request = talk.asks("1")
    error = talk.answers("1", role="error", error_code="BAD")
    assert error.reply_to == request.seq
    talk.assert_outcome(request, "rejected by reply")
    assert talk.fact(request).error_code == "BAD"


def test_a_reply_with_an_error_code_is_a_rejection(talk: Conversation) -> None:
    request = talk.asks("1")
    talk.answers("1", error_code="NO_MONEY")
    talk.assert_outcome(request, "rejected by reply")


def test_an_error_without_a_code_is_a_rejection_all_the_same(talk: Conversation) -> None:
    request = talk.asks("1")
    talk.answers("1", role="error")
    talk.assert_outcome(request, "rejected by reply")
    assert talk.fact(request).error_code == "error"


def test_an_id_repeated_in_flight_is_refused_and_the_first_stays_alive(talk: Conversation) -> None:
    first, second = talk.asks("1"), talk.asks("1")
    refusal = talk.answers("1", role="error", error_code="DUPLICATE_REQUEST_ID", newest=True)
    assert refusal.reply_to == second.seq
    talk.assert_outcome(second, "rejected by reply")
    talk.assert_pending(first)
    assert talk.answers("1").reply_to == first.seq
    talk.assert_outcome(first, "ok by reply")


def test_many_of_one_id_in_flight_are_answered_oldest_first(talk: Conversation) -> None:
    requests = [talk.asks("1") for _ in range(4)]
    assert [talk.answers("1").reply_to for _ in range(4)] == [request.seq for request in requests]


def test_a_reply_without_a_request_is_only_a_row(talk: Conversation) -> None:
    reply = talk.answers("nobody asked")
    assert (reply.reply_to, reply.latency_ns, talk.facts) == (None, None, [])


def test_a_second_reply_changes_nothing(talk: Conversation) -> None:
    request = talk.asks("1")
    talk.answers("1")
    assert talk.answers("1", error_code="TOO_LATE").reply_to is None
    talk.assert_outcome(request, "ok by reply")


def test_heartbeats_are_not_in_flight(talk: Conversation) -> None:
    ping = talk.asks("1", op="ping", role="heartbeat")
    request = talk.asks("1")
    assert talk.answers("1").reply_to == request.seq
    talk.breaks()
    talk.assert_pending(ping)


def test_what_the_venue_asks_is_not_in_flight(talk: Conversation) -> None:
    request = talk.asks("1", sender="venue")
    talk.breaks()
    talk.assert_pending(request)


# Where the venue has no ids


def test_without_ids_the_oldest_of_the_same_operation_and_channel_is_answered(talk: Conversation) -> None:
    books, trades = talk.asks(op="sub", channel="book"), talk.asks(op="sub", channel="trades")
    more_books, leave = talk.asks(op="sub", channel="book"), talk.asks(op="unsub", channel="book")
    assert talk.answers(op="sub", channel="trades").reply_to == trades.seq
    assert talk.answers(op="unsub", channel="book").reply_to == leave.seq
    assert talk.answers(op="sub", channel="book").reply_to == books.seq
    assert talk.answers(op="sub", channel="book").reply_to == more_books.seq


def test_another_word_for_the_answer_pairs_by_channel(talk: Conversation) -> None:
    auth, books = talk.asks(op="auth"), talk.asks(op="subscribe", channel="book")
    assert talk.answers(op="subscription_response", channel="book").reply_to == books.seq
    assert talk.answers(op="auth_response").reply_to == auth.seq


def test_a_refusal_that_forgets_the_channel_pairs_by_operation(talk: Conversation) -> None:
    leave, books = talk.asks(op="unsub", channel="a"), talk.asks(op="sub", channel="b")
    assert talk.answers(op="sub", error_code="104115").reply_to == books.seq
    talk.assert_pending(leave)


def test_a_reply_for_a_channel_that_nobody_asked_for_answers_nothing(talk: Conversation) -> None:
    talk.asks(op="sub", channel="a")
    assert talk.answers(op="sub", channel="b").reply_to is None


def test_an_error_that_names_nothing_answers_the_latest(talk: Conversation) -> None:
    first, second = talk.asks(op="sub", channel="a"), talk.asks(op="sub", channel="b")
    error = talk.answers(op="error", role="error", error_code="INVALID_REQUEST", newest=True)
    assert error.reply_to == second.seq
    talk.assert_pending(first)


def test_an_error_that_names_nothing_answers_what_had_no_channel_first_and_that_in_order(talk: Conversation) -> None:
    """Where errors name the channel of what they refuse, one that names none is about a request that had none."""
    login, books, second = talk.asks(op="auth"), talk.asks(op="sub", channel="a"), talk.asks(op="what")
    for refused in (login, second, books):
        error = talk.answers(op="error", role="error", error_code="INVALID_REQUEST", newest=True)
        assert error.reply_to == refused.seq


def test_an_error_that_names_nothing_and_comes_in_order_answers_the_oldest_of_all(talk: Conversation) -> None:
    first, _ = talk.asks(op="sub", channel="a"), talk.asks(op="auth")
    assert talk.answers(op="error", role="error", error_code="X").reply_to == first.seq


def test_an_error_that_names_its_channel_answers_there(talk: Conversation) -> None:
    first, _ = talk.asks(op="sub", channel="a"), talk.asks(op="sub", channel="b")
    assert talk.answers(op="error", role="error", error_code="X", channel="a", newest=True).reply_to == first.seq


def test_a_wordless_answer_is_to_the_oldest(talk: Conversation) -> None:
    first, _ = talk.asks(op="sub", channel="a"), talk.asks(op="sub", channel="b")
    assert talk.answers(op=None).reply_to == first.seq


def test_an_error_without_id_does_not_answer_a_request_with_one(talk: Conversation) -> None:
    request = talk.asks("1")
    assert talk.answers(op="error", role="error", error_code="MALFORMED_JSON").reply_to is None
    talk.assert_pending(request)


def test_a_reply_with_id_does_not_answer_a_request_without(talk: Conversation) -> None:
    talk.asks(op="sub", channel="a")
    assert talk.answers("7", op="sub", channel="a").reply_to is None


# One request, many pushes; no acknowledgement at all


def test_pushes_are_linked_to_the_subscription_whose_key_they_carry(talk: Conversation) -> None:
    subscribe = talk.asks("uuid", op="subscribe", channel="orders", replies=False)
    updates = [talk.pushes(key="uuid", op="update") for _ in range(3)]
    assert {update.reply_to for update in updates} == {subscribe.seq}
    assert {update.latency_ns for update in updates} == {None}
    talk.breaks()
    talk.assert_pending(subscribe)


def test_a_push_that_carries_only_topic_and_key_is_of_the_channel_that_its_request_began(talk: Conversation) -> None:
    talk.asks("a", channel="orders", begins=("orders?asset=1",), replies=False)
    talk.asks("b", channel="orders", begins=("orders?asset=2",), replies=False)
    talk.asks("c", channel="book", begins=("book.1", "book.2"))
    assert talk.pushes(key="b", channel="orders").channel == "orders?asset=2"
    assert talk.pushes(key="a", channel="orders").channel == "orders?asset=1"
    assert talk.pushes(key="a", channel="trades").channel == "trades", "it says itself that it is of another"
    assert talk.pushes(key="c", channel="book").channel == "book", "which of the two, nobody knows"
    talk.asks("a", channel="orders", begins=("orders",), replies=False)
    assert talk.pushes(key="a", channel="orders").channel == "orders", "the last request with a key counts"


def test_a_push_does_not_end_a_request_in_flight(talk: Conversation) -> None:
    request = talk.asks("1")
    assert talk.pushes(key="1").reply_to == request.seq
    assert talk.answers("1").reply_to == request.seq


def test_pushes_go_on_under_the_key_of_an_answered_subscription(talk: Conversation) -> None:
    subscribe = talk.asks("1", channel="book")
    talk.answers("1")
    assert talk.pushes(key="1").reply_to == subscribe.seq
    again = talk.asks("1", channel="book")
    assert talk.pushes(key="1").reply_to == again.seq


def test_a_push_with_an_unknown_key_is_linked_to_nothing(talk: Conversation) -> None:
    assert talk.pushes(key="1").reply_to is None


def test_a_request_that_is_never_answered_is_never_in_flight(talk: Conversation) -> None:
    subscribe = talk.asks("1", op="SUBSCRIBE", replies=False)
    talk.breaks()
    talk.assert_pending(subscribe)


def test_an_answer_that_nobody_expected_answers_its_request_all_the_same(talk: Conversation) -> None:
    first = talk.asks("1", op="SUBSCRIBE", replies=False)
    second = talk.asks("2", op="SUBSCRIBE", replies=False)
    acknowledged = talk.answers("1", op=None)
    assert (acknowledged.reply_to, acknowledged.latency_ns) == (first.seq, acknowledged.mono_ns - first.mono_ns)
    talk.assert_outcome(first, "ok by reply")
    assert talk.answers("2", op="error", role="error", error_code="2").reply_to == second.seq
    talk.assert_outcome(second, "rejected by reply")
    assert talk.answers("1", op=None).reply_to is None, "it is answered once"
    assert talk.answers(op=None).reply_to is None, "without its key it is nobody's"


def test_what_waits_for_its_answer_goes_before_what_does_not(talk: Conversation) -> None:
    subscribe = talk.asks("1", op="SUBSCRIBE", replies=False)
    asked = talk.asks("1")
    assert talk.answers("1").reply_to == asked.seq
    assert talk.answers("1").reply_to == subscribe.seq


# The end of a connection


def test_what_is_in_flight_when_the_venues_leg_ends_is_unknown(talk: Conversation) -> None:
    answered, first, second = talk.asks("1"), talk.asks("2"), talk.asks(op="sub", channel="c")
    talk.answers("1")
    end = talk.ends("venue")
    for request in (first, second):
        talk.assert_outcome(request, "unknown by end-of-connection")
        assert talk.fact(request).seq == end.seq
    talk.assert_outcome(answered, "ok by reply")
    assert [fact.of_seq for fact in talk.facts if fact.seq == end.seq] == [first.seq, second.seq]


def test_the_end_of_the_bots_leg_decides_nothing(talk: Conversation) -> None:
    request = talk.asks("1")
    talk.ends("client")
    talk.assert_pending(request)
    talk.ends("venue")
    talk.assert_outcome(request, "unknown by end-of-connection")


def test_the_end_of_one_connection_leaves_the_others(talk: Conversation) -> None:
    talk.opens(2)
    request = talk.asks("1", conn=2)
    talk.breaks(1)
    talk.assert_pending(request)
    assert talk.answers("1", conn=2).reply_to == request.seq


def test_what_is_sent_after_the_venues_end_is_unknown_at_once(talk: Conversation) -> None:
    talk.ends("venue")
    request = talk.asks("1", relay_ns=None)
    talk.assert_outcome(request, "unknown by end-of-connection")
    assert talk.fact(request).seq == request.seq


def test_a_close_frame_ends_nothing(talk: Conversation) -> None:
    request = talk.asks("1")
    talk.closes("venue")
    talk.assert_pending(request)
    talk.answers("1")
    talk.assert_outcome(request, "ok by reply")


def test_an_end_by_the_proxy_ends_both_legs(talk: Conversation) -> None:
    request = talk.asks("1")
    talk.ends("proxy")
    talk.assert_outcome(request, "unknown by end-of-connection")


def test_a_connection_number_starts_afresh_after_its_end(talk: Conversation) -> None:
    talk.asks("1")
    talk.breaks()
    talk.opens()
    request = talk.asks("1")
    assert talk.answers("1").reply_to == request.seq


def test_a_connection_whose_handshake_is_missing_is_correlated_too() -> None:
    talk = Conversation()
    request = talk.asks("1")
    assert talk.answers("1").reply_to == request.seq


# Late


def test_a_reply_that_was_never_handed_on_is_late(talk: Conversation) -> None:
    request = talk.orders("1")
    talk.ends("client")
    reply = talk.answers("1", relay_ns=None, order_id="77")
    talk.ends("venue")
    talk.assert_outcome(request, "late by undelivered-reply")
    assert (reply.reply_to, talk.fact(request).order_id, talk.fact(request).error_code) == (request.seq, "77", None)


def test_a_late_refusal_says_so(talk: Conversation) -> None:
    request = talk.orders("1")
    talk.ends("client")
    talk.answers("1", relay_ns=None, error_code="NO_MONEY")
    talk.assert_outcome(request, "late by undelivered-reply")
    assert talk.fact(request).error_code == "NO_MONEY"


def test_a_reply_after_the_bot_said_goodbye_is_late(talk: Conversation) -> None:
    request = talk.asks("1")
    talk.closes("client")
    talk.answers("1")
    talk.assert_outcome(request, "late by reply")


def test_a_reply_after_the_bots_patience_is_late() -> None:
    talk = Conversation(patience_ns=15 * MS)
    slow, slowed_by_us, fast = talk.asks("1"), talk.asks("2"), talk.asks("3")
    talk.answers("2", relay_ns=20 * MS)
    talk.answers("3")
    talk.wait(12 * MS)
    talk.answers("1")
    talk.assert_outcome(slow, "late by reply")
    talk.assert_outcome(slowed_by_us, "late by reply")
    talk.assert_outcome(fast, "ok by reply")


def test_without_a_known_patience_a_slow_reply_is_no_late_one(talk: Conversation) -> None:
    request = talk.asks("1")
    talk.wait(3600_000 * MS)
    talk.answers("1")
    talk.assert_outcome(request, "ok by reply")


def test_a_reply_is_late_once_the_order_was_sent_again_on_a_new_connection(talk: Conversation) -> None:
    first = talk.orders("1")
    talk.opens(2)
    second = talk.orders("1", conn=2)
    talk.answers("1", order_id="77")
    talk.answers("1", conn=2, order_id="78")
    talk.assert_outcome(first, "late by reply")
    talk.assert_outcome(second, "ok by reply")


def test_a_reply_is_late_once_the_order_was_sent_again_under_its_own_id(talk: Conversation) -> None:
    first, second = talk.orders("1", client_order_id="mine"), talk.orders("2", client_order_id="mine")
    talk.answers("1")
    talk.answers("2")
    talk.assert_outcome(first, "late by reply")
    talk.assert_outcome(second, "ok by reply")


@pytest.mark.parametrize("conn", [1, None])
def test_a_reply_is_late_once_the_order_was_sent_again_after_a_fault(talk: Conversation, conn: int | None) -> None:
    first = talk.orders("1")
    talk.faults(conn)
    talk.orders("2")
    talk.faults(conn)
    talk.answers("1")
    talk.assert_outcome(first, "late by reply")


def test_a_fault_before_the_order_or_after_its_repetition_is_no_reason(talk: Conversation) -> None:
    talk.faults()
    first = talk.orders("1")
    talk.orders("2")
    talk.faults()
    talk.faults(conn=7)
    talk.answers("1")
    talk.assert_outcome(first, "ok by reply")


def test_equal_slices_on_a_live_connection_are_not_late(talk: Conversation) -> None:
    talk.opens(2)
    slices = [talk.orders(str(n), conn=1 + n % 2, client_order_id=f"slice {n}") for n in range(6)]
    for n, _ in enumerate(slices):
        talk.answers(str(n), conn=1 + n % 2, order_id=str(n))
    for one in slices:
        talk.assert_outcome(one, "ok by reply")


# REST


def test_a_response_answers_the_request_before_it_on_its_connection(talk: Conversation) -> None:
    here = talk.requests(conn=8)
    talk.wait(MS)
    response = talk.responds(conn=8)
    assert (response.reply_to, response.latency_ns) == (here.seq, 2 * MS)
    talk.assert_outcome(here, "ok by reply")
    again = talk.requests(conn=8)
    talk.responds(conn=8, error_code="404")
    talk.assert_outcome(again, "rejected by reply")


def test_exchanges_have_nothing_to_do_with_a_socket_of_the_same_connection(talk: Conversation) -> None:
    asked, requested = talk.asks("1"), talk.requests(conn=1)
    talk.responds(conn=1)
    talk.assert_outcome(requested, "ok by reply")
    talk.assert_pending(asked)


def test_a_request_without_a_response_is_unknown(talk: Conversation) -> None:
    request = talk.requests()
    response = talk.responds(spoken_by=None)
    talk.assert_outcome(request, "unknown by end-of-connection")
    assert response.reply_to == request.seq


def test_what_a_gateway_says_for_the_venue_leaves_the_outcome_unknown(talk: Conversation) -> None:
    request = talk.requests(op="POST /orders")
    talk.responds(spoken_by="gateway", error_code="504")
    talk.assert_outcome(request, "unknown by reply")


def test_a_request_whose_connection_asks_on_was_never_answered(talk: Conversation) -> None:
    request = talk.requests()
    after = talk.requests()
    talk.assert_outcome(request, "unknown by end-of-connection")
    talk.responds()
    talk.assert_outcome(after, "ok by reply")


def test_a_response_without_a_request_is_only_a_row(talk: Conversation) -> None:
    assert talk.responds().reply_to is None
    assert talk.facts == []


def test_a_slow_response_is_late() -> None:
    talk = Conversation(patience_ns=5 * MS)
    request = talk.requests()
    talk.wait(9 * MS)
    talk.responds()
    talk.assert_outcome(request, "late by reply")


# What turns up after an unknown outcome


def test_a_lost_order_turns_up_in_a_list_by_rest(talk: Conversation) -> None:
    request = talk.orders("1")
    talk.breaks()
    talk.requests()
    talk.responds(order("77", created=request, status="OPEN"))
    talk.assert_outcome(request, "unknown by end-of-connection", "ok by rest")
    assert (talk.fact(request).order_id, talk.fact(request).status) == ("77", "OPEN")


def test_a_lost_order_turns_up_in_a_push_on_another_connection(talk: Conversation) -> None:
    talk.opens(2)
    request = talk.orders("1", client_order_id="mine")
    talk.breaks()
    talk.pushes(conn=2, order_id="77", client_order_id="mine")
    talk.assert_outcome(request, "unknown by end-of-connection", "ok by push")


def test_a_lost_order_that_turns_up_as_refused_was_rejected(talk: Conversation) -> None:
    talk.opens(2)
    request = talk.orders("1", client_order_id="mine")
    talk.breaks()
    talk.pushes(conn=2, client_order_id="mine", error_code="POST_ONLY", status="REJECTED")
    talk.assert_outcome(request, "unknown by end-of-connection", "rejected by push")
    assert talk.fact(request).error_code == "POST_ONLY"


def test_a_cancel_that_the_venue_accepts_shows_that_the_order_was_there(talk: Conversation) -> None:
    talk.opens(2)
    request = talk.orders("1", client_order_id="mine")
    talk.breaks()
    talk.asks("2", conn=2, op="cancel", client_order_id="mine")
    talk.answers("2", conn=2, order_id="77", client_order_id="mine")
    talk.assert_outcome(request, "unknown by end-of-connection", "ok by reply")


def test_an_order_shown_while_its_request_waits_resolves_it_when_the_line_breaks(talk: Conversation) -> None:
    talk.opens(2)
    request = talk.orders("1", client_order_id="mine")
    talk.pushes(conn=2, order_id="77", client_order_id="mine")
    talk.assert_pending(request)
    end = talk.ends("venue")
    talk.assert_outcome(request, "unknown by end-of-connection", "ok by push")
    assert talk.fact(request).seq == end.seq


def test_it_is_resolved_once(talk: Conversation) -> None:
    request = talk.orders("1")
    talk.breaks()
    for _ in range(2):
        talk.requests()
        talk.responds(order("77", created=request))
    talk.assert_outcome(request, "unknown by end-of-connection", "ok by rest")


def test_a_rest_order_that_a_gateway_swallowed_turns_up(talk: Conversation) -> None:
    request = talk.requests(op="POST /orders", intent=BUY, symbol="ETH", side="buy", price="100", qty="1")
    talk.responds(spoken_by="gateway", error_code="504")
    talk.requests()
    talk.responds(order("77", created=request))
    talk.assert_outcome(request, "unknown by reply", "ok by rest")


def test_the_lost_twin_of_an_accepted_order_is_proven_by_the_list_of_both(talk: Conversation) -> None:
    """The story of the demo: cut, sent again, accepted, looked."""
    lost = talk.orders("1")
    talk.breaks()
    talk.opens(2)
    again = talk.orders("1", conn=2)
    talk.answers("1", conn=2, order_id="78")
    talk.requests()
    talk.responds(order("77", created=lost), order("78", created=again))
    talk.assert_outcome(lost, "unknown by end-of-connection", "ok by rest")
    talk.assert_outcome(again, "ok by reply")
    assert talk.fact(lost).order_id == "77"


def test_a_list_that_holds_only_the_accepted_twin_proves_nothing(talk: Conversation) -> None:
    lost = talk.orders("1")
    talk.breaks()
    talk.opens(2)
    again = talk.orders("1", conn=2)
    talk.answers("1", conn=2, order_id="78")
    talk.requests()
    talk.responds(order("78", created=again))
    talk.assert_outcome(lost, "unknown by end-of-connection")


def test_a_refused_answer_shows_no_orders(talk: Conversation) -> None:
    talk.opens(2)
    request = talk.orders("1", client_order_id="mine")
    talk.breaks()
    talk.asks("2", conn=2, op="cancel", client_order_id="mine")
    talk.answers("2", conn=2, client_order_id="mine", error_code="ORDER_NOT_FOUND")
    talk.assert_outcome(request, "unknown by end-of-connection")


def test_an_order_that_never_reached_the_venue_made_none(talk: Conversation) -> None:
    talk.ends("venue")
    request = talk.orders("1", relay_ns=None, client_order_id="mine")
    talk.pushes(conn=2, order_id="77", client_order_id="mine")
    talk.assert_outcome(request, "unknown by end-of-connection")


def test_a_cancel_is_not_resolved_by_its_order(talk: Conversation) -> None:
    request = talk.asks("1", op="cancel", order_id="77", client_order_id="mine")
    talk.breaks()
    talk.pushes(conn=2, order_id="77", client_order_id="mine", status="CANCELLED")
    talk.assert_outcome(request, "unknown by end-of-connection")


# Bounds


def test_beyond_the_bound_the_oldest_in_flight_stay_pending(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_flight, "LIMIT", 3)
    requests = [talk.orders(str(n)) for n in range(5)]
    talk.ends("venue")
    assert [len(talk.outcomes(request)) for request in requests] == [0, 0, 1, 1, 1]
    assert talk.correlator._patience._wanted == {}


def test_tables_are_empty_after_the_last_end(talk: Conversation) -> None:
    for conn in range(2, 50):
        talk.opens(conn)
        for n in range(5):
            talk.orders(str(n), conn=conn)
            talk.asks(op="sub", channel=str(n), conn=conn)
        talk.faults(conn)
        talk.answers("1", conn=conn, order_id=f"{conn}")
        talk.breaks(conn)
    talk.breaks(1)
    assert not talk.correlator._connections
    assert not talk.correlator._patience._wanted
    assert not talk.correlator._patience._faults


def test_refused_handshakes_do_not_pile_up(talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlator, "CONNECTIONS", 10)
    request = talk.asks("1")
    for conn in range(2, 100):
        talk.opens(conn)
    assert len(talk.correlator._connections) == 10
    talk.ends("venue", 1)
    talk.assert_outcome(request, "unknown by end-of-connection")


def test_subscriptions_and_exchanges_are_bounded(talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlator, "SUBSCRIPTIONS", 3)
    monkeypatch.setattr(correlator, "EXCHANGES", 3)
    subscriptions = [talk.asks(str(n), channel="c", replies=False) for n in range(5)]
    assert [talk.pushes(key=str(n)).reply_to for n in range(5)] == [None, None, *(s.seq for s in subscriptions[2:])]
    requests = [talk.requests(conn=conn) for conn in range(20, 25)]
    assert talk.responds(conn=20).reply_to is None
    assert talk.responds(conn=24).reply_to == requests[4].seq
