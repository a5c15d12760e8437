"""A request said once more, as a bot says it that does not know that it was heard. Sans-I/O."""

from __future__ import annotations

import msgspec

from wsreplay.venues.reya.wire import OPERATIONS

_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PERP = 1 << 64
"""Generation B's perp nonces hold account, milliseconds and market; from here on a nonce must be one of these."""
_ONE_MS = 1 << 32


def repeated(text: str, keeps: frozenset[str]) -> str:
    """The same operation in a message of its own, but for what it ``keeps``: ``id``, ``nonce``."""
    try:
        message = _FIELDS.decode(text)
        payload = _FIELDS.decode(message.get("payload", b"{}"))
        op = msgspec.json.decode(message.get("type", b"null"))
        nonce = msgspec.json.decode(payload.get("nonce", b"null"))
        number = int(nonce) if isinstance(nonce, (int, str)) and not isinstance(nonce, bool) else None
        name = msgspec.json.decode(message.get("id", b"null"))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return text
    if op not in OPERATIONS:
        return text
    if "id" not in keeps and name is not None:
        message["id"] = _raw(name + 1 if isinstance(name, int) else f"{name}-again")
    if "nonce" not in keeps and number is not None:
        number += _ONE_MS if number >= _PERP else 1
        payload["nonce"] = _raw(str(number) if isinstance(nonce, str) else number)
        message["payload"] = _joined(payload, text)
    return bytes(_joined(message, text)).decode()


def _raw(value: int | str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _joined(fields: dict[str, msgspec.Raw], like: str) -> msgspec.Raw:
    comma, colon = (", ", ": ") if '": ' in like else (",", ":")
    members = (msgspec.json.encode(name).decode() + colon + bytes(raw).decode() for name, raw in fields.items())
    return msgspec.Raw(("{" + comma.join(members) + "}").encode())
