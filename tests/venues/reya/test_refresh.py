"""Replay refresh: a recorded session, sent again hours later with another key, does at a fresh venue what it did."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venues.reya.trader import START, STRANGER_KEY, VECTORS, Fields, Trader, Venue, quiet, without

from wsreplay.venues.envelope import Envelope
from wsreplay.venues.keys import address_of
from wsreplay.venues.reya.dialect import ReyaDialect
from wsreplay.venues.reya.networks import MAINNET
from wsreplay.venues.reya.refresh import Refreshed, Refresher
from wsreplay.venues.reya.renewals import SECOND, Renewals
from wsreplay.venues.reya.setup import DEMO_PERP_ACCOUNT, DEMO_SPOT_ACCOUNT

LOCAL = ReyaDialect().at("127.0.0.1")
LATER = START + 7 * 3600 * SECOND + 123_456_789
NEW_WALLET = address_of(STRANGER_KEY)


def frame(op: str, payload: Fields, key: str = "req-1") -> str:
    return json.dumps({"type": op, "id": key, "payload": payload})


def again(refresher: Refresher, text: str, *, at: int = START, now: int = LATER, **witnessed: Any) -> Refreshed:
    refreshed: Refreshed = refresher.refresh(text, recorded_at_ns=at, now_ns=now, **witnessed)
    return refreshed


def fields(refreshed: Refreshed) -> Fields:
    payload: Fields = json.loads(refreshed.text)["payload"]
    return payload


@pytest.fixture
def refresher() -> Refresher:
    return LOCAL.refresher(STRANGER_KEY)


def accepting() -> Venue:
    setup = quiet().serving([DEMO_SPOT_ACCOUNT, DEMO_PERP_ACCOUNT], NEW_WALLET)
    return Venue(setup, now_ns=LATER)


@pytest.mark.parametrize(
    "make",
    [
        lambda trader: trader.spot(),
        lambda trader: trader.spot("sell", "5000", "0.01", clientOrderId=1 << 63),
        lambda trader: trader.perp(),
        lambda trader: trader.perp_gtc(),
        lambda trader: trader.trigger("SL", "sell", "2900"),
    ],
    ids=["spot", "spot sell", "perp ioc", "perp gtc", "stop-loss"],
)
def test_every_kind_of_order_is_good_again_under_another_key(make: Any, refresher: Refresher) -> None:
    payload = make(Trader())
    text = frame("createOrder", payload)
    venue = accepting()
    if "expiresAfter" in payload:
        assert not venue.ask(venue.connect(), "createOrder", payload)["ok"], "as it stands it is stale"
    refreshed = again(refresher, text)
    assert refreshed.unsigned is None
    assert venue.done(venue.connect(), "createOrder", fields(refreshed))
    assert LOCAL.decode(refreshed.text, "client").intent == LOCAL.decode(text, "client").intent


def test_only_what_went_stale_is_changed(refresher: Refresher) -> None:
    payload = Trader().spot(clientOrderId=18446744073709551615) | {"limitPx": "1.000", "note": {"x": [1.50, "é\\"]}}
    refreshed = again(refresher, frame("createOrder", payload))
    assert set(refreshed.changed) == {"signerWallet", "expiresAfter", "nonce", "signature"}
    assert without(fields(refreshed), *refreshed.changed) == without(payload, *refreshed.changed)
    assert list(fields(refreshed)) == list(payload), "fields keep their order"
    assert fields(refreshed)["expiresAfter"] - LATER // SECOND == payload["expiresAfter"] - START // SECOND
    assert fields(refreshed)["signerWallet"] == NEW_WALLET
    assert json.loads(refreshed.text)["id"] == "req-1"


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_a_frame_keeps_the_spacing_of_its_writer(separators: tuple[str, str], refresher: Refresher) -> None:
    text = json.dumps({"type": "createOrder", "id": "a", "payload": Trader().spot()}, separators=separators)
    written = again(refresher, text).text
    assert written == json.dumps(json.loads(written), separators=separators)


@pytest.mark.parametrize("text", ['{"type":"ping","id":"p"}', "{", "", "[]", '{"type":"amend","payload":{}}', "null"])
def test_what_is_no_signed_operation_stays_as_it_is(text: str, refresher: Refresher) -> None:
    assert again(refresher, text) == Refreshed(text=text)


def test_a_cancel_names_the_order_that_was_created_this_time(refresher: Refresher) -> None:
    recorded, live = "1864998629727535104", "1990000000000000001"
    refresher.learn(Envelope(order_id=recorded), Envelope(order_id=live))
    refresher.learn(Envelope(), Envelope(order_id="1"))
    for op, payload in (("spot", Trader().cancel(recorded)), ("perp", Trader().cancel_perp(recorded))):
        refreshed = again(refresher, frame("cancelOrder", payload))
        assert fields(refreshed)["orderId"] == live, op
        witness = LOCAL.witness(refreshed.text, "client")
        assert witness is not None
        assert witness.signer == NEW_WALLET
    unknown = again(refresher, frame("cancelOrder", Trader().cancel("42")))
    assert fields(unknown)["orderId"] == "42", "what this replay did not create is named as it was"


def test_a_frame_sent_twice_is_the_same_frame_twice_again(refresher: Refresher) -> None:
    text = frame("createOrder", Trader().spot())
    first = again(refresher, text)
    second = again(refresher, text, at=START + 5 * SECOND, now=LATER + 6 * SECOND)
    assert first.text == second.text
    venue = accepting()
    conn = venue.connect()
    assert venue.done(conn, "createOrder", fields(first))
    assert venue.refused(conn, "createOrder", fields(second))[0] == "INVALID_NONCE_ERROR", "a probe, not a second order"


def test_nonces_that_arrived_swapped_arrive_swapped_again(refresher: Refresher) -> None:
    trader = Trader()
    first, second, third = trader.spot(), trader.spot(), trader.spot()
    venue = accepting()
    conn = venue.connect()
    outcomes = [
        venue.ask(conn, "createOrder", fields(again(refresher, frame("createOrder", payload))))["ok"]
        for payload in (second, first, third)
    ]
    assert outcomes == [True, False, True]


def test_signers_that_counted_differently_become_one_that_counts_up(refresher: Refresher) -> None:
    in_micros, in_millis = Trader(), Trader(STRANGER_KEY)
    venue = accepting()
    conn = venue.connect()
    for n in range(3):
        for payload in (in_micros.spot(), in_millis.spot(nonce=str(START // 10**6 + n))):
            refreshed = again(refresher, frame("createOrder", payload))
            assert venue.done(conn, "createOrder", fields(refreshed))
        order_id = venue.open_orders(Trader().wallet)[0]["orderId"]
        cancel = again(refresher, frame("cancelOrder", in_micros.cancel(order_id)), signer=in_micros.wallet)
        assert venue.done(conn, "cancelOrder", fields(cancel))


def test_perp_orders_keep_their_order(refresher: Refresher) -> None:
    trader, venue = Trader(), accepting()
    conn = venue.connect()
    for payload in [trader.perp("buy", "3500", "0.01") for _ in range(3)]:
        assert venue.done(conn, "createOrder", fields(again(refresher, frame("createOrder", payload))))


def test_a_deadline_that_had_passed_has_passed_again(refresher: Refresher) -> None:
    stale = Trader().spot(expiresAfter=START // SECOND - 3)
    venue = accepting()
    refreshed = fields(again(refresher, frame("createOrder", stale)))
    assert venue.refused(venue.connect(), "createOrder", refreshed)[0] == "ORDER_DEADLINE_PASSED_ERROR"


def test_a_signature_that_was_wrong_is_wrong_again(refresher: Refresher) -> None:
    refreshed = again(refresher, frame("createOrder", Trader().spot()), signature_ok=False)
    venue = accepting()
    assert venue.refused(venue.connect(), "createOrder", fields(refreshed))[0] == "UNAUTHORIZED_SIGNATURE_ERROR"


def test_a_redacted_signature_is_simply_replaced(refresher: Refresher) -> None:
    redacted = Trader().spot() | {"signature": "secret:5f1d7c"}
    venue = accepting()
    assert venue.done(venue.connect(), "createOrder", fields(again(refresher, frame("createOrder", redacted))))


def test_accounts_may_be_mapped() -> None:
    refresher = LOCAL.refresher(STRANGER_KEY, accounts={77: DEMO_SPOT_ACCOUNT})
    refreshed = again(refresher, frame("createOrder", Trader().spot(accountId=77)))
    venue = accepting()
    assert venue.done(venue.connect(), "createOrder", fields(refreshed))


@pytest.mark.parametrize(
    ("fields_", "why"), [({"symbol": "NOPERUSD"}, "market number of NOPERUSD"), ({"qty": None}, "qty is missing")]
)
def test_what_cannot_be_signed_says_why_and_goes_as_it_is(fields_: Fields, why: str, refresher: Refresher) -> None:
    payload = {k: v for k, v in (Trader().spot() | fields_).items() if v is not None}
    refreshed = again(refresher, frame("createOrder", payload))
    assert why in (refreshed.unsigned or "")
    assert fields(refreshed)["signature"] == payload["signature"]
    venue = accepting()
    assert not venue.ask(venue.connect(), "createOrder", fields(refreshed))["ok"], "refused, as it was"


def test_a_body_over_rest_is_refreshed_by_its_operation(refresher: Refresher) -> None:
    body = json.dumps(Trader().spot())
    refreshed = again(refresher, body, op="createOrder")
    venue = accepting()
    assert venue.rest("POST", "/v2/createOrder", json.loads(refreshed.text))[0] == 200
    assert again(refresher, "[]", op="createOrder") == Refreshed(text="[]")


def test_another_chain_is_signed_for_where_the_dialect_stands_there() -> None:
    elsewhere = ReyaDialect().at("ws-exec.reya.xyz")
    refreshed = again(elsewhere.refresher(STRANGER_KEY), frame("createOrder", Trader().spot()))
    assert elsewhere.network is MAINNET
    witness = elsewhere.witness(refreshed.text, "client")
    assert witness is not None
    assert witness.signature_ok is True


def test_generation_c_renews_both_its_times(refresher: Refresher) -> None:
    trader, now_s = Trader(), START // SECOND
    order = trader.unsigned_spot(deadline=now_s + 10, expiresAfter=now_s + 600, timeInForce="GTT", clientOrderId="5")
    refreshed = again(refresher, frame("createOrder", trader.signed("createOrder", order)))
    assert fields(refreshed)["deadline"] == LATER // SECOND + 10
    assert fields(refreshed)["expiresAfter"] == LATER // SECOND + 600
    witness = LOCAL.witness(refreshed.text, "client")
    assert witness is not None
    assert witness.signature_ok is True


@pytest.mark.parametrize("vector", VECTORS["vectors"])
def test_the_vectors_refreshed_at_their_own_time_differ_only_in_the_nonce(vector: Fields) -> None:
    refresher = LOCAL.refresher(bytes.fromhex(VECTORS["key"][2:]))
    refreshed = again(refresher, frame(vector["type"], vector["payload"]), at=LATER, now=LATER)
    assert set(refreshed.changed) <= {"nonce", "signature"}


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=40))
def test_renewed_nonces_stand_to_one_another_as_the_recorded_did(seen: list[tuple[int, int]]) -> None:
    renewals = Renewals()
    now, highest, floor = LATER, -1, -1
    for recorded, passed_us in seen:
        now += passed_us * 1000
        renewed = renewals.nonce("signer", recorded, now)
        assert renewals.nonce("signer", recorded, now) == renewed, "one recorded nonce has one new one"
        was_good, is_good = recorded > highest, renewed > floor
        assert is_good == was_good
        highest, floor = max(highest, recorded), max(floor, renewed)
