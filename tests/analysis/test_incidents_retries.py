"""The same order sent again: when it is a duplicate, when it was blind, and when it is neither."""

from __future__ import annotations

import json
from typing import Any

import pytest
from analysis.trading import MS, WISH, Trading

from wsreplay.analysis.incidents import retries


@pytest.fixture
def trading() -> Trading:
    trading = Trading()
    trading.opens()
    return trading


BOTH = ("duplicate-order", "blind-retry")


# What is none


def test_equal_slices_on_a_live_connection_are_no_duplicate(trading: Trading) -> None:
    for number in range(5):
        trading.orders(f"r{number}")
        trading.answers(f"r{number}", orderId=f"10{number}")
    trading.leaves()
    trading.assert_none(*BOTH)


def test_equal_slices_that_are_pipelined_are_no_duplicate(trading: Trading) -> None:
    for number in range(3):
        trading.orders(f"r{number}", clientOrderId=number + 1)
    for number in (2, 0, 1):
        trading.answers(f"r{number}", orderId=f"10{number}")
    trading.assert_none(*BOTH)


def test_a_quote_again_after_its_answer_is_no_duplicate_whatever_happened_to_the_line(trading: Trading) -> None:
    trading.orders("a")
    trading.answers("a", orderId="101", status="FILLED")
    trading.breaks()
    trading.opens(2)
    trading.orders("b", 2)
    trading.answers("b", 2, orderId="102")
    trading.assert_none(*BOTH)


def test_a_quote_again_after_a_refusal_is_no_duplicate(trading: Trading) -> None:
    trading.orders("a")
    trading.refuses("a", "UNAVAILABLE_MATCHING_ENGINE_ERROR")
    trading.breaks()
    trading.opens(2)
    trading.orders("b", 2)
    trading.answers("b", 2, orderId="102")
    trading.assert_none(*BOTH)


@pytest.mark.parametrize("other", [{"qty": "0.051"}, {"limitPx": "2600.01"}, {"isBuy": False}, {"symbol": "WBTCRUSD"}])
def test_another_order_after_a_cut_is_no_duplicate(trading: Trading, other: dict[str, Any]) -> None:
    trading.orders("a")
    trading.breaks()
    trading.opens(2)
    trading.orders("b", 2, **other)
    trading.answers("b", 2, orderId="102")
    trading.assert_none(*BOTH)


def test_the_next_slice_after_a_look_that_showed_the_lost_one_is_no_duplicate(trading: Trading) -> None:
    trading.orders("a", clientOrderId=7)
    made = trading.listed("101", clientOrderId=7)
    trading.breaks()
    trading.looks(made)
    trading.opens(2)
    trading.orders("b", 2, clientOrderId=8)
    trading.answers("b", 2, orderId="102", clientOrderId=8)
    trading.assert_none(*BOTH)


def test_a_look_that_showed_an_undelivered_acceptance_is_an_answer_as_well(trading: Trading) -> None:
    trading.orders("a")
    trading.ends("client", "rst")
    trading.answers("a", delivered=False, orderId="101")
    trading.ends("venue", "proxy")
    trading.looks(trading.listed("101"))
    trading.opens(2)
    trading.orders("b", 2)
    trading.answers("b", 2, orderId="102")
    trading.assert_none(*BOTH)


def test_slices_after_a_retry_that_was_answered_are_slices_again(trading: Trading) -> None:
    first = trading.orders("a")
    trading.breaks()
    trading.opens(2)
    again = trading.orders("b", 2)
    trading.answers("b", 2, orderId="102")
    for number in range(3):
        trading.orders(f"c{number}", 2)
        trading.answers(f"c{number}", 2, orderId=f"20{number}")
    assert trading.only("blind-retry").seq == again.seq
    trading.assert_duplicate("possible", first, again, "102", looked=False)


# What is one


