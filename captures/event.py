"""The event: one row of a capture. The order of its fields is the order of the columns."""

from __future__ import annotations

from typing import Literal

import msgspec

from wsreplay.venues.envelope import Role, Sender

type Kind = Literal[
    "open",
    "text",
    "binary",
    "ping",
    "pong",
    "close",
    "end",
    "http_request",
    "http_response",
    "raw",
    "fault",
    "gap",
    "fact",
    "incident",
]
type EndedBy = Literal["fin", "rst", "timeout", "proxy"]
type Outcome = Literal["ok", "rejected", "late", "unknown"]


class Event(msgspec.Struct, kw_only=True, gc=False, array_like=True):
    """One event. Observed fields never change after recording; derived ones are rebuilt by ``decode``."""

    # Observed
    seq: int
    part: int = 0
    at_ns: int
    mono_ns: int
    first_mono_ns: int
    relay_ns: int | None = None
    conn: int | None = None
    sender: Sender
    kind: Kind
    text: str | None = None
    data: bytes | None = None
    size: int | None = None
    frames: int | None = None
    compressed: bool | None = None
    close_code: int | None = None
    close_reason: str | None = None
    ended_by: EndedBy | None = None
    signer: str | None = None
    signature_ok: bool | None = None
    token_expires: int | None = None
    # Derived
    venue: str | None = None
    role: Role | None = None
    op: str | None = None
    key: str | None = None
    reply_to: int | None = None
    latency_ns: int | None = None
    of_seq: int | None = None
    outcome: Outcome | None = None
    resolved_by: str | None = None
    channel: str | None = None
    symbol: str | None = None
    account: str | None = None
    order_id: str | None = None
    client_order_id: str | None = None
    side: str | None = None
    status: str | None = None
    error_code: str | None = None
    price: str | None = None
    qty: str | None = None
    price_num: float | None = None
    qty_num: float | None = None
    intent: str | None = None
    venue_at_ns: int | None = None
    venue_seq: int | None = None
    venue_seq_from: int | None = None


OBSERVED: tuple[str, ...] = Event.__struct_fields__[: Event.__struct_fields__.index("venue")]
DERIVED: tuple[str, ...] = Event.__struct_fields__[len(OBSERVED) :]
