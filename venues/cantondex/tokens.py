"""JSON Web Tokens as this venue uses them: HS256, an account, an expiry. Made and checked with the standard library."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADER = {"alg": "HS256", "typ": "JWT"}
_LONGEST = 16_384
_LATEST = (1 << 63) - 1
_claims = msgspec.json.Decoder(dict[str, Any]).decode


def minted(claims: Mapping[str, Any], secret: bytes) -> str:
    """A token that says this, signed."""
    said = f"{_packed(msgspec.json.encode(_HEADER))}.{_packed(msgspec.json.encode(dict(claims)))}"
    return f"{said}.{_packed(_mac(said, secret))}"


def claims_in(token: str) -> dict[str, Any] | None:
    """What a token says, whoever signed it; None: it is no token that can be read."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _LONGEST:
        return None
    try:
        return _claims(_unpacked(parts[1]))
    except (NoBase64, ValueError, RecursionError):
        return None


def is_signed_with(token: str, secret: bytes) -> bool:
    """Whether this secret signed it, by HS256: a token may not choose how it is checked."""
    said, _, signature = token.rpartition(".")
    header = said.partition(".")[0]
    if len(token) > _LONGEST or not token.isascii() or said.count(".") != 1:
        return False
    try:
        if _claims(_unpacked(header)).get("alg") != "HS256":
            return False
        return hmac.compare_digest(_unpacked(signature), _mac(said, secret))
    except (NoBase64, ValueError, RecursionError):
        return False


def expiry_in(claims: Mapping[str, Any]) -> int | None:
    """When it expires, in seconds since 1970; None: it does not say."""
    value = claims.get("exp")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= _LATEST else None


def holder_in(claims: Mapping[str, Any]) -> str | None:
    """For whom it speaks: the account that it names, or else its subject."""
    for name in ("account_id", "sub"):
        value = claims.get(name)
        if isinstance(value, str) and value:
            return value
    return None


def bearer_in(value: str) -> str | None:
    """The token of an ``Authorization`` header."""
    scheme, _, token = value.partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def _mac(said: str, secret: bytes) -> bytes:
    return hmac.new(secret, said.encode(), sha256).digest()


def _packed(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _unpacked(text: str) -> bytes:
    return urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