def test_cut_and_sent_again_and_both_accepted_is_proven(trading: Trading) -> None:
    first = trading.orders("a", clientOrderId=7)
    cut = trading.ends("client", "rst")
    reply = trading.answers("a", delivered=False, orderId="101", clientOrderId=7)
    trading.ends("venue", "proxy")
    trading.opens(2)
    again = trading.orders("b", 2, clientOrderId=7)
    accepted = trading.answers("b", 2, orderId="102", clientOrderId=7)
    trading.looks(trading.listed("101"), trading.listed("102"))
    found = trading.assert_duplicate("proven", first, again, "101", "102", looked=False)
    assert found.evidence == (first.seq, cut.seq, reply.seq, again.seq, accepted.seq)
    assert found.facts["between"] == {"kind": "connection-ended", "seq": cut.seq, "what": "connection 1 ended"}
    assert found.facts["intent"] == first.intent
    assert found.facts["client_order_id"] == "7"
    assert found.facts["second"]["conn"] == 2
    assert found.summary == (
        "Two orders where one was wanted: the bot sent buy 0.050 WETHRUSD at 2600.00; 1 ms later connection 1 ended; "
        "5 ms after the first it sent the same again without looking, and the venue accepted both, "
        "as orders 101 and 102."
    )
    blind = trading.only("blind-retry")
    assert (blind.certainty, blind.seq) == ("proven", again.seq)


def test_a_list_of_orders_proves_what_no_reply_did(trading: Trading) -> None:
    first = trading.orders("a")
    made = trading.listed("101")
    trading.breaks()
    trading.opens(2)
    again = trading.orders("b", 2)
    trading.answers("b", 2, orderId="102")
    trading.looks(made, trading.listed("102"))
    trading.assert_duplicate("proven", first, again, "101", "102", looked=False)


def test_two_that_were_both_lost_are_proven_by_a_list_with_both(trading: Trading) -> None:
    first = trading.orders("a")
    one = trading.listed("101")
    trading.breaks()
    trading.opens(2)
    again = trading.orders("b", 2)
    two = trading.listed("102")
    trading.breaks(2)
    trading.looks(one, two)
    trading.assert_duplicate("proven", first, again, "101", "102", looked=False)


def test_ids_beyond_doubles_are_exact(trading: Trading) -> None:
    ids = ("1864998629727535104", "1864998629727535105")
    first = trading.orders("a", clientOrderId=1778601294274124001)
    trading.ends("client", "rst")
    trading.answers("a", delivered=False, orderId=ids[0])
    trading.opens(2)
    again = trading.orders("b", 2, clientOrderId=1778601294274124002)
    trading.answers("b", 2, orderId=ids[1])
    found = trading.assert_duplicate("proven", first, again, *ids, looked=False)
    assert found.facts["first"]["client_order_id"] == "1778601294274124001"


def test_without_any_word_of_the_first_it_is_possible(trading: Trading) -> None:
    first = trading.orders("a")
    trading.breaks()
    trading.opens(2)
    again = trading.orders("b", 2)
    trading.answers("b", 2, orderId="102")
    found = trading.assert_duplicate("possible", first, again, "102", looked=False)
    assert found.summary.startswith("Perhaps two orders where one was wanted")
    assert trading.only("blind-retry").certainty == "possible"  # no REST in the recording: it may have looked elsewhere


def test_a_retry_that_was_refused_made_no_duplicate_but_was_blind(trading: Trading) -> None:
    trading.orders("a")
    trading.breaks()
    trading.opens(2)
    again = trading.orders("b", 2)
    trading.refuses("b", "INVALID_NONCE_ERROR", conn=2)
    trading.assert_none("duplicate-order")
    blind = trading.only("blind-retry")
    assert blind.seq == again.seq
    assert "the venue refused it (INVALID_NONCE_ERROR)" in blind.summary


def test_an_order_acknowledged_as_rejected_made_none(trading: Trading) -> None:
    trading.orders("a")
    trading.breaks()
    trading.opens(2)
    trading.orders("b", 2)
    trading.answers("b", 2, status="REJECTED")
    trading.assert_none("duplicate-order")


