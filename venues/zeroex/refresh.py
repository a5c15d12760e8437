"""Making a recorded frame good again: request ids, and of orders the maker, expiration, salt and signature. Sans-I/O.

Only what went stale is replaced; every other value stays as the bot wrote it, and members keep their order.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import msgspec

from wsreplay.venues.eip712 import keccak256
from wsreplay.venues.keys import address_of
from wsreplay.venues.zeroex.orders import Order, order_digest, order_hash, whole
from wsreplay.venues.zeroex.rest_envelopes import POST
from wsreplay.venues.zeroex.signatures import sign_order
from wsreplay.venues.zeroex.wire import read_order

if TYPE_CHECKING:
    from wsreplay.venues.envelope import Envelope, HttpMessage

SECOND = 1_000_000_000
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """A frame for now."""

    text: str
    changed: tuple[str, ...] = ()
    """Names of the members that were replaced."""
    unsigned: str | None = None
    """Why it could not be signed again; the old signature stands then, and the venue will refuse it."""


class Refresher:
    """Refreshes the frames of one replay: it keeps what each needs from those before."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._maker = address_of(key).lower()
        self._began_ns: int | None = None
        """When the replay began: what is drawn anew depends on it and on what was recorded, and on nothing else."""
        self.order_hashes: dict[str, str] = {}
        """Of the recording to those of this replay."""
        self._expirations: dict[tuple[str | None, int, str], int] = {}

    def learn(self, recorded: Envelope, live: Envelope) -> None:
        """An order of the recording is known by another hash now."""
        if recorded.order_id is not None and live.order_id is not None:
            self.order_hashes[recorded.order_id] = live.order_id

    def learn_http(self, recorded: HttpMessage, live: HttpMessage) -> None:
        """Nothing: no answer carries what a later request needs."""

    def refresh_url(self, url: str, *, recorded_at_ns: int, now_ns: int) -> str:
        """The address with the order hash of now, where it names one of the recording."""
        address = urlsplit(url)
        parts = [self.order_hashes.get(part, part) for part in address.path.split("/")]
        return urlunsplit(address._replace(path="/".join(parts)))

    def refresh_headers(
        self, headers: tuple[tuple[str, str], ...], *, recorded_at_ns: int, now_ns: int
    ) -> tuple[tuple[str, str], ...]:
        """The same headers: none goes stale."""
        return headers

    def refresh(
        self,
        text: str,
        *,
        recorded_at_ns: int,
        now_ns: int,
        op: str | None = None,
        signer: str | None = None,
        signature_ok: bool | None = None,
        token_expires: int | None = None,
    ) -> Refreshed:
        """Refresh a message, or, with ``op``, the body of that operation over REST."""
        if self._began_ns is None:
            self._began_ns = now_ns
        fields = _fields(text)
        if fields is None:
            return Refreshed(text=text)
        if op is None:
            return self._subscription(text, fields)
        return self._order(text, fields, now_ns - recorded_at_ns, signature_ok) if op == POST else Refreshed(text=text)

    def _subscription(self, text: str, fields: dict[str, msgspec.Raw]) -> Refreshed:
        """A request id for now: at the reference server a used one may still be somebody's."""
        if bytes(fields.get("type", b"")) != b'"subscribe"' or not bytes(fields.get("requestId", b"")).startswith(b'"'):
            return Refreshed(text=text)
        recorded = msgspec.json.decode(fields["requestId"])
        renewed = str(UUID(bytes=self._drawn("request", recorded, 16), version=4))
        fields["requestId"] = msgspec.Raw(msgspec.json.encode(renewed))
        return Refreshed(text=_joined(fields, text), changed=("requestId",))

    def _order(self, text: str, fields: dict[str, msgspec.Raw], later_ns: int, signature_ok: bool | None) -> Refreshed:
        recorded = read_order(text.encode())
        if recorded is None:
            return Refreshed(text=text)
        changed: list[str] = []

        def put(name: str, value: str | None) -> None:
            new = msgspec.json.encode(value)
            if value is not None and name in fields and bytes(fields[name]) != new:
                fields[name] = msgspec.Raw(new)
                changed.append(name)

        put("makerAddress", self._maker)
        put("expirationTimeSeconds", self._expiration(recorded, later_ns))
        if whole(recorded.salt) is not None:
            put("salt", str(int.from_bytes(self._drawn("salt", str(recorded.salt), 32))))
        unsigned = self._sign(fields, put, signature_ok) if "signature" in fields else None
        renewed = read_order(_joined(fields, text).encode())
        old, new = order_hash(recorded), None if renewed is None else order_hash(renewed)
        if old is not None and new is not None:
            self.order_hashes[old] = new
        return Refreshed(text=_joined(fields, text) if changed else text, changed=tuple(changed), unsigned=unsigned)

    def _sign(self, fields: dict[str, msgspec.Raw], put: _Put, signature_ok: bool | None) -> str | None:
        order: Order | None = read_order(_joined(fields, "").encode())
        digest = None if order is None else order_digest(order)
        if order is None or digest is None:
            return "it is no whole order"
        # A key that nobody trusts, so that what was refused for its signature is refused again.
        key = self._key if signature_ok is not False else keccak256(b"a stranger to " + self._key)
        put("signature", sign_order(digest, key))
        return None

    def _expiration(self, recorded: Order, later_ns: int) -> str | None:
        """The same time to live, from now on; the same again for the very same order."""
        expires_s = whole(recorded.expiration_time_seconds)
        if expires_s is None:
            return None
        order = (recorded.maker_address, expires_s, str(recorded.salt))
        return str(self._expirations.setdefault(order, max(0, expires_s + later_ns // SECOND)))

    def _drawn(self, what: str, recorded: str, size: int) -> bytes:
        seed = f"{what}\x1f{recorded}\x1f{self._began_ns}".encode()
        return blake2b(seed, digest_size=size).digest()


if TYPE_CHECKING:
    from collections.abc import Callable

    type _Put = Callable[[str, str | None], None]


def _fields(text: str) -> dict[str, msgspec.Raw] | None:
    try:
        return _FIELDS.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _joined(fields: dict[str, msgspec.Raw], like: str) -> str:
    """The object written again, spaced as the bot's JSON library spaces it."""
    comma, colon = (", ", ": ") if '": ' in like else (",", ":")
    members = (msgspec.json.encode(name).decode() + colon + bytes(raw).decode() for name, raw in fields.items())
    return "{" + comma.join(members) + "}"
