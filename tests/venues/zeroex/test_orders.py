"""Order hashes and signatures: the published vectors, and eth-account as an independent implementation."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from hypothesis import given
from hypothesis import strategies as st
from venues.zeroex.documents import ORDER, ORDER_HASH, V3_ITEM

from wsreplay.venues.zeroex.orders import NULL_ADDRESS, UINT256, Order, intent, order_digest, order_hash, whole
from wsreplay.venues.zeroex.setup import DEMO_KEY
from wsreplay.venues.zeroex.signatures import is_by_key, sign_order, signer_of

FIELDS = (
    "address makerAddress,address takerAddress,address feeRecipientAddress,address senderAddress,"
    "uint256 makerAssetAmount,uint256 takerAssetAmount,uint256 makerFee,uint256 takerFee,"
    "uint256 expirationTimeSeconds,uint256 salt,bytes makerAssetData,bytes takerAssetData"
)
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
amounts = st.integers(0, UINT256).map(str)
data = st.binary(max_size=80).map(lambda raw: "0x" + raw.hex())
orders = st.fixed_dictionaries(
    {
        name: addresses if kind == "address" else data if kind == "bytes" else amounts
        for kind, name in (member.split() for member in FIELDS.split(","))
    }
    | {"exchangeAddress": addresses}
)


def order(**fields: Any) -> Order:
    return msgspec.convert({**ORDER, **fields}, Order)


def by_eth_account(fields: dict[str, Any], *, chain: int | None = None) -> Any:
    """The order as typed data."""
    more = ",bytes makerFeeAssetData,bytes takerFeeAssetData" if chain is not None else ""
    members = [{"type": kind, "name": name} for kind, name in (member.split() for member in (FIELDS + more).split(","))]
    domain = "string name,string version,uint256 chainId,address verifyingContract"
    if chain is None:
        domain = domain.replace("uint256 chainId,", "")
    return encode_typed_data(
        full_message={
            "primaryType": "Order",
            "types": {
                "EIP712Domain": [dict(zip(("type", "name"), each.split(), strict=True)) for each in domain.split(",")],
                "Order": members,
            },
            "domain": {
                "name": "0x Protocol",
                "version": "2" if chain is None else "3.0.0",
                "verifyingContract": fields["exchangeAddress"],
            }
            | ({} if chain is None else {"chainId": chain}),
            "message": {
                each["name"]: int(fields[each["name"]])
                if each["type"] == "uint256"
                else bytes.fromhex(fields[each["name"]][2:])
                if each["type"] == "bytes"
                else fields[each["name"]]
                for each in members
            },
        }
    )


def test_the_documented_order_has_the_hash_that_everybody_computes() -> None:
    assert order_hash(order()) == ORDER_HASH


def test_version_3_hashes_the_chain_and_the_assets_of_the_fees() -> None:
    # The vector of the protocol's own library.
    nothing = dict.fromkeys(("maker_address", "taker_address", "sender_address", "fee_recipient_address"), NULL_ADDRESS)
    assets = ("maker_asset_data", "taker_asset_data", "maker_fee_asset_data", "taker_fee_asset_data")
    numbers = ("maker_asset_amount", "taker_asset_amount", "maker_fee", "taker_fee", "salt", "expiration_time_seconds")
    found = order_hash(
        Order(
            **nothing,
            **dict.fromkeys(assets, NULL_ADDRESS),
            **dict.fromkeys(numbers, "0"),
            exchange_address="0x1dc4c1cefef38a777b15aa20260a54e584b16c48",
            chain_id=50,
        )
    )
    assert found == "0x331cb7e07a757bae130702da6646c26531798c92bcfaf671817268fd2c188531"


@given(orders)
def test_every_order_hashes_as_typed_data_does(fields: dict[str, Any]) -> None:
    signed = Account.sign_message(by_eth_account(fields), DEMO_KEY)
    assert order_digest(msgspec.convert(fields, Order)) == bytes(signed.message_hash)


@given(orders, data, data, st.integers(1, 2**63))
def test_so_does_every_order_of_version_3(fields: dict[str, Any], one: str, two: str, chain: int) -> None:
    fields |= {"makerFeeAssetData": one, "takerFeeAssetData": two}
    signed = Account.sign_message(by_eth_account(fields, chain=chain), DEMO_KEY)
    assert order_digest(msgspec.convert({**fields, "chainId": chain}, Order)) == bytes(signed.message_hash)


def test_a_told_domain_takes_the_place_of_chain_and_exchange() -> None:
    found = msgspec.convert(V3_ITEM["order"], Order)
    assert order_hash(found) is not None
    found.exchange_address = NULL_ADDRESS
    assert order_hash(found) == order_hash(msgspec.convert(V3_ITEM["order"], Order))
    found.domain_hash = "0x00"
    assert order_hash(found) is None


def test_a_signature_of_typed_data_is_laid_out_v_r_s_type() -> None:
    digest = order_digest(order())
    assert digest is not None
    theirs = Account.sign_message(by_eth_account(ORDER), DEMO_KEY)
    v, r, s = f"{theirs.v:02x}", f"{theirs.r:064x}", f"{theirs.s:064x}"
    assert sign_order(digest, DEMO_KEY) == f"0x{v}{r}{s}02"


def test_a_signature_of_a_message_signs_the_hash_as_a_message() -> None:
    digest = order_digest(order())
    assert digest is not None
    theirs = Account.sign_message(encode_defunct(digest), DEMO_KEY)
    assert sign_order(digest, DEMO_KEY, "eth-sign") == f"0x{theirs.v:02x}{theirs.r:064x}{theirs.s:064x}03"


@pytest.mark.parametrize("kind", ["eip712", "eth-sign"])
def test_whoever_signed_is_recovered_and_nobody_else(kind: Any) -> None:
    digest = order_digest(order())
    assert digest is not None
    signature = sign_order(digest, DEMO_KEY, kind)
    assert signer_of(digest, signature) == Account.from_key(DEMO_KEY).address.lower()
    other = order_digest(order(salt="1"))
    assert other is not None
    assert signer_of(other, signature) != Account.from_key(DEMO_KEY).address.lower()


@pytest.mark.parametrize("kind", ["00", "01", "04", "05", "06"])
def test_what_only_a_contract_can_check_is_nobodys(kind: str) -> None:
    digest = order_digest(order())
    assert digest is not None
    signature = sign_order(digest, DEMO_KEY)[:-2] + kind
    assert not is_by_key(signature)
    assert signer_of(digest, signature) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"makerAddress": "0x9e"},
        {"makerAddress": None},
        {"salt": "-1"},
        {"salt": "1_000"},
        {"salt": "٣"},
        {"salt": str(UINT256 + 1)},
        {"salt": "1.5"},
        {"makerAssetData": "0xf"},
        {"makerAssetData": "f4"},
        {"exchangeAddress": "here"},
        {"makerFeeAssetData": "0x"},
    ],
)
def test_what_is_no_order_has_no_hash(wrong: dict[str, Any]) -> None:
    assert order_hash(order(**wrong)) is None


def test_hexadecimal_is_read_in_capitals_too() -> None:
    shouted = {
        name: "0x" + value[2:].upper() for name, value in ORDER.items() if name.endswith(("Address", "AssetData"))
    }
    assert order_hash(order(**shouted)) == ORDER_HASH
    assert intent(order(**shouted)) == intent(order())


@pytest.mark.parametrize("fields", [{"salt": "7"}, {"expirationTimeSeconds": "1"}, {"signature": "0x"}])
def test_an_order_that_is_posted_again_is_the_same_wish(fields: dict[str, str]) -> None:
    assert intent(order(**fields)) == intent(order())


@pytest.mark.parametrize("name", sorted(set(ORDER) - {"salt", "expirationTimeSeconds", "signature"}))
def test_all_else_makes_it_another(name: str) -> None:
    value = ORDER[name]
    other = value[:-1] + ("1" if value[-1] != "1" else "2")
    assert intent(order(**{name: other})) != intent(order())


def test_amounts_are_compared_as_numbers() -> None:
    assert intent(order(makerAssetAmount="010000000000000000")) == intent(order())
    assert intent(order(makerAssetAmount=10**16)) == intent(order())


@given(st.integers(0, UINT256))
def test_no_amount_loses_a_digit(number: int) -> None:
    assert whole(str(number)) == whole(number) == number
