"""Making a recorded session good again: keys, accounts, order hashes, storage ids, deadlines. Sans-I/O.

What this replay was given takes the place of what the recording was given; all else stays as the bot wrote it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus, urlsplit, urlunsplit

import msgspec

from wsreplay.venues.loopring.orders import MS, SECOND
from wsreplay.venues.loopring.rest_envelopes import STORAGE, SUBMIT, WS_KEY, operation_of, parameters_of
from wsreplay.venues.loopring.wire import plain, text, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wsreplay.venues.envelope import Envelope, HttpMessage

_DAY_NS = 86_400 * SECOND
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_UNSIGNED = "EdDSA over Poseidon is not made here: the recorded signature stands"


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """A frame for now."""

    text: str
    unsigned: str | None = None
    """Why it could not be signed again; the venue will refuse it."""


class Refresher:
    """Refreshes the frames, addresses and headers of one replay: it keeps what each needs from those before."""

    def __init__(
        self, secrets: Mapping[str, str], accounts: Mapping[int, int] | None = None, *, verifies: bool = True
    ) -> None:
        """``verifies``: signatures are looked at where this replay goes."""
        self._secrets = secrets
        self._accounts = accounts or {}
        self._verifies = verifies
        self._ws_keys: dict[str, str] = {}
        self._api_keys: dict[str, str] = {}
        self._hashes: dict[str, str] = {}
        self._storage_ids: dict[str, list[tuple[int, int]]] = {}
        """By the token that is sold: ids that the recording was given, and those given now."""

    # What was learnt

    def learn(self, recorded: Envelope, live: Envelope) -> None:
        """A reply came to what was sent again: its order is now known by another hash."""
        if recorded.order_id is not None and live.order_id is not None:
            self._hashes[recorded.order_id] = live.order_id

    def learn_http(self, recorded: HttpMessage, live: HttpMessage) -> None:
        """A key, or a storage id, was given then and is given now."""
        try:
            op, wanted = operation_of(recorded.method, recorded.url), parameters_of(recorded)
        except ValueError:  # an address that is none
            return
        then, now = plain(recorded.body), plain(live.body)
        if not isinstance(then, dict) or not isinstance(now, dict):
            return
        if op == WS_KEY:
            _pair(self._ws_keys, _given_key(then), _given_key(now))
        elif op == "getApiKey":
            _pair(self._api_keys, text(then.get("apiKey")), text(now.get("apiKey")))
        elif op == STORAGE:
            was, is_now = whole(then.get("orderId")), whole(now.get("orderId"))
            if was is not None and is_now is not None:
                self._storage_ids.setdefault(str(wanted.get("sellTokenId")), []).append((was, is_now))

    # What is refreshed

    def refresh(
        self,
        text: str,
        *,
        recorded_at_ns: int,
        now_ns: int,
        op: str | None = None,
        signer: str | None = None,
        signature_ok: bool | None = None,
    ) -> Refreshed:
        """Refresh a message, or, where ``op`` is given, the body of that operation over REST."""
        fields = _fields(text)
        if fields is None:
            return Refreshed(text=text)
        before = dict(fields)
        if op is None:
            self._put_topics(fields, text)
        else:
            self._put_order(fields, now_ns // SECOND - recorded_at_ns // SECOND)
        unsigned = _UNSIGNED if op == SUBMIT and "eddsaSignature" in fields and self._verifies else None
        return Refreshed(text=text if fields == before else _joined(fields, text), unsigned=unsigned)

    def refresh_url(self, url: str, *, recorded_at_ns: int, now_ns: int) -> str:
        """The address of a handshake with this run's key; of a REST request with this run's accounts and orders."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return url
        if not parts.query:
            return url
        pairs = [pair.partition("=") for pair in parts.query.split("&")]
        later_ns = now_ns - recorded_at_ns
        fresh = [
            name + sign + self._parameter(name, value, recorded_at_ns, later_ns) if value else name + sign
            for name, sign, value in pairs
        ]
        return urlunsplit(parts._replace(query="&".join(fresh)))

    def refresh_headers(
        self, headers: tuple[tuple[str, str], ...], *, recorded_at_ns: int, now_ns: int
    ) -> tuple[tuple[str, str], ...]:
        """The headers with this run's ApiKey."""
        return tuple(
            (name, self._api_key(value) if name.lower() == "x-api-key" and value else value) for name, value in headers
        )

    # Private parts

    def _put_topics(self, fields: dict[str, msgspec.Raw], like: str) -> None:
        api_key = _plain(fields, "apiKey")
        if isinstance(api_key, str) and api_key:
            fields["apiKey"] = _raw(self._api_key(api_key))
        try:
            topics = _ITEMS.decode(fields.get("topics", b"[]"))
        except msgspec.DecodeError:
            return
        fresh = [self._topic(bytes(each).decode()) for each in topics]
        if [each.encode() for each in fresh] != [bytes(each) for each in topics]:
            fields["topics"] = msgspec.Raw(f"[{_comma(like).join(fresh)}]".encode())

    def _topic(self, topic: str) -> str:
        fields = _fields(topic)
        if fields is None or "accountId" not in fields:
            return topic
        before = dict(fields)
        self._put_account(fields)
        return topic if fields == before else _joined(fields, topic)

    def _put_order(self, fields: dict[str, msgspec.Raw], later_s: int) -> None:
        self._put_account(fields)
        valid_until = whole(_plain(fields, "validUntil"))
        if valid_until:
            _put_number(fields, "validUntil", valid_until + later_s)
        sell = _plain(fields, "sellToken")
        storage_id = whole(_plain(fields, "storageId"))
        if storage_id is not None and isinstance(sell, dict):
            _put_number(fields, "storageId", self._storage_id(str(sell.get("tokenId")), storage_id))
        for name in ("orderHash", "hash"):
            known = _plain(fields, name)
            if isinstance(known, str) and known in self._hashes:
                fields[name] = _raw(self._hashes[known])

    def _put_account(self, fields: dict[str, msgspec.Raw]) -> None:
        account = whole(_plain(fields, "accountId"))
        if account is not None and account in self._accounts:
            _put_number(fields, "accountId", self._accounts[account])

    def _storage_id(self, token: str, recorded: int) -> int:
        """A bot counts on from an id that it was given: so many on from the one that is given now."""
        below = [(was, now) for was, now in self._storage_ids.get(token, ()) if was <= recorded]
        if not below:
            return recorded
        was, now = max(below)
        return now + recorded - was

    def _api_key(self, recorded: str) -> str:
        return self._api_keys.get(recorded) or self._secrets.get("apiKey", recorded)

    def _ws_key(self, recorded: str) -> str:
        if recorded in self._ws_keys:
            return self._ws_keys[recorded]
        # Where keys were asked for, one that none of the answers gave was no good then either.
        return recorded if self._ws_keys else self._secrets.get("wsApiKey", recorded)

    def _parameter(self, name: str, raw: str, recorded_at_ns: int, later_ns: int) -> str:
        value = unquote_plus(raw)
        fresh = value
        if name == "wsApiKey":
            fresh = self._ws_key(value)
        elif name == "orderHash":
            fresh = self._hashes.get(value, value)
        elif name == "accountId":
            account = whole(value)
            fresh = value if account is None else str(self._accounts.get(account, account))
        elif name in ("start", "end"):
            at_ms = whole(value)
            # A time that was near then is as near now; a date long ago stays that date.
            if at_ms is not None and abs(at_ms * MS - recorded_at_ns) < _DAY_NS:
                fresh = str(at_ms + later_ns // MS)
        return raw if fresh == value else quote(fresh, safe="")


def _given_key(answer: dict[str, Any]) -> str | None:
    return text(answer.get("key")) or text(answer.get("data"))


def _pair(known: dict[str, str], was: str | None, now: str | None) -> None:
    if was is not None and now is not None:
        known[was] = now


def _fields(text: str) -> dict[str, msgspec.Raw] | None:
    try:
        return _FIELDS.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _plain(fields: dict[str, msgspec.Raw], name: str) -> Any:
    return plain(fields[name]) if name in fields else None


def _put_number(fields: dict[str, msgspec.Raw], name: str, number: int) -> None:
    """In the type that the bot gave it."""
    fields[name] = _raw(str(number) if isinstance(_plain(fields, name), str) else number)


def _raw(value: int | str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _comma(like: str) -> str:
    return ", " if '": ' in like else ","


def _joined(fields: dict[str, msgspec.Raw], like: str) -> str:
    """The object written again, spaced as the bot's JSON library spaces it."""
    colon = ": " if '": ' in like else ":"
    members = (msgspec.json.encode(name).decode() + colon + bytes(raw).decode() for name, raw in fields.items())
    return "{" + _comma(like).join(members) + "}"
