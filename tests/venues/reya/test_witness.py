"""Who signed: said where it can be proven, and not where it can't."""

from __future__ import annotations

import json
from typing import Any

import pytest
from venues.reya.trader import STRANGER_KEY, VECTORS, Fields, Trader, without

from wsreplay.venues.envelope import HttpMessage, Witness
from wsreplay.venues.reya.dialect import ReyaDialect
from wsreplay.venues.reya.networks import MAINNET
from wsreplay.venues.reya.signing import UnsignableError

UNTOLD = ReyaDialect()
LOCAL = UNTOLD.at("127.0.0.1")
WALLET = VECTORS["address"]


def seen(dialect: ReyaDialect, op: str, payload: Fields) -> Witness | None:
    return dialect.witness(json.dumps({"type": op, "id": "a", "payload": payload}), "client")


@pytest.mark.parametrize("vector", VECTORS["vectors"][:2])
def test_a_create_is_proven_even_where_the_chain_is_not_known(vector: Fields) -> None:
    good = Witness(signer=WALLET, signature_ok=True)
    assert seen(UNTOLD, vector["type"], vector["payload"]) == good
    assert seen(LOCAL, vector["type"], vector["payload"]) == good


@pytest.mark.parametrize("vector", VECTORS["vectors"][2:])
def test_a_cancels_signer_means_something_only_on_a_known_chain(vector: Fields) -> None:
    assert seen(UNTOLD, vector["type"], vector["payload"]) is None
    assert seen(LOCAL, vector["type"], vector["payload"]) == Witness(signer=WALLET)


def test_a_perp_cancel_is_signed_for_every_chain() -> None:
    assert seen(UNTOLD, "cancelOrder", Trader().cancel_perp("5")) == Witness(signer=WALLET)


def test_a_wrong_signature_is_proven_wrong_only_where_all_is_known() -> None:
    trader = Trader()
    forged = trader.signed("createOrder", trader.unsigned_spot(), key=STRANGER_KEY)
    assert seen(LOCAL, "createOrder", forged) == Witness(signature_ok=False)
    assert seen(UNTOLD, "createOrder", forged) is None, "it may be right on a chain or market that is not known"
    assert seen(LOCAL, "createOrder", forged | {"signature": "0x12"}) == Witness(signature_ok=False)


def test_hosts_tell_the_chain() -> None:
    trader = Trader()
    payload = trader.signed("createOrder", trader.unsigned_spot(), network=MAINNET)
    assert seen(UNTOLD.at("ws-exec.reya.xyz"), "createOrder", payload) == Witness(signer=WALLET, signature_ok=True)
    assert seen(UNTOLD.at("ws-exec-testnet.reya.xyz"), "createOrder", payload) == Witness(signature_ok=False)
    assert seen(UNTOLD.at("somewhere.example"), "createOrder", payload) == Witness(signer=WALLET, signature_ok=True)


def test_recorded_definitions_tell_the_markets() -> None:
    trader = Trader()
    order = trader.unsigned_spot(symbol="SOLRUSD")
    payload = trader.signed("createOrder", order, markets={"SOLRUSD": 77})
    assert seen(LOCAL, "createOrder", payload) is None
    request = HttpMessage(method="GET", url="https://api.reya.xyz/v2/spotMarketDefinitions")
    body = json.dumps([{"symbol": "SOLRUSD", "marketId": 77}, {"symbol": 5}, "x"]).encode()
    answer = HttpMessage(method="GET", url=request.url, body=body, status=200)
    told = LOCAL.knowing(answer, request)
    assert seen(told, "createOrder", payload) == Witness(signer=WALLET, signature_ok=True)
    assert told.network is LOCAL.network
    assert told.markets["WETHRUSD"] == 11, "what was known stays known"
    for other in (HttpMessage(method="GET", url=request.url, body=body, status=500), request):
        assert LOCAL.knowing(other, request) is LOCAL
    assert LOCAL.knowing(answer, HttpMessage(method="GET", url="https://api.reya.xyz/v2/prices")) is LOCAL


def test_operations_over_rest_are_witnessed_as_well() -> None:
    vector = VECTORS["vectors"][0]
    body = json.dumps(vector["payload"]).encode()
    message = HttpMessage(method="POST", url="https://api.reya.xyz/v2/createOrder", body=body)
    assert UNTOLD.witness_http(message) == Witness(signer=WALLET, signature_ok=True)
    assert UNTOLD.witness_http(HttpMessage(method="POST", url=message.url, body=body, status=200)) is None
    assert UNTOLD.witness_http(HttpMessage(method="GET", url="https://api.reya.xyz/v2/prices")) is None


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        '{"type":"ping"}',
        '{"type":"createOrder","id":"a"}',
        {"type": "createOrder", "id": "a", "payload": without(VECTORS["vectors"][0]["payload"], "signature")},
        {"type": "createOrder", "id": "a", "payload": without(VECTORS["vectors"][0]["payload"], "symbol")},
        {"type": "amend", "id": "a", "payload": VECTORS["vectors"][0]["payload"]},
    ],
    ids=str,
)
def test_of_what_is_not_signed_there_is_no_witness(frame: Any) -> None:
    text = frame if isinstance(frame, str) else json.dumps(frame)
    witness = LOCAL.witness(text, "client")
    assert witness is None or witness.signer is None


def test_the_venue_signs_nothing() -> None:
    vector = VECTORS["vectors"][0]
    text = json.dumps({"type": vector["type"], "id": "a", "payload": vector["payload"]})
    assert LOCAL.witness(text, "venue") is None


def test_generation_c_is_witnessed() -> None:
    trader = Trader()
    order = trader.unsigned_spot(deadline=1790000000, clientOrderId="5", timeInForce="GTT", postOnly=True)
    assert seen(LOCAL, "createOrder", trader.signed("createOrder", order)) == Witness(signer=WALLET, signature_ok=True)
    after = {"accountId": 5, "timeoutMs": 5000, "nonce": "7", "deadline": 9, "signerWallet": WALLET}
    signed = trader.signed("cancelAllAfter", after)
    assert seen(LOCAL, "cancelAllAfter", signed) == Witness(signer=WALLET, signature_ok=True)
    with pytest.raises(UnsignableError):
        trader.signed("cancelAllAfter", without(after, "timeoutMs"))
