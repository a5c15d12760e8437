"""Laws of the simulator: whatever a client sends, the venue stands, and what it says can be sent."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st
from venues.loopring.trader import MARKET, Venue

from wsreplay.venues.gateway import Ask, Knock
from wsreplay.venues.loopring.setup import DEMO_ACCOUNT, DEMO_API_KEY, POOL

ODD: st.SearchStrategy[Any] = st.sampled_from(
    ["", "\ud800", MARKET, "1min", "true", 0, 1, -1, 1 << 70, 1.5, float("nan"), True, None, [], {}, [[]], {"a": {}}]
)
NAMES = ["account", "order", "orderbook", "trade", "ticker", "candlestick", "ammpool", "blockgen"]
TOPICS = st.fixed_dictionaries(
    {"topic": st.sampled_from(NAMES) | ODD},
    optional=dict.fromkeys(
        ("market", "level", "count", "snapshot", "interval", "poolAddress", "accountId", "v3", "verbose"), ODD
    ),
)
FRAMES = st.fixed_dictionaries(
    {},
    optional={
        "op": st.sampled_from(["sub", "unSub"]) | ODD,
        "sequence": ODD,
        "apiKey": st.just(DEMO_API_KEY) | ODD,
        "unsubscribeAll": ODD,
        "topics": st.lists(TOPICS, max_size=2) | ODD,
    },
)


@given(st.lists(st.text() | st.binary() | FRAMES.map(json.dumps), max_size=3))
@example(['{"op":"\\ud800","topics":[{"topic":"blockgen"}]}'])
@example(['{"op":' + "9" * 5000 + "}", '{"sequence":' + "9" * 5000 + ',"op":"sub","topics":[{"topic":"blockgen"}]}'])
@example(["[" * 100_000])
@example([json.dumps({"op": "sub", "topics": [{"topic": "candlestick", "market": MARKET, "interval": {}}]})])
def test_no_frame_brings_a_venue_down(payloads: list[str | bytes]) -> None:
    venue = Venue()
    conn = venue.connect()
    for payload in payloads:
        if payload != "pong":
            assert venue.reply(conn, payload)["result"]["status"] in ("ok", "failed")
    venue.submit()
    venue.wait(2)
    assert conn in venue.connections


BODIES = st.fixed_dictionaries(
    {},
    optional={
        "sellToken": ODD | st.fixed_dictionaries({"tokenId": ODD, "volume": ODD}),
        "buyToken": ODD | st.fixed_dictionaries({"tokenId": ODD, "volume": ODD}),
        **dict.fromkeys(
            (
                "exchange",
                "accountId",
                "storageId",
                "allOrNone",
                "fillAmountBOrS",
                "validUntil",
                "maxFeeBips",
                "eddsaSignature",
                "clientOrderId",
                "orderType",
                "tradeChannel",
                "taker",
                "orderHash",
            ),
            ODD,
        ),
    },
)


@given(st.sampled_from(["POST", "DELETE"]), BODIES, st.none() | st.binary())
@example("POST", {"clientOrderId": "\ud800"}, None)
@example("POST", {"taker": "\ud800"}, None)
@example("POST", {"validUntil": "9" * 99}, None)
@example("DELETE", {}, b'{"accountId":' + b"9" * 5000 + b"}")
def test_no_body_brings_a_venue_down(method: str, fields: dict[str, Any], raw: bytes | None) -> None:
    venue = Venue()
    conn = venue.subscribed({"topic": "order", "market": MARKET}, {"topic": "account"})
    body = json.dumps(venue.order() | fields).encode() if raw is None else raw
    status, answer = venue.ask(method, "/api/v3/order", body)
    assert status in (200, 400)
    assert msgspec.json.encode(answer)
    venue.wait(2)
    assert conn in venue.connections


@given(st.sampled_from(["GET", "DELETE", "POST"]), st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126)))
@example("GET", "//[")
@example("GET", f"/api/v3/orders?accountId={DEMO_ACCOUNT}&limit=99999999999999999999999&offset=9999999999999999999999")
@example("GET", f"/api/v3/orders?accountId={DEMO_ACCOUNT}&start=99999999999999999999999&status=,&side=")
@example("GET", f"/api/v3/depth?market={MARKET}&level=0&limit=99999999999999999999")
@example("GET", f"/api/v3/user/balances?accountId={DEMO_ACCOUNT}&tokens=,,x")
@example("GET", f"/api/v3/trade?market={MARKET}&limit=99999999999999999999")
def test_no_address_brings_a_venue_down(method: str, target: str) -> None:
    venue = Venue()
    status, answer = venue.ask(method, target)
    assert status in (200, 400, 404, 405)
    assert json.dumps(answer)
    refusal = venue.admit(Knock(target=target), venue.now_ns)
    assert refusal is not None
    assert refusal.status in (401, 404)
    _, out = venue.request(Ask(method=method, target=target, peer=""), venue.now_ns)
    assert out == []
    assert venue.told("GET", "/v3/ws/key")["key"]


def test_pools_are_named_in_any_letters() -> None:
    venue = Venue()
    conn = venue.connect()
    assert (
        venue.sub(conn, {"topic": "ammpool", "poolAddress": POOL.upper().replace("0X", "0x")})["result"]["status"]
        == "ok"
    )
    assert venue.sub(conn, {"topic": "ammpool", "poolAddress": POOL}, op="unSub")["result"]["status"] == "ok"
