"""Signing and recovering on secp256k1, and the addresses that keys have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from wsreplay.venues.eip712 import keccak256

if TYPE_CHECKING:
    from coincurve import PublicKey

_SIGNATURE = re.compile(r"0x[0-9a-fA-F]{130}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def is_signature(text: str) -> bool:
    """Whether the text has the shape of a signature: 65 bytes in hexadecimal."""
    return _SIGNATURE.fullmatch(text) is not None


def is_address(text: str) -> bool:
    """Whether the text has the shape of an address."""
    return _ADDRESS.fullmatch(text) is not None


def sign_digest(digest: bytes, key: bytes) -> str:
    """The signature r‖s‖v, v being 27 or 28; the same for the same digest and key (RFC 6979)."""
    from coincurve import PrivateKey

    signature = PrivateKey(key).sign_recoverable(digest, hasher=None)
    return "0x" + signature[:64].hex() + f"{signature[64] + 27:02x}"


def recover(digest: bytes, signature: str) -> str | None:
    """The address whose key signed; None where the signature is no signature of anyone."""
    from coincurve import PublicKey

    if not is_signature(signature):
        return None
    raw = bytes.fromhex(signature[2:])
    # Ethereum knows 27 and 28, some signers write the bare 0 and 1.
    parity = raw[64] - 27 if raw[64] >= 27 else raw[64]
    if parity not in (0, 1):
        return None
    try:
        return _address(PublicKey.from_signature_and_message(raw[:64] + bytes([parity]), digest, hasher=None))
    except Exception:  # coincurve raises a bare one where r or s is out of range
        return None


def is_malleated(signature: str) -> bool:
    """Whether s lies in the upper half: the second form of a signature, which contracts refuse (EIP-2)."""
    return int(signature[66:130], 16) > _HALF_ORDER


def address_of(key: bytes) -> str:
    """The address that belongs to a private key."""
    from coincurve import PrivateKey

    return _address(PrivateKey(key).public_key)


def checksummed(address: str) -> str:
    """The address with the letter case that EIP-55 prescribes."""
    plain = address.lower().removeprefix("0x")
    digest = keccak256(plain.encode()).hex()
    return "0x" + "".join(c.upper() if int(h, 16) >= 8 else c for c, h in zip(plain, digest, strict=False))


def _address(public_key: PublicKey) -> str:
    return checksummed(keccak256(public_key.format(compressed=False)[1:])[-20:].hex())