def test_a_request_that_never_reached_the_venue_made_no_order(trading: Trading) -> None:
    trading.orders("a", delivered=False)
    trading.breaks()
    trading.opens(2)
    trading.orders("b", 2)
    trading.answers("b", 2, orderId="102")
    trading.assert_none("duplicate-order")
    assert trading.incidents("blind-retry")


def test_one_order_for_both_requests_is_none_too_many(trading: Trading) -> None:
    trading.orders("a")
    trading.ends("client", "rst")
    trading.answers("a", delivered=False, orderId="101")
    trading.opens(2)
    trading.orders("b", 2)
    trading.answers("b", 2, orderId="101")
    trading.assert_none("duplicate-order")


def test_of_three_with_a_refused_one_between_the_outer_two_are_the_duplicate(trading: Trading) -> None:
    first = trading.orders("a")
    trading.ends("client", "rst")
    trading.answers("a", delivered=False, orderId="101")
    trading.opens(2)
    trading.orders("b", 2)
    trading.ends("client", "rst", 2)
    trading.refuses("b", "INPUT_VALIDATION_ERROR", conn=2, delivered=False)
    trading.opens(3)
    again = trading.orders("c", 3)
    trading.answers("c", 3, orderId="103")
    trading.assert_duplicate("proven", first, again, "101", "103", looked=False)
    assert len(trading.incidents("blind-retry")) == 2


def test_two_lost_slices_sent_again_are_two_duplicates(trading: Trading) -> None:
    firsts = [trading.orders("a"), trading.orders("b")]
    trading.ends("client", "rst")
    trading.answers("a", delivered=False, orderId="101")
    trading.answers("b", delivered=False, orderId="102")
    trading.opens(2)
    again = [trading.orders("c", 2), trading.orders("d", 2)]
    trading.answers("c", 2, orderId="103")
    trading.answers("d", 2, orderId="104")
    found = trading.incidents("duplicate-order")
    assert [(each.facts["first"]["seq"], each.seq) for each in found] == [
        (first.seq, second.seq) for first, second in zip(firsts, again, strict=True)
    ]
    assert [each.facts["order_ids"] for each in found] == [["101", "103"], ["102", "104"]]


def test_what_is_too_much_to_keep_is_told_as_it_stands(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "WISHES", 2)
    for number in range(5):
        conn = 2 * number + 2
        trading.opens(conn)
        trading.orders("a", conn, qty=str(number + 1))
        trading.ends("client", "rst", conn)
        trading.answers("a", conn, delivered=False, orderId=f"1{number}")
        trading.opens(conn + 1)
        trading.orders("b", conn + 1, qty=str(number + 1))
        trading.answers("b", conn + 1, orderId=f"2{number}")
    found = trading.incidents("duplicate-order")
    assert [each.facts["qty"] for each in found] == ["1", "2", "3", "4", "5"]
    assert {each.certainty for each in found} == {"proven"}


def test_a_retry_of_a_retry_that_was_told_begins_anew(trading: Trading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "WISHES", 1)
    for conn, qty in enumerate(["1", "1", "2", "2", "1"], 2):
        trading.opens(conn)
        trading.orders("a", conn, qty=qty)
        trading.ends("client", "rst", conn)
        trading.answers("a", conn, delivered=False, orderId=str(100 + conn))
    assert sorted(each.facts["order_ids"] for each in trading.incidents("duplicate-order")) == [
        ["102", "103"],
        ["103", "106"],
        ["104", "105"],
    ]


# What lies between


def test_a_recorded_fault_is_a_disturbance_on_a_line_that_lives(trading: Trading) -> None:
    first = trading.orders("a")
    fault = trading.strikes("withhold before reply createOrder")
    trading.answers("a", delivered=False, orderId="101")
    again = trading.orders("b")
    trading.answers("b", orderId="102")
    found = trading.assert_duplicate("proven", first, again, "101", "102", looked=False)
    assert (found.facts["between"]["kind"], found.facts["between"]["seq"]) == ("fault", fault.seq)
    assert found.facts["between"]["fault"] == "withhold before reply createOrder"
    assert "1 ms later a message was withheld" in found.summary


