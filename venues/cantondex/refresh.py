"""Making recorded messages good again: tokens are minted anew, orders go by the ids they have now. Sans-I/O.

A token goes on for as long as it had left when it was recorded; one that had expired has expired again, and one whose
signature was wrong is signed wrongly again. All else stays as the bot wrote it, to the byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from wsreplay.venues.cantondex.setup import DEMO_ACCOUNT
from wsreplay.venues.cantondex.times import SECOND
from wsreplay.venues.cantondex.tokens import bearer_in, claims_in, expiry_in, minted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wsreplay.venues.envelope import Envelope, HttpMessage

_LIFE_S = 3600
"""How long a token lives of which nothing is known."""
_TOKENS = ("access_token", "refresh_token")
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """A message for now."""

    text: str
    unsigned: str | None = None
    """Why a token could not be made; the recorded one stands then, and the venue will refuse it."""


class Refresher:
    """Refreshes the messages of one replay."""

    def __init__(self, secret: bytes | None, secrets: Mapping[str, str] | None = None) -> None:
        """``secret`` signs tokens. ``secrets`` by the names of their fields: ``password``, or a ``token`` to use."""
        self.order_ids: dict[str, str] = {}
        self._secret = secret
        self._secrets = dict(secrets or {})
        self._given: dict[str, str] = {}
        """Tokens of the recording, to those that this replay was given in their place."""
        self._holders: dict[str, str] = {}
        """Tokens of the recording whose holder is known."""
        self._holder = DEMO_ACCOUNT

    def learn(self, recorded: Envelope, live: Envelope) -> None:
        """An order is known by another id now."""
        if recorded.order_id is not None and live.order_id is not None:
            self.order_ids[recorded.order_id] = live.order_id

    def learn_http(self, recorded: HttpMessage, live: HttpMessage) -> None:
        """A login was answered again: its tokens are others now."""
        then, now = _fields(recorded.body), _fields(live.body)
        for name in _TOKENS:
            old, new = _string(then, name), _string(now, name)
            if old is not None and new is not None:
                self._given[old] = new

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
        """Refresh a message, or, where ``op`` is given, the body of that REST request."""
        fields = _fields(text)
        if fields is None:
            return Refreshed(text=text)
        new: dict[str, str] = {}
        unsigned = None
        if op is None:
            recorded = _string(fields, "token") if _string(fields, "type") == "auth" else None
            if recorded is not None:
                new["token"], unsigned = self._token(
                    recorded, recorded_at_ns, now_ns, signer, signature_ok is not False, token_expires
                )
        else:
            if op == "POST /auth/refresh" and (recorded := _string(fields, "refresh_token")) is not None:
                new["refresh_token"], unsigned = self._token(recorded, recorded_at_ns, now_ns, signer, typ="refresh")
            if op == "POST /auth/login" and "password" in fields and "password" in self._secrets:
                new["password"] = self._secrets["password"]
            if (order_id := _string(fields, "order_id")) in self.order_ids:
                new["order_id"] = self.order_ids[order_id or ""]
        changed = {name: value for name, value in new.items() if value != _string(fields, name)}
        if not changed:
            return Refreshed(text=text, unsigned=unsigned)
        fields |= {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in changed.items()}
        return Refreshed(text=_joined(fields, text), unsigned=unsigned)

    def refresh_url(self, url: str, *, recorded_at_ns: int, now_ns: int) -> str:
        """The address with the ids that orders have now."""
        try:
            address = urlsplit(url)
        except ValueError:
            return url
        path = "/".join(
            quote(self.order_ids[part]) if part in self.order_ids else part for part in address.path.split("/")
        )
        return url if path == address.path else urlunsplit(address._replace(path=path))

    def refresh_headers(
        self, headers: tuple[tuple[str, str], ...], *, recorded_at_ns: int, now_ns: int
    ) -> tuple[tuple[str, str], ...]:
        """The headers with a token for now."""
        fresh = []
        for name, value in headers:
            recorded = bearer_in(value) if name.lower() == "authorization" else None
            if recorded is not None:
                value = f"{value.partition(' ')[0]} {self._token(recorded, recorded_at_ns, now_ns, None)[0]}"
            fresh.append((name, value))
        return tuple(fresh)

    # Private parts

    def _token(
        self,
        recorded: str,
        recorded_at_ns: int,
        now_ns: int,
        holder: str | None,
        well_signed: bool = True,
        expires: int | None = None,
        typ: str | None = None,
    ) -> tuple[str, str | None]:
        """A token in the place of the recorded one; else that one, and why."""
        read = claims_in(recorded)
        if expires is None and read is not None:
            expires = expiry_in(read)
        left_s = _LIFE_S if expires is None else expires - recorded_at_ns // SECOND
        if holder is not None:
            self._holders[recorded] = self._holder = holder
        if well_signed and left_s > 0:
            if recorded in self._given:
                return self._given[recorded], None
            if "token" in self._secrets and typ is None:
                return self._secrets["token"], None
        if self._secret is None:
            return recorded, "there is no secret to sign a token with"
        whose = holder or self._holders.get(recorded, self._holder)
        claims = dict(read) if read is not None else {"sub": whose, "account_id": whose}
        if typ is not None:
            claims["typ"] = typ
        now_s = now_ns // SECOND
        claims |= {"iat": now_s + min(0, left_s - _LIFE_S), "exp": now_s + left_s}
        return minted(claims, self._secret if well_signed else b"a stranger to " + self._secret), None


def _fields(text: str | bytes) -> dict[str, msgspec.Raw] | None:
    try:
        return _FIELDS.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _string(fields: dict[str, msgspec.Raw] | None, name: str) -> str | None:
    try:
        value = msgspec.json.decode((fields or {}).get(name, b"null"))
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def _joined(fields: dict[str, msgspec.Raw], like: str) -> str:
    """The object written again, spaced as the bot's JSON library spaces it."""
    comma, colon = (", ", ": ") if '": ' in like else (",", ":")
    members = (msgspec.json.encode(name).decode() + colon + bytes(raw).decode() for name, raw in fields.items())
    return "{" + comma.join(members) + "}"
