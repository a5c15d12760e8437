"""Signing: the vectors to the byte, and eth-account as an independent implementation."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st
from venues.reya.trader import STRANGER_KEY, VECTORS

from wsreplay.venues import keys
from wsreplay.venues.eip712 import OutOfRangeError, keccak256
from wsreplay.venues.reya.networks import MAINNET, TESTNET
from wsreplay.venues.reya.signing import UnsignableError, digest_of, e18
from wsreplay.venues.reya.wire import read_payload

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
KEY = bytes.fromhex(VECTORS["key"][2:])
vectors = pytest.mark.parametrize("vector", VECTORS["vectors"], ids=["spot", "perp-ioc", "cancel", "cancel-all"])


def digest(op: str, payload: dict[str, Any], network: Any = TESTNET, market: int | None = 11) -> bytes:
    return digest_of(op, read_payload(payload), network, market)


def signer_by_eth_account(types: dict[str, str], message: dict[str, Any], key: bytes = KEY) -> tuple[str, bytes]:
    """Sign with eth-account: the signature and what was hashed."""
    full = {
        "domain": {"name": "Reya", "version": "1", "verifyingContract": TESTNET.gateway},
        "types": {
            "EIP712Domain": members("string name,string version,address verifyingContract"),
            **{name: members(fields) for name, fields in types.items()},
        },
        "primaryType": next(iter(types)),
        "message": message,
    }
    signed = Account.sign_message(encode_typed_data(full_message=full), key)
    return "0x" + bytes(signed.signature).hex(), bytes(signed.message_hash)


def members(fields: str) -> list[dict[str, str]]:
    return [dict(zip(("type", "name"), field.split(" "), strict=True)) for field in fields.split(",")]


@vectors
def test_the_vectors_come_out_to_the_byte(vector: dict[str, Any]) -> None:
    payload = vector["payload"]
    signed = digest(vector["type"], payload, market=VECTORS["markets"][payload["symbol"]])
    assert "0x" + signed.hex() == vector["digest"]
    assert keys.sign_digest(signed, KEY) == payload["signature"]
    assert keys.recover(signed, payload["signature"]) == VECTORS["address"] == keys.address_of(KEY)


@vectors
def test_what_is_signed_depends_on_chain_and_market(vector: dict[str, Any]) -> None:
    op, payload, market = vector["type"], vector["payload"], VECTORS["markets"][vector["payload"]["symbol"]]
    variants = {
        digest(op, payload, market=market),
        digest(op, payload, market=market + 1),
        digest(op, payload, MAINNET, market),
    }
    assert len(variants) == 3


CONDITIONAL = {
    "ConditionalOrder": "uint256 verifyingChainId,uint256 deadline,ConditionalOrderDetails order",
    "ConditionalOrderDetails": "uint128 accountId,uint128 marketId,uint128 exchangeId,uint128[] counterpartyAccountIds,"
    "uint8 orderType,bytes inputs,address signer,uint256 nonce",
}


@pytest.mark.parametrize(
    ("order_type", "kind", "is_buy", "limit"), [("TP", 1, False, "0"), ("SL", 0, True, "100000000000000000000")]
)
def test_triggered_orders_sign_as_eth_account_does(order_type: str, kind: int, is_buy: bool, limit: str) -> None:
    payload = {
        "exchangeId": 2,
        "symbol": "ETHRUSDPERP",
        "accountId": 8017,
        "isBuy": is_buy,
        "limitPx": limit,
        "triggerPx": "3100.5",
        "orderType": order_type,
        "nonce": str((8017 << 98) | 77),
        "signerWallet": VECTORS["address"],
    }
    words = [int(is_buy), 3100_500_000_000_000_000_000, int(limit) * 10**18]
    signature, hashed = signer_by_eth_account(
        CONDITIONAL,
        {
            "verifyingChainId": TESTNET.chain_id,
            "deadline": 10**18,
            "order": {
                "accountId": 8017,
                "marketId": 1,
                "exchangeId": 2,
                "counterpartyAccountIds": [4],
                "orderType": kind,
                "inputs": b"".join(word.to_bytes(32) for word in words),
                "signer": VECTORS["address"],
                "nonce": (8017 << 98) | 77,
            },
        },
    )
    assert digest("createOrder", payload, market=1) == hashed
    assert keys.sign_digest(hashed, KEY) == signature


amounts = st.decimals("0", "1000000000000", places=9, allow_nan=False)


@settings(deadline=None)
@given(
    account=st.integers(0, 2**128 - 1),
    qty=amounts,
    price=amounts,
    nonce=st.integers(0, 2**64 - 1),
    deadline=st.integers(0, 2**64 - 1),
    is_buy=st.booleans(),
)
def test_any_spot_order_signs_as_eth_account_does(
    account: int, qty: Decimal, price: Decimal, nonce: int, deadline: int, is_buy: bool
) -> None:
    payload = {
        "exchangeId": 2,
        "symbol": "WETHRUSD",
        "accountId": account,
        "isBuy": is_buy,
        "limitPx": str(price),
        "qty": str(qty),
        "orderType": "LIMIT",
        "timeInForce": "GTC",
        "nonce": str(nonce),
        "signerWallet": VECTORS["address"],
        "expiresAfter": deadline,
    }
    scaled = int(qty * 10**9) * 10**9
    inputs = (scaled if is_buy else -scaled).to_bytes(32, signed=True) + (int(price * 10**9) * 10**9).to_bytes(32)
    _, hashed = signer_by_eth_account(
        CONDITIONAL,
        {
            "verifyingChainId": TESTNET.chain_id,
            "deadline": deadline,
            "order": {
                "accountId": account,
                "marketId": 11,
                "exchangeId": 2,
                "counterpartyAccountIds": [],
                "orderType": 6,
                "inputs": inputs,
                "signer": VECTORS["address"],
                "nonce": nonce,
            },
        },
    )
    assert digest("createOrder", payload) == hashed


def test_generation_c_orders_sign_as_eth_account_does() -> None:
    payload = {
        "exchangeId": 2,
        "symbol": "WETHRUSD",
        "accountId": 10000000002,
        "isBuy": False,
        "limitPx": "3000.25",
        "qty": "0.5",
        "orderType": "LIMIT",
        "timeInForce": "GTT",
        "postOnly": True,
        "clientOrderId": "18446744073709551615",
        "nonce": "1778601294274124",
        "signerWallet": VECTORS["address"],
        "deadline": 1790000000,
        "expiresAfter": 1790000600,
    }
    _, hashed = signer_by_eth_account(
        {
            "Order": "uint256 verifyingChainId,uint256 deadline,OrderDetails order",
            "OrderDetails": "uint128 accountId,uint128 marketId,uint128 exchangeId,uint8 orderType,int256 quantity,"
            "uint256 limitPrice,uint256 triggerPrice,uint8 timeInForce,uint64 clientOrderId,bool reduceOnly,"
            "bool postOnly,uint256 expiresAfter,address signer,uint256 nonce",
        },
        {
            "verifyingChainId": TESTNET.chain_id,
            "deadline": 1790000000,
            "order": {
                "accountId": 10000000002,
                "marketId": 10000000011,
                "exchangeId": 2,
                "orderType": 0,
                "quantity": -500_000_000_000_000_000,
                "limitPrice": 3000_250_000_000_000_000_000,
                "triggerPrice": 0,
                "timeInForce": 2,
                "clientOrderId": 18446744073709551615,
                "reduceOnly": False,
                "postOnly": True,
                "expiresAfter": 1790000600,
                "signer": VECTORS["address"],
                "nonce": 1778601294274124,
            },
        },
    )
    assert digest("createOrder", payload) == hashed
    assert digest("modifyOrder", payload | {"orderId": "1864998629727535104"}) == hashed
    assert digest("createOrder", payload, market=10000000011) == hashed, "already counted from the offset"


def test_generation_c_dead_mans_switch_signs_as_eth_account_does() -> None:
    payload = {"accountId": 7, "timeoutMs": 5000, "nonce": "12", "deadline": 1790000000}
    _, hashed = signer_by_eth_account(
        {
            "CancelAllAfter": "uint64 verifyingChainId,uint64 deadline,CancelAllAfterDetails cancelAllAfter",
            "CancelAllAfterDetails": "uint64 accountId,uint64 timeoutMs,uint64 nonce",
        },
        {
            "verifyingChainId": TESTNET.chain_id,
            "deadline": 1790000000,
            "cancelAllAfter": {"accountId": 7, "timeoutMs": 5000, "nonce": 12},
        },
    )
    assert digest("cancelAllAfter", payload, market=None) == hashed


def test_a_perp_cancel_is_a_personal_message() -> None:
    text = '{"orderId":"1864998629727535104","status":"cancelled","actionType":"changeStatus"}'
    signed = Account.sign_message(encode_defunct(text=text), KEY)
    hashed = digest("cancelOrder", {"orderId": "1864998629727535104"}, market=None)
    assert hashed == bytes(signed.message_hash)
    assert keys.sign_digest(hashed, KEY) == "0x" + bytes(signed.signature).hex()


def test_the_absent_id_of_a_cancel_counts_as_zero() -> None:
    by_id = {"accountId": 1, "symbol": "WETHRUSD", "nonce": "5", "expiresAfter": 9, "orderId": "6"}
    assert digest("cancelOrder", by_id) == digest("cancelOrder", by_id | {"clientOrderId": 0})
    assert digest("cancelOrder", by_id) != digest("cancelOrder", by_id | {"clientOrderId": 6})


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.integers(1, CURVE_ORDER - 1).map(lambda n: n.to_bytes(32)))
def test_whoever_signs_is_recovered(hashed: bytes, key: bytes) -> None:
    signature = keys.sign_digest(hashed, key)
    assert keys.recover(hashed, signature) == keys.address_of(key) == Account.from_key(key).address
    assert not keys.is_malleated(signature)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "0x",
        "0x" + "zz" * 65,
        "0x" + "11" * 64,
        "0x" + "00" * 65,
        "0x" + "ff" * 64 + "1b",
        "0x" + "11" * 64 + "1d",
        "11" * 65,
    ],
)
def test_what_is_no_signature_has_no_signer(signature: str) -> None:
    assert keys.recover(keccak256(b"anything"), signature) is None


def test_the_second_form_of_a_signature_is_told_apart() -> None:
    hashed = keccak256(b"order")
    signature = keys.sign_digest(hashed, STRANGER_KEY)
    upper = CURVE_ORDER - int(signature[66:130], 16)
    other = f"{signature[:66]}{upper:064x}{'1c' if signature.endswith('1b') else '1b'}"
    assert keys.recover(hashed, other) == keys.address_of(STRANGER_KEY)
    assert keys.is_malleated(other)


def test_keccak_is_not_sha3() -> None:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@pytest.mark.parametrize(
    ("text", "scaled"),
    [("1", 10**18), ("0.000000000000000001", 1), ("-1.5e3", -1500 * 10**18), ("0", 0), ("1.50", 15 * 10**17)],
)
def test_decimals_become_whole_numbers_exactly(text: str, scaled: int) -> None:
    assert e18(text, "qty") == scaled


@pytest.mark.parametrize(
    "text", ["", "1_000", " 1", "\u0661", "NaN", "Infinity", "1e-19", "0." + "1" * 300, "0x10", ".5"]
)
def test_what_no_signature_can_commit_to_is_refused(text: str) -> None:
    with pytest.raises(UnsignableError):
        e18(text, "qty")


@pytest.mark.parametrize("text", ["1e999999999", "1e99999999999999999999", "9" * 80])
def test_numbers_beyond_the_contract_are_refused_at_once(text: str) -> None:
    with pytest.raises(OutOfRangeError):
        e18(text, "qty")
