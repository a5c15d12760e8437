"""What a dialect says about one message: the envelope, and the facts of an order in it."""

from __future__ import annotations

from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, InvalidOperation
from hashlib import blake2b
from typing import Literal

import msgspec

type Sender = Literal["client", "venue", "proxy"]
type Role = Literal["request", "reply", "push", "error", "heartbeat"]
type Answers = Literal["oldest", "newest", "none"]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message, as far as its venue's dialect understands it.

    Every field may be missing: ``Envelope()`` is a message that says nothing to us.
    """

    role: Role | None = None
    op: str | None = None
    """The venue's own word for the operation."""
    key: str | None = None
    """The correlation key (request id); None where the venue has none, and then requests pair FIFO by (op, channel)."""
    answers: Answers = "oldest"
    """Which request in flight with this key a reply or error ends. A refused second use of an id ends the newest.
    None: it is about something that was no request, as a message that nobody could read."""
    replies: bool = True
    """False for a request that this venue never answers (a stream's SUBSCRIBE): it is not kept in flight.

    A reply with its key that comes all the same answers it.
    """
    channel: str | None = None
    symbol: str | None = None
    account: str | None = None
    order_id: str | None = None
    client_order_id: str | None = None
    side: Literal["buy", "sell"] | None = None
    status: str | None = None
    error_code: str | None = None
    """Set on a refusal; a reply without one is an acceptance."""
    price: str | None = None
    qty: str | None = None
    """Exact decimal text, as the venue wrote it."""
    intent: str | None = None
    """See :func:`intent_of`; only on requests that create an order."""
    venue_at_ns: int | None = None
    venue_seq: int | None = None
    """Where a push stands in its channel's own numbering. The next one goes on by one, or begins where this ended."""
    venue_seq_from: int | None = None
    """Where it begins, if it spans several numbers. A push of status ``snapshot`` begins the numbering anew."""
    parts: tuple[Envelope, ...] = ()
    """Further facts of the same message: one for each order in a bulk update or a list.

    A request that begins or ends subscriptions has one part a channel: ``op`` is ``subscribe`` or ``unsubscribe``,
    whatever the venue calls it, and ``channel`` is what pushes carry; without a channel all of them end. Where pushes
    carry only the request's ``key`` and ``channel``, the one part may say more: they are taken for its channel's.
    """


class HttpMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A REST request or its response, as a dialect reads it. ``status`` is None on a request."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    status: int | None = None


class Witness(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Facts that only the secret shows, worked out before redaction takes it away."""

    signer: str | None = None
    signature_ok: bool | None = None
    token_expires: int | None = None


_WIDE = Context(prec=1_000_000, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""Wide enough for whatever somebody writes into a message: nothing overflows, nothing is rounded."""


def exact_decimal(value: object) -> str | None:
    """The number as canonical decimal text ("1.50" and "15e-1" are both "1.5"), or None if it is none.

    For comparing. What is shown and stored is the venue's own text.
    """
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    text = format(number, "f") if abs(number.adjusted()) < 100 else str(_WIDE.normalize(number))
    if "." in text and "E" not in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def intent_of(*identity: object) -> str:
    """A stable hash of an order's business identity: equal intent means the same order wanted again.

    Give it every field that makes the order what it is, numbers through :func:`exact_decimal`, and none of
    its ids, nonces, deadlines or signatures.
    """
    text = "\x1f".join("" if part is None else str(part) for part in identity)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
