"""Signatures of orders: v, r, s, and a last byte that says how the hash was signed."""

from __future__ import annotations

import re
from typing import Literal

from wsreplay.venues.eip712 import personal_digest
from wsreplay.venues.keys import recover, sign_digest

type Kind = Literal["eip712", "eth-sign"]

_KINDS: dict[Kind, str] = {"eip712": "02", "eth-sign": "03"}
_BY_KEY = re.compile(r"0x([0-9a-f]{2})([0-9a-f]{128})(0[23])", re.IGNORECASE)


def sign_order(digest: bytes, key: bytes, kind: Kind = "eip712") -> str:
    """Sign an order's hash. Wallets that know no typed data sign it as a message: ``eth-sign``."""
    signed = sign_digest(personal_digest(digest) if kind == "eth-sign" else digest, key)
    return "0x" + signed[130:] + signed[2:130] + _KINDS[kind]


def signer_of(digest: bytes, signature: str) -> str | None:
    """The address whose key signed, in lower case.

    None where nobody's did, and for signatures that only a contract can check (wallets, validators, what was signed
    beforehand on the chain).
    """
    found = _BY_KEY.fullmatch(signature)
    if found is None:
        return None
    v, rs, kind = found.groups()
    signer = recover(personal_digest(digest) if kind == "03" else digest, f"0x{rs}{v}")
    return None if signer is None else signer.lower()


def is_by_key(signature: str) -> bool:
    """Whether it is a signature that can be checked without the chain."""
    return _BY_KEY.fullmatch(signature) is not None
