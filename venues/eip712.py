"""EIP-712 hashing of structs, as much of it as a venue's few orders need.

Hand-made rather than through eth-account, which brings twenty packages and a second of import time; the tests
hold it against eth-account. Only keccak and the curve come from libraries.
"""

from __future__ import annotations

import re
from functools import cache, cached_property, lru_cache

import msgspec

type Value = int | bool | bytes | str | list[int]

_INTEGER = re.compile(r"(u?)int(\d+)")


def keccak256(data: bytes) -> bytes:
    """The hash that Ethereum uses (not the standardised SHA-3)."""
    return _remembered(data) if len(data) <= _SHORT else _keccak256(data)


def _keccak256(data: bytes) -> bytes:
    from Crypto.Hash import keccak  # a twelfth of a second: only those who sign or check pay for it

    return keccak.new(digest_bits=256, data=data).digest()


_SHORT = 1024
_remembered = lru_cache(maxsize=2048)(_keccak256)
"""Signing, checking and witnessing an order hash the same, and much of it is the same in every order."""


class OutOfRangeError(ValueError):
    """A number does not fit the type that is signed."""


class StructType(msgspec.Struct, frozen=True, dict=True):
    """A struct type, by its EIP-712 signature: ``Name(type field,…)``, and the struct that it nests, if any."""

    signature: str
    nested: StructType | None = None

    @property
    def name(self) -> str:
        """The part before the bracket."""
        return self.signature.partition("(")[0]

    @cached_property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """Type and name of each member."""
        members = self.signature.partition("(")[2].rstrip(")").split(",")
        return tuple((kind, name) for kind, name in (member.split(" ") for member in members))

    @cached_property
    def type_hash(self) -> bytes:
        """Hash of the type with what it nests."""
        return keccak256((self.signature + (self.nested.signature if self.nested else "")).encode())

    def hash(self, *values: Value) -> bytes:
        """``hashStruct``; a nested struct is given by its own hash."""
        encoded = [self.type_hash]
        for (kind, name), value in zip(self.fields, values, strict=True):
            if self.nested is not None and kind == self.nested.name and isinstance(value, bytes):
                encoded.append(value)
            else:
                encoded.append(word(kind, name, value))
        return keccak256(b"".join(encoded))


def word(kind: str, name: str, value: Value) -> bytes:
    """One value as the 32 bytes that are hashed."""
    match value:
        case list():
            return keccak256(b"".join(word(kind.removesuffix("[]"), name, item) for item in value))
        case bytes():
            return keccak256(value)
        case str() if kind == "address":
            return bytes.fromhex(value.removeprefix("0x")).rjust(32, b"\0")
        case str():
            return keccak256(value.encode())
        case bool():
            return int(value).to_bytes(32)
        case int():
            return integer_word(kind, name, value)


def integer_word(kind: str, name: str, value: int) -> bytes:
    """A number as 32 bytes, refused where it does not fit its type."""
    unsigned, bits = _bounds(kind)
    if not (0 <= value < 1 << bits if unsigned else -(1 << (bits - 1)) <= value < 1 << (bits - 1)):
        raise OutOfRangeError(f"{name} does not fit {kind}")
    return value.to_bytes(32, signed=not unsigned)


@cache
def _bounds(kind: str) -> tuple[bool, int]:
    match = _INTEGER.fullmatch(kind)
    if match is None:
        raise TypeError(f"no such EIP-712 type here: {kind}")
    return bool(match[1]), int(match[2])


_DOMAIN = StructType("EIP712Domain(string name,string version,address verifyingContract)")


@cache
def domain_separator(name: str, version: str, contract: str) -> bytes:
    """Hash of a signing domain that names neither chain nor salt."""
    return _DOMAIN.hash(name, version, contract)


def typed_digest(domain: bytes, struct_hash: bytes) -> bytes:
    """What is signed: EIP-191 version 0x01 of a struct's hash in its domain."""
    return keccak256(b"\x19\x01" + domain + struct_hash)


def personal_digest(message: bytes) -> bytes:
    """What ``personal_sign`` signs: EIP-191 version 0x45."""
    return keccak256(b"\x19Ethereum Signed Message:\n%d" % len(message) + message)
