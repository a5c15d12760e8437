"""The generic dialect: any venue that speaks JSON is readable without a line of code.

Facts are found under the names that venues use for them (:mod:`.names`); a map file says where a venue is different
(:mod:`.mapping`). What a message is follows from who sent it and from its shape:

- a client sends requests, apart from heartbeats;
- a venue's message with a request's id is its reply, unless its operation is news by name ("update", "snapshot");
- without an id it is a reply if it looks like one ("subscribed", "auth_response", a ``result``), an ``error`` if it
  reports one, else a push.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from wsreplay.venues.dialect import Secrets
from wsreplay.venues.envelope import Envelope
from wsreplay.venues.generic.bodies import as_object, body_of
from wsreplay.venues.generic.findings import Finder, Findings
from wsreplay.venues.generic.orders import envelope_of_order, intent_in, looks_like_an_order, order_id_in
from wsreplay.venues.generic.subscriptions import subscriptions_in
from wsreplay.venues.generic.values import NotJsonError, read_json
from wsreplay.venues.generic.verdict import UNNAMED, refusal_in, refusal_of
from wsreplay.venues.generic.words import Word, better_op, channel_in, repeats_an_id, word

if TYPE_CHECKING:
    from wsreplay.venues.envelope import HttpMessage, Role, Sender, Witness
    from wsreplay.venues.generic.description import Mapping

_NOTHING = Envelope()
_WORDLESS = word("")
_UNPACKED = 8 << 20
"""The longest message that is unpacked: a few kilobytes of gzip can stand for gigabytes."""


class GenericDialect:
    """Any venue; with a mapping, the one that a user described."""

    version = 2

    def __init__(self, mapping: Mapping | None = None) -> None:
        self.mapping = mapping
        self.name = "generic" if mapping is None else mapping.name
        self.hosts: frozenset[str] = frozenset() if mapping is None else mapping.hosts
        self.production_hosts = frozenset({"*"}) if mapping is None else mapping.production_hosts
        self.secrets = Secrets() if mapping is None else mapping.secrets
        self._finder = Finder()

    def decode(self, payload: str | bytes, sender: Sender) -> Envelope:
        """Read one WebSocket message. Never raises: what it can't read is ``Envelope()``."""
        try:
            message = read_json(payload)
        except NotJsonError:
            return self._read_no_json(payload, sender)
        if type(message) is dict and message:
            return self._read(message, message, sender)
        if type(message) is list and message:
            return self._read(as_object(message), message, sender)
        return _heartbeat(message) if type(message) is str else _NOTHING

    def decode_http(self, message: HttpMessage, request: HttpMessage | None) -> Envelope:
        """Read one REST message; ``request`` is given with a response. Never raises."""
        asked = message if message.status is None else request
        if asked is None:
            return _NOTHING
        try:
            url = urlsplit(asked.url)
        except ValueError:  # an address that is none
            return _NOTHING
        op = f"{asked.method.upper()} {url.path or '/'}"
        body = body_of(message)
        if message.status is not None:
            return self._read_response(as_object(body), body, op, message.status)
        if type(body) is list:
            return self._read(as_object(body), body, "client", op)
        fields = {**dict(parse_qsl(url.query)), **(body if type(body) is dict else {})}
        return self._read(fields, fields, "client", op)

    def witness(self, payload: str | bytes, sender: Sender) -> Witness | None:
        """Nothing: what a secret shows is different at every venue."""
        return None

    def refusal(self, payload: str | bytes, code: str, message: str) -> str | None:
        """What most venues would say: the request's id where it stood, and an error. Never raises."""
        return refusal_of(payload, self.decode(payload, "client").key, code, message)

    # What came over a socket

    def _read_no_json(self, payload: str | bytes, sender: Sender) -> Envelope:
        if isinstance(payload, str):
            return _heartbeat(payload.strip()) if len(payload) <= 32 else _NOTHING
        if payload[:2] != b"\x1f\x8b":
            return _NOTHING
        # Gzip in binary frames is how some venues compress.
        try:
            unpacked = zlib.decompressobj(31).decompress(payload, _UNPACKED)
            return self.decode(unpacked.decode(), sender)
        except (zlib.error, UnicodeDecodeError):
            return _NOTHING

    def _read(self, message: dict[str, Any], whole: Any, sender: Sender, http_op: str | None = None) -> Envelope:
        found, rows = self._finder.find(message)
        mapping = self.mapping
        if mapping is not None:
            rows = mapping.read(whole, sender, found, rows)
        op = http_op
        if op is None:
            op = found.op
        about = _WORDLESS if op is None else word(op)
        if about.vague and http_op is None and op is not None:
            op = better_op(op, message)
            about = _WORDLESS if op is None else word(op)
        said = None if mapping is None else mapping.role_of(op)
        if said == "heartbeat" or (said is None and (about.heartbeat or _is_bare_heartbeat(message))):
            return Envelope(role="heartbeat", op=op or next(iter(message)), key=found.key)
        channel = channel_in(found.channel, found.arguments, op)
        if sender == "client":
            return self._request(found, rows, op, about, channel, whole)
        return self._from_venue(found, rows, op, about, channel, said)

    def _request(
        self,
        found: Findings,
        rows: list[dict[str, Any]] | None,
        op: str | None,
        about: Word,
        channel: str | None,
        whole: Any,
    ) -> Envelope:
        mapping = self.mapping
        intent = None
        if found.side is None:
            found.side = about.side
        if found.qty is not None and found.side is not None:
            if found.order_type == op:
                found.order_type = None
            creates = not about.creates_none and found.order_id is None
            if mapping is not None and mapping.creating:
                creates = op in mapping.creating
            if creates:
                intent = intent_in(found, () if mapping is None else mapping.identity_in(whole))
        return Envelope(
            role="request",
            op=op,
            key=found.key or found.weak_key,
            replies=_may_be_answered(op, found, intent) if mapping is None else op not in mapping.unanswered,
            channel=channel,
            symbol=found.symbol,
            account=found.account,
            order_id=found.order_id,
            client_order_id=found.client_order_id,
            side=found.side,
            price=found.price,
            qty=found.qty,
            intent=intent,
            parts=subscriptions_in(op, channel, found, rows, self._finder),
        )

    def _from_venue(
        self,
        found: Findings,
        rows: list[dict[str, Any]] | None,
        op: str | None,
        about: Word,
        channel: str | None,
        said: Role | None,
    ) -> Envelope:
        mapping = self.mapping
        if mapping is None or not mapping.names_error_code:
            error_code = refusal_in(found, about.refusal or said == "error")
        else:
            error_code = found.error_code or (UNNAMED if said == "error" else None)
        key = found.key
        answers = about.answer or found.result is not None
        if key is None and (answers or error_code is not None):
            key = found.weak_key
        about_orders = about.about_orders or (channel is not None and "order" in channel.lower())
        order_id = order_id_in(found, about_orders)
        role = said or _role(key, error_code, about, answers, order_id is not None)
        parts = self._orders_in(rows, about_orders) if rows is not None and len(rows) > 1 else ()
        if (
            key is error_code is order_id is found.client_order_id is found.status is found.account is None
            and not parts
        ):
            # Market data, nearly all that venues send. Naming the fields that stay empty would cost four times as much.
            return Envelope(
                role=role,
                op=op,
                channel=channel,
                symbol=found.symbol,
                side=found.side,
                price=found.price,
                qty=found.qty,
                venue_at_ns=found.time,
            )
        # An error that names no request is about what was just said.
        newest = error_code is not None and (self._repeats_an_id(error_code) if key is not None else role == "error")
        return Envelope(
            role=role,
            op=op,
            key=key,
            answers="newest" if newest else "oldest",
            channel=channel,
            symbol=found.symbol,
            account=found.account,
            order_id=order_id,
            client_order_id=found.client_order_id,
            side=found.side,
            status=found.status,
            error_code=error_code,
            price=found.price,
            qty=found.qty,
            venue_at_ns=found.time,
            parts=parts,
        )

    # What came over REST

    def _read_response(self, message: dict[str, Any], whole: Any, op: str, status: int) -> Envelope:
        found, rows = self._finder.find(message)
        if self.mapping is not None:
            rows = self.mapping.read(whole, "venue", found, rows)
        about_orders = word(op).about_orders
        parts = self._orders_in(rows, about_orders) if rows is not None and status < 400 else ()
        if parts:
            # What was found in the list's first order is said by its part.
            found, _ = self._finder.find({name: value for name, value in message.items() if type(value) is not list})
        asks = op.startswith("GET ")
        if asks:
            # An order that the venue shows as rejected is no refusal to show it.
            order_status, found.status = found.status, None
        error_code = refusal_in(found, False)
        if asks:
            found.status = order_status
        if error_code is None and status >= 400:
            error_code = str(status)
        return Envelope(
            role="reply",
            op=op,
            key=found.key,
            symbol=found.symbol,
            account=found.account,
            order_id=order_id_in(found, about_orders),
            client_order_id=found.client_order_id,
            side=found.side,
            status=found.status,
            error_code=error_code,
            price=found.price,
            qty=found.qty,
            venue_at_ns=found.created or found.time,
            parts=parts,
        )

    # Orders and refusals, as the map file or the general rules have them

    def _orders_in(self, rows: list[dict[str, Any]], about_orders: bool) -> tuple[Envelope, ...]:
        orders: list[Envelope] = []
        for row in rows:
            if type(row) is not dict:
                continue
            found = self._finder.find_inside(row)
            if self.mapping is not None:
                self.mapping.read_order(row, found)
            if not orders and not looks_like_an_order(found, about_orders):
                return ()
            order = envelope_of_order(found)
            if order is not None:
                orders.append(order)
        return tuple(orders)

    def _repeats_an_id(self, error_code: str) -> bool:
        if self.mapping is not None and self.mapping.repeated_id:
            return error_code in self.mapping.repeated_id
        return repeats_an_id(error_code)


def _may_be_answered(op: str | None, found: Findings, intent: str | None) -> bool:
    """Whether a reply could be told to belong to this: what has neither id nor operation nor order never pairs."""
    return op is not None or intent is not None or (found.key or found.weak_key) is not None


def _role(key: str | None, error_code: str | None, about: Word, answers: bool, names_order: bool) -> Role:
    if about.push:
        return "push"
    if key is not None:
        return "error" if about.refusal else "reply"
    if answers:
        return "reply"
    if error_code is not None and not names_order:
        return "error"
    return "push"


def _heartbeat(text: str) -> Envelope:
    return Envelope(role="heartbeat", op=text) if word(text).heartbeat else _NOTHING


def _is_bare_heartbeat(message: dict[str, Any]) -> bool:
    """``{"ping": 1492420473027}``."""
    return len(message) == 1 and word(next(iter(message))).heartbeat