def test_a_fault_on_another_line_is_none(trading: Trading) -> None:
    trading.opens(2)
    trading.orders("a")
    trading.strikes("stall after open", conn=2)
    trading.orders("b")
    trading.answers("a", orderId="101")
    trading.answers("b", orderId="102")
    trading.assert_none(*BOTH)


def test_the_same_client_order_id_before_a_reply_shows_that_patience_ran_out(trading: Trading) -> None:
    first = trading.orders("a", clientOrderId=7)
    trading.wait(5_000 * MS)
    again = trading.orders("b", clientOrderId=7)
    trading.answers("a", orderId="101", clientOrderId=7)
    trading.answers("b", orderId="102", clientOrderId=7)
    found = trading.assert_duplicate("proven", first, again, "101", "102", looked=False)
    assert found.facts["between"]["kind"] == "patience"


def test_a_line_opened_before_the_reply_shows_it_as_well(trading: Trading) -> None:
    first = trading.orders("a")
    trading.opens(2)
    again = trading.orders("b", 2)
    trading.answers("b", 2, orderId="102")
    trading.answers("a", orderId="101")
    found = trading.assert_duplicate("proven", first, again, "101", "102", looked=False)
    assert found.facts["between"]["what"] == "the bot opened connection 2 before a reply came"


@pytest.mark.parametrize(("waited", "found"), [(900, 0), (1100, 1)])
def test_patience_that_is_known_is_taken_at_its_word(waited: int, found: int) -> None:
    trading = Trading(patience_ns=1_000 * MS)
    trading.opens()
    trading.orders("a")
    trading.wait(waited * MS)
    trading.orders("b")
    trading.answers("a", orderId="101")
    trading.answers("b", orderId="102")
    assert len(trading.incidents("duplicate-order")) == found


# Looking


def test_a_bot_that_looked_first_did_not_retry_blindly(trading: Trading) -> None:
    first = trading.orders("a")
    trading.ends("client", "rst")
    trading.answers("a", delivered=False, orderId="101")
    trading.looks()  # the venue's list was behind
    trading.opens(2)
    again = trading.orders("b", 2)
    trading.answers("b", 2, orderId="102")
    trading.assert_none("blind-retry")
    found = trading.assert_duplicate("proven", first, again, "101", "102", looked=True)
    assert found.facts["look_seq"] in found.evidence


def test_a_look_that_failed_told_the_bot_nothing(trading: Trading) -> None:
    trading.orders("a")
    trading.breaks()
    trading.looks(status=503)
    trading.opens(2)
    trading.orders("b", 2)
    assert trading.only("blind-retry").certainty == "proven"


def test_a_look_before_the_cut_is_no_look(trading: Trading) -> None:
    trading.orders("a")
    trading.looks()
    trading.breaks()
    trading.opens(2)
    trading.orders("b", 2)
    assert trading.only("blind-retry").facts["looked"] is False


def test_where_part_of_the_recording_is_missing_a_retry_is_only_perhaps_blind(trading: Trading) -> None:
    trading.looks()
    trading.orders("a")
    trading.breaks()
    trading.misses()
    trading.opens(2)
    trading.orders("b", 2)
    assert trading.only("blind-retry").certainty == "possible"


def test_a_retry_over_rest_is_a_retry(trading: Trading) -> None:
    trading.orders("a")
    trading.ends("client", "rst")
    trading.answers("a", delivered=False, orderId="101")
    asked = {
        "method": "POST",
        "url": "https://api.venue.example/v2/createOrder",
        "headers": [],
        "body": json.dumps({**WISH, "nonce": "9"}),
    }
    again = trading.event(kind="http_request", sender="client", conn=9, text=json.dumps(asked), relay_ns=None)
    answer = {"status": 200, "headers": [], "body": json.dumps({"status": "OPEN", "orderId": "102"})}
    trading.event(kind="http_response", sender="venue", conn=9, text=json.dumps(answer), relay_ns=None)
    found = trading.only("duplicate-order")
    assert (found.certainty, found.seq) == ("proven", again.seq)
    assert found.facts["order_ids"] == ["101", "102"]
