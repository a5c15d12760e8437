"""The messages of the venue's own documents, as they stand there.

The documented examples are no JSON to the letter: a comma too much in the filtered request, and an ellipsis in lists.
"""

from __future__ import annotations

import json
from typing import Any

REQUEST_ID = "123e4567-e89b-12d3-a456-426655440000"

MINIMUM_REQUEST = """{
    "type": "subscribe",
    "channel": "orders",
    "requestId": "123e4567-e89b-12d3-a456-426655440000"
}"""

FILTERED_REQUEST = """{
    "type": "subscribe",
    "channel": "orders",
    "requestId": "123e4567-e89b-12d3-a456-426655440000",
    "payload": {
        "makerAssetData": "0xf47261b04c32345ced77393b3530b1eed0f346429d",
        "takerAssetData": "0x0257179264389b814a946f3e92105513705ca6b990",
        "networkId": 42
    }
}"""

UPDATE = """{
    "type": "update",
    "channel": "orders",
    "requestId": "123e4567-e89b-12d3-a456-426655440000",
    "payload":  [
        {
          "order": {
              "makerAddress": "0x9e56625509c2f60af937f23b7b532600390e8c8b",
              "takerAddress": "0xa2b31dacf30a9c50ca473337c01d8a201ae33e32",
              "feeRecipientAddress": "0xb046140686d052fff581f63f8136cce132e857da",
              "senderAddress": "0xa2b31dacf30a9c50ca473337c01d8a201ae33e32",
              "makerAssetAmount": "10000000000000000",
              "takerAssetAmount": "20000000000000000",
              "makerFee": "100000000000000",
              "takerFee": "200000000000000",
              "expirationTimeSeconds": "1532560590",
              "salt": "1532559225",
              "makerAssetData": "0xf47261b04c32345ced77393b3530b1eed0f346429d",
              "takerAssetData": "0x0257179264389b814a946f3e92105513705ca6b990",
              "exchangeAddress": "0x12459c951127e0c374ff9105dda097662a027093",
              "signature": "0x012761a3ed31b43c8780e905a260a35faefcc527be7516aa11c0256729b5b351bc33"
            },
            "remainingFillableAmount": "5000000000000000"
        }
    ]
}"""

ORDER_HASH = "0x356d52ff71263098ffed595cffddec03c16cf04a5d047fbc3242684d206011ca"

ORDER: dict[str, Any] = json.loads(UPDATE)["payload"][0]["order"]

V2_ITEM: dict[str, Any] = {
    "order": {**ORDER, "timestamp": 1537375071174},
    "metaData": {"remainingTakerAssetAmount": "500000000"},
}
"""Version 2 of the channel."""

V3_ITEM: dict[str, Any] = {
    "order": {
        "domainHash": "0xb1b295f2c1ed6b459ddeb95701466e4e0b385527a6cfa3873ae72a63c08466b6",
        **ORDER,
        "makerAssetData": "0xf47261b0000000000000000000000000e41d2489571d322189246dafa5ebde1f4699f498",
        "takerAssetData": "0x02571792000000000000000000000000371b13d97f4bf77d724e78c16b7dc74099f40e84"
        "0000000000000000000000000000000000000000000000000000000000000063",
        "makerFeeAssetData": "0xf47261b0000000000000000000000000e41d2489571d322189246dafa5ebde1f4699f498",
        "takerFeeAssetData": "0xf47261b0000000000000000000000000e41d2489571d322189246dafa5ebde1f4699f498",
    },
    "metaData": {"remainingTakerAssetAmount": "500000000"},
}
"""Version 3 of the channel."""

VALIDATION_ERROR: dict[str, Any] = {
    "code": 100,
    "reason": "Validation Failed",
    "validationErrors": [{"field": "maker", "code": 1002, "reason": "Invalid address"}],
}
"""The error body of the REST API, which the reference server also says on the socket."""


def update(*items: dict[str, Any], request_id: str = REQUEST_ID) -> str:
    return json.dumps({"type": "update", "channel": "orders", "requestId": request_id, "payload": list(items)})
