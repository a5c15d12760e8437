"""Whose token it is, whether it is good and when it expires: read before redaction takes the token away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wsreplay.venues.cantondex.tokens import bearer_in, claims_in, expiry_in, holder_in, is_signed_with
from wsreplay.venues.cantondex.wire import read_message
from wsreplay.venues.envelope import Witness

if TYPE_CHECKING:
    from wsreplay.venues.envelope import HttpMessage


def witness(payload: str | bytes, secret: bytes | None) -> Witness | None:
    """Read a login. ``secret``: what signs tokens where this was said; None: that is not known."""
    message = read_message(payload)
    if message is None or message.type != "auth" or message.token is None:
        return None
    return of_token(message.token, secret)


def witness_http(message: HttpMessage, secret: bytes | None) -> Witness | None:
    """Read the token of a REST request."""
    if message.status is not None:
        return None
    for name, value in message.headers:
        if name.lower() == "authorization" and (token := bearer_in(value)) is not None:
            return of_token(token, secret)
    return None


def of_token(token: str, secret: bytes | None) -> Witness:
    """What a token shows."""
    claims = claims_in(token)
    return Witness(
        signer=None if claims is None else holder_in(claims),
        signature_ok=None if secret is None else is_signed_with(token, secret),
        token_expires=None if claims is None else expiry_in(claims),
    )
