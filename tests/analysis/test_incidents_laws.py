"""Laws of the search: it takes anything, says the same of the same, and finds a duplicate only where two were taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from analysis.trading import Trading
from captures.recorded import transcripts
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.analysis.incidents.advice import ANYWHERE
from wsreplay.analysis.incidents.incident import BY_WEIGHT, KINDS, Incident
from wsreplay.analysis.incidents.search import find, incidents_in
from wsreplay.analysis.incidents.setting import stated_rules
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.venues.registry import dialect, names
from wsreplay.venues.rules import Rules

PAGE = Path(__file__).parents[2] / "docs" / "incidents.md"


@settings(max_examples=200, deadline=None)
@given(transcripts(max_size=30))
def test_no_rows_are_too_strange(rows: list[Event]) -> None:
    for row in rows:  # close enough to each other to meet
        row.conn = None if row.conn is None else row.conn % 3
        row.of_seq = None if row.of_seq is None else row.of_seq % 20
        row.reply_to = None if row.reply_to is None else row.reply_to % 20
        row.intent = None if row.intent is None else "x"
        row.key = None if row.key is None else "k"
    seqs = {row.seq for row in rows}
    for incident in incidents_in(rows):
        assert incident.kind in KINDS
        assert incident.seq in seqs
        assert incident.evidence
        assert incident.summary.endswith(".")
        assert Incident.of_row(incident.as_row()) == incident


keys = st.sampled_from(["a", "b", "c"])
conns = st.sampled_from([1, 1, 2])
wishes = st.fixed_dictionaries({}, optional={"clientOrderId": st.sampled_from([1, 2]), "qty": st.just("0.060")})
steps = st.one_of(
    st.tuples(st.just("orders"), st.tuples(keys, conns), wishes),
    st.tuples(st.just("orders"), st.tuples(keys, conns), wishes),
    st.tuples(st.just("answers"), st.tuples(keys, conns), st.fixed_dictionaries({"delivered": st.booleans()})),
    st.tuples(st.just("answers"), st.tuples(keys, conns), st.just({})),
    st.tuples(st.just("refuses"), st.tuples(keys, st.just("NO_ACCOUNTS_FOUND"), st.just(""), conns), st.just({})),
    st.tuples(st.just("breaks"), st.tuples(conns), st.just({})),
    st.tuples(st.just("opens"), st.tuples(conns), st.just({})),
    st.tuples(st.just("strikes"), st.just(("stall",)), st.just({})),
    st.tuples(st.just("looks"), st.just(()), st.just({})),
    st.tuples(st.just("misses"), st.just(()), st.just({})),
)


def played(scene: list[tuple[str, tuple[Any, ...], dict[str, Any]]]) -> Trading:
    trading = Trading()
    trading.opens(1)
    trading.opens(2)
    for number, (what, arguments, more) in enumerate(scene):
        if what == "answers":
            more = {**more, "orderId": str(1000 + number)}
        getattr(trading, what)(*arguments, **more)
    return trading


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=25))
def test_a_recording_decoded_again_has_the_same_incidents(scene: list[Any]) -> None:
    trading = played(scene)
    found = trading.incidents()
    stored = list(find(trading.rows))
    # With the incidents among the rows, as in a capture.
    rows = sorted([*trading.rows, *stored], key=lambda row: (row.seq, row.kind == "incident"))
    assert incidents_in(rows) == found
    copies = msgspec.msgpack.decode(msgspec.msgpack.encode(rows), type=list[Event])
    assert incidents_in(Decoder(dialect("reya")).decode_again(copies)) == found


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=25))
def test_a_proven_duplicate_is_two_acceptances_of_one_wish(scene: list[Any]) -> None:
    trading = played(scene)
    requests = {row.seq: row for row in trading.rows if row.part == 0}
    accepted = {row.of_seq for row in trading.rows if row.outcome in ("ok", "late") and row.error_code is None}
    for found in trading.incidents("duplicate-order"):
        first, second = requests[found.facts["first"]["seq"]], requests[found.facts["second"]["seq"]]
        assert first.seq < second.seq == found.seq
        assert first.intent == second.intent == found.facts["intent"]
        assert (found.certainty == "proven") == ({first.seq, second.seq} <= accepted)
    retried = [found.seq for found in trading.incidents("duplicate-order")]
    assert len(retried) == len(set(retried))


def test_each_kind_has_its_place_its_advice_and_its_page() -> None:
    assert sorted(KINDS) == sorted(BY_WEIGHT)
    assert sorted(KINDS) == sorted(ANYWHERE)
    headings = [line.removeprefix("## ") for line in PAGE.read_text().splitlines() if line.startswith("## ")]
    assert sorted(KINDS) == sorted(kind for heading in headings for kind in heading.split(", "))


@pytest.mark.parametrize("venue", names())
def test_a_venues_advice_is_about_kinds_that_there_are(venue: str) -> None:
    rules = stated_rules(venue)
    assert rules is None or set(rules.advice) <= set(KINDS)
    assert rules is None or all(advice.endswith(".") and "\n" not in advice for advice in rules.advice.values())


def test_the_venues_own_advice_comes_first() -> None:
    trading = Trading()
    trading.opens()
    trading.orders("a")
    trading.breaks()
    by_kind = {each.kind: each.advice for each in trading.incidents()}
    stated = stated_rules("reya")
    assert stated is not None
    assert by_kind["lost-response"] == stated.advice["lost-response"] != ANYWHERE["lost-response"]
    elsewhere = incidents_in(trading.rows, rules=Rules())
    assert {each.advice for each in elsewhere} == {ANYWHERE["lost-response"], ANYWHERE["disconnect"]}
