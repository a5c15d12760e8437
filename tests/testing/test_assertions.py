"""What a failed demand says: what was there, what came nearest, and how to look at it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsreplay.analysis.incidents.incident import Incident
from wsreplay.testing.assertions import Findings, Missed, incident, no_incident, no_unmatched, outcome
from wsreplay.testing.nearest import candidates, same

COLUMNS = ("seq", "op", "outcome", "client_order_id", "symbol", "side", "price", "qty", "error_code", "resolved_seq")


def happened(kind: str, seq: int, **said: Any) -> Incident:
    common: dict[str, Any] = {
        "certainty": "proven",
        "conn": 1,
        "at_ns": seq,
        "mono_ns": seq,
        "evidence": (seq, seq + 1),
        "summary": f"It was {kind}.",
    }
    return Incident(kind=kind, seq=seq, **common | said)


def request(seq: int, op: str = "createOrder", outcome: str = "ok", **said: Any) -> Mapping[str, Any]:
    row = {"symbol": "BTC", "side": "buy", "price": "100.50", "qty": "2", "resolved_seq": seq + 1}
    return dict.fromkeys(COLUMNS) | row | {"seq": seq, "op": op, "outcome": outcome} | said


def findings(*incidents: Incident, requests: tuple[Mapping[str, Any], ...] = ()) -> Findings:
    return Findings(path=Path("a b.parquet"), incidents=incidents, requests=requests, columns=COLUMNS)


def told(demand: Any, *arguments: Any) -> list[str]:
    with pytest.raises(AssertionError) as failed:
        demand(*arguments)
    return str(failed.value).splitlines()


TWICE = happened("duplicate-order", 6, facts={"client_order_id": "7"}, advice="Ask first.")
BLIND = happened("blind-retry", 6, certainty="possible")
CUT = happened("disconnect", 9)


def test_an_incident_that_must_not_be_is_told_with_its_evidence_and_what_to_do() -> None:
    assert told(no_incident, findings(CUT, TWICE), ["duplicate-order"]) == [
        "duplicate-order happened:",
        "  duplicate-order (proven): It was duplicate-order.",
        "    events 6, 7: wsreplay show 'a b.parquet#6'",
        "    What to do: Ask first.",
        "beside it: disconnect",
    ]


def test_what_did_not_happen_is_no_failure() -> None:
    no_incident(findings(CUT), ["duplicate-order", "blind-retry"])
    no_incident(findings(BLIND), ["blind-retry"], "proven")
    no_incident(findings(), [])


def test_no_kind_at_all_means_every_kind_and_the_costly_first() -> None:
    first, *_ = told(no_incident, findings(CUT, BLIND, TWICE), [])
    assert first == "duplicate-order and blind-retry and disconnect happened:"


def test_of_many_the_rest_is_counted() -> None:
    many = [happened("rejected", seq) for seq in range(10)]
    assert told(no_incident, findings(*many), ["rejected"])[-1] == "  and 7 more"


def test_a_slip_of_the_pen_does_not_hold() -> None:
    with pytest.raises(ValueError, match=r"no kind of incident 'duplicate-orders', did you mean duplicate-order\?"):
        no_incident(findings(), ["duplicate-orders"])
    with pytest.raises(ValueError, match=r"no outcome 'okay', did you mean ok\?"):
        outcome(findings(), {"outcome": "okay"}, 0)
    with pytest.raises(ValueError, match=r"no fact of a request 'client_id', did you mean client_order_id\?"):
        outcome(findings(), {"client_id": 7}, 0)


def test_the_incident_that_was_demanded_is_given() -> None:
    assert incident(findings(CUT, TWICE), "duplicate-order", {}) is TWICE
    assert incident(findings(CUT, TWICE), "duplicate-order", {"client_order_id": 7, "certainty": "proven"}) is TWICE


def test_of_incidents_that_were_not_wanted_the_same_kind_comes_first_and_says_what_differs() -> None:
    assert told(incident, findings(CUT, BLIND, TWICE), "duplicate-order", {"client_order_id": 8}) == [
        "no duplicate-order, client_order_id 8 happened; nearest to it:",
        "  duplicate-order (proven): It was duplicate-order.",
        "    events 6, 7: wsreplay show 'a b.parquet#6'",
        "    What to do: Ask first.",
        "    but client_order_id is 7, not 8",
        "  blind-retry (possible): It was blind-retry.",
        "    events 6, 7: wsreplay show 'a b.parquet#6'",
        "    but kind is blind-retry, not duplicate-order",
        "    but client_order_id is not known, not 8",
        "  disconnect (proven): It was disconnect.",
        "    events 9, 10: wsreplay show 'a b.parquet#9'",
        "    but kind is disconnect, not duplicate-order",
        "    but client_order_id is not known, not 8",
    ]


def test_where_nothing_happened_that_is_said() -> None:
    assert told(incident, findings(), "disconnect", {}) == ["no disconnect happened: nothing did, in a b.parquet"]


def test_an_outcome_is_met_by_any_request_with_all_facts() -> None:
    there = findings(requests=(request(2), request(4, outcome="rejected", client_order_id="7")))
    outcome(there, {"op": "createOrder", "client_order_id": 7, "outcome": "rejected"})
    outcome(there, {"op": "createOrder", "price": 100.5, "qty": "2.0"}, 2)
    outcome(there, {"op": "cancelOrder"}, 0)


def test_the_nearest_request_is_the_same_with_another_outcome() -> None:
    there = findings(requests=(request(2, client_order_id="6"), request(4, outcome="late", client_order_id="7")))
    assert told(outcome, there, {"op": "createOrder", "client_order_id": 7, "outcome": "ok"}) == [
        "no request with op createOrder, client_order_id 7, outcome ok; of 2 requests nearest to it:",
        "  #4 createOrder (buy 2 BTC at 100.50): late, known from #5",
        "    wsreplay show 'a b.parquet#4'",
        "    but outcome is late, not ok",
        "  #2 createOrder (buy 2 BTC at 100.50): ok, known from #3",
        "    wsreplay show 'a b.parquet#2'",
        "    but client_order_id is 6, not 7",
    ]


def test_how_many_came_is_told_with_each() -> None:
    there = findings(requests=(request(2), request(4, outcome="rejected", error_code="NO")))
    assert told(outcome, there, {"op": "createOrder"}, 1) == [
        "2 requests with op createOrder, not 1:",
        "  #2 createOrder (buy 2 BTC at 100.50): ok, known from #3",
        "    wsreplay show 'a b.parquet#2'",
        "  #4 createOrder (buy 2 BTC at 100.50): rejected (NO), known from #5",
        "    wsreplay show 'a b.parquet#4'",
    ]
    assert told(outcome, there, {"op": "cancelOrder"}, 1)[0].startswith(
        "no request with op cancelOrder, where 1 were wanted; of 2 requests"
    )
    assert told(outcome, findings(), {}) == ["no request: there was no request at all, in a b.parquet"]


def test_what_was_never_recorded_is_told_with_the_recorded_request_beside_it() -> None:
    missed = [
        Missed(what="createOrder buy 3 BTC", nearest=6, difference="qty 3 instead of 2"),
        Missed(what="ping \x1b"),
    ]
    assert told(no_unmatched, missed, Path("recorded.parquet")) == [
        "the bot asked what was never recorded:",
        "  createOrder buy 3 BTC",
        "    nearest to it is #6: qty 3 instead of 2",
        "    wsreplay show 'recorded.parquet#6'",
        "  ping \\x1b",
    ]
    no_unmatched([], Path("recorded.parquet"))


def test_what_strangers_wrote_is_made_safe_to_print() -> None:
    evil = happened("rejected", 1, summary="clear \x1b[2J")
    assert "clear \\x1b[2J" in "\n".join(told(no_incident, findings(evil), ["rejected"]))


def test_ids_are_texts_and_prices_are_numbers() -> None:
    assert same("9007199254740993", 9007199254740993, "order_id")
    assert not same("9007199254740993", 9007199254740992, "order_id")
    assert not same("007", 7, "client_order_id")
    assert same("1.50", "1.5", "price")
    assert same(None, None)
    assert not same(None, "None")
    assert not same("x", 1, "price")


@given(st.lists(st.fixed_dictionaries({"op": st.sampled_from("abc"), "outcome": st.sampled_from("xyz")}), max_size=8))
def test_the_first_differs_in_no_more_than_any_other_of_the_most_telling(rows: list[dict[str, str]]) -> None:
    near = candidates(rows, {"op": "a", "outcome": "x"})
    assert sorted(each.place for each in near) == list(range(len(rows)))
    if any(row["op"] == "a" for row in rows):
        assert near[0].row["op"] == "a"
    if {"op": "a", "outcome": "x"} in rows:
        assert not near[0].differences
