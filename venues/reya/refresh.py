"""Making a recorded frame good again: ids, then deadline, then nonce, then signature. Sans-I/O.

Only the values that went stale are replaced; every other byte of a value stays as the bot wrote it, and fields keep
their order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from wsreplay.venues.eip712 import keccak256
from wsreplay.venues.keys import address_of, sign_digest
from wsreplay.venues.reya.networks import Network, is_spot
from wsreplay.venues.reya.renewals import Renewals
from wsreplay.venues.reya.signing import digest_of
from wsreplay.venues.reya.wire import OPERATIONS, Payload, read_payload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wsreplay.venues.envelope import Envelope


class RefreshContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a frame needs to be good now."""

    now_ns: int
    recorded_at_ns: int
    """When the frame was sent in the recording: its deadline minus this is how long it was meant to live."""
    key: bytes
    """The private key that signs for the replay."""
    network: Network
    markets: Mapping[str, int]
    """Market numbers by symbol, at the place where the frame goes now."""
    renewals: Renewals
    """Kept over the whole replay."""
    order_ids: Mapping[str, str] = {}
    """Order ids of the recording to those that this replay's creates were given."""
    accounts: Mapping[int, int] = {}
    """Accounts of the recording to those that the key may act for; one that is missing stays."""
    signer: str | None = None
    """Who signed the frame in the recording, where that is known."""
    signature_was_good: bool = True
    """False: the frame's signature was wrong when it was recorded, and is made wrong again."""


class Refresher:
    """Refreshes the frames of one replay: it keeps what each needs from those before."""

    def __init__(
        self, key: bytes, network: Network, markets: Mapping[str, int], accounts: Mapping[int, int] | None = None
    ) -> None:
        self.order_ids: dict[str, str] = {}
        self._context = RefreshContext(
            now_ns=0,
            recorded_at_ns=0,
            key=key,
            network=network,
            markets=markets,
            renewals=Renewals(),
            order_ids=self.order_ids,
            accounts=accounts or {},
        )

    def learn(self, recorded: Envelope, live: Envelope) -> None:
        """A reply came to what was sent again: its order is now known by another id."""
        if recorded.order_id is not None and live.order_id is not None:
            self.order_ids[recorded.order_id] = live.order_id

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
        """Refresh a message, or, where ``op`` is given, the body of that operation over REST.

        ``signer`` and ``signature_ok`` are what was witnessed when it was recorded.
        """
        context = msgspec.structs.replace(
            self._context,
            now_ns=now_ns,
            recorded_at_ns=recorded_at_ns,
            signer=signer,
            signature_was_good=signature_ok is not False,
        )
        return refresh(text, context) if op is None else refresh_payload(op, text, context)


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """A frame for now."""

    text: str
    changed: tuple[str, ...] = ()
    """Names of the fields that were replaced."""
    unsigned: str | None = None
    """Why it could not be signed again; the old signature stands then, and the venue will refuse it."""


_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def refresh(text: str, context: RefreshContext) -> Refreshed:
    """Refresh one WebSocket message. What is no signed operation comes back as it is."""
    envelope = _fields(text)
    if envelope is None or "payload" not in envelope:
        return Refreshed(text=text)
    try:
        op = msgspec.json.decode(envelope.get("type", b"null"))
    except msgspec.DecodeError:
        return Refreshed(text=text)
    if op not in OPERATIONS:
        return Refreshed(text=text)
    payload = refresh_payload(op, bytes(envelope["payload"]).decode(), context)
    if not payload.changed:
        return Refreshed(text=text, unsigned=payload.unsigned)
    envelope["payload"] = msgspec.Raw(payload.text.encode())
    return Refreshed(text=_joined(envelope, text), changed=payload.changed, unsigned=payload.unsigned)


def refresh_payload(op: str, text: str, context: RefreshContext) -> Refreshed:
    """Refresh a payload alone: the body of the same operation over REST."""
    fields = _fields(text)
    if fields is None:
        return Refreshed(text=text)
    changed: list[str] = []

    def put(name: str, value: int | str) -> None:
        new = msgspec.json.encode(value)
        if name in fields and bytes(fields[name]) != new:
            fields[name] = msgspec.Raw(new)
            changed.append(name)

    recorded = _payload(fields)
    if recorded.order_id is not None:
        put("orderId", context.order_ids.get(str(recorded.order_id), recorded.order_id))
    account = _whole(recorded.account_id)
    if account is not None:
        put("accountId", context.accounts.get(account, account))
    if recorded.signer_wallet is not None:
        put("signerWallet", address_of(context.key))
    _put_deadline_and_nonce(op, recorded, context, _whole(_payload(fields).account_id), put)
    unsigned = None
    if "signature" in fields:
        try:
            put("signature", _signature(op, _payload(fields), context))
        except ValueError as wrong:
            unsigned = str(wrong)
    if not changed:
        return Refreshed(text=text, unsigned=unsigned)
    return Refreshed(text=_joined(fields, text), changed=tuple(changed), unsigned=unsigned)


def _put_deadline_and_nonce(
    op: str, recorded: Payload, context: RefreshContext, account: int | None, put: Callable[[str, int | str], None]
) -> None:
    signer = (context.signer or recorded.signer_wallet or f"account {recorded.account_id}").lower()
    nonce = _whole(recorded.nonce)
    for name, value in (("deadline", recorded.deadline), ("expiresAfter", recorded.expires_after)):
        deadline = _whole(value)
        if deadline is not None:
            put(
                name,
                context.renewals.deadline(signer, nonce or 0, deadline, context.recorded_at_ns, context.now_ns),
            )
    if nonce is None:
        return
    market_id = context.markets.get(recorded.symbol or "")
    old_perp_order = op == "createOrder" and recorded.deadline is None and not is_spot(recorded.symbol or "")
    if old_perp_order and market_id is not None and account is not None:
        renewed = context.renewals.perp_nonce(signer, nonce, context.now_ns, account, market_id)
    else:
        renewed = context.renewals.nonce(signer, nonce, context.now_ns)
    put("nonce", str(renewed) if isinstance(recorded.nonce, str) else renewed)


def _signature(op: str, payload: Payload, context: RefreshContext) -> str:
    market_id = None if payload.symbol is None else context.markets.get(payload.symbol)
    digest = digest_of(op, payload, context.network, market_id)
    # A key that nobody authorised, so that what was refused for its signature is refused again.
    key = context.key if context.signature_was_good else keccak256(b"a stranger to " + context.key)
    return sign_digest(digest, key)


def _fields(text: str) -> dict[str, msgspec.Raw] | None:
    try:
        return _FIELDS.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _payload(fields: dict[str, msgspec.Raw]) -> Payload:
    return read_payload({name: msgspec.json.decode(raw) for name, raw in fields.items()})


def _whole(value: int | str | None) -> int | None:
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) <= 78 else None
    return value


def _joined(fields: dict[str, msgspec.Raw], like: str) -> str:
    """The object written again, spaced as the bot's JSON library spaces it."""
    wide = '": ' in like
    comma, colon = (", ", ": ") if wide else (",", ":")
    members = (msgspec.json.encode(name).decode() + colon + bytes(raw).decode() for name, raw in fields.items())
    return "{" + comma.join(members) + "}"
