"""What matters about an event, in words: what it is, the facts in it, and what is left as payload."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from wsreplay.captures.event import Event
from wsreplay.captures.units import duration
from wsreplay.captures.wire import Handshake

_SWITCHED = 101


class Facts(NamedTuple):
    """An event in words, still as strangers wrote them."""

    what: str
    said: str = ""
    payload: str | bytes = ""
    bad: bool = False
    """Something went wrong here."""


class _Rest(msgspec.Struct):
    """The JSON of an ``http_request`` or ``http_response`` row."""

    method: str = ""
    url: str = ""
    status: int | None = None
    reason: str = ""
    error: str = ""
    body: str = ""


class _Gap(msgspec.Struct):
    reason: str = ""
    records: int | None = None
    bytes: int | None = None


class _Found(msgspec.Struct):
    certainty: str = "possible"
    summary: str = ""


class _Struck(msgspec.Struct):
    fault: str = ""


_found = msgspec.json.Decoder(_Found)
_struck = msgspec.json.Decoder(_Struck)
_handshake = msgspec.json.Decoder(Handshake)
_rest = msgspec.json.Decoder(_Rest)
_gap = msgspec.json.Decoder(_Gap)


def facts_of(event: Event, relayed: bool = True) -> Facts:
    """The event in words. ``relayed``: whether a message without a time of relay was never handed on."""
    kind = event.kind
    if kind in ("text", "binary"):
        return _message(event, relayed)
    try:
        if kind == "open":
            return _open(event)
        if kind in ("http_request", "http_response"):
            return _http(event)
        if kind == "gap":
            return _lost(event)
        if kind == "incident":
            found = _found.decode(event.text or "{}")
            return Facts(event.op or kind, f"{found.certainty}: {found.summary}", bad=True)
        if kind == "fault":
            return Facts(kind, _struck.decode(event.text or "{}").fault, bad=True)
    except msgspec.MsgspecError:
        return Facts(kind, payload=event.text or "", bad=True)
    if kind == "close":
        return _close(event, relayed)
    if kind == "end":
        return _end(event)
    if kind == "fact":
        return _fact(event)
    if kind == "raw":
        return Facts(kind, "not a message", _payload(event), bad=True)
    return Facts(kind, ", ".join(_order(event)), _payload(event))


def _message(event: Event, relayed: bool) -> Facts:
    said = [*_answers(event), *_order(event)]
    if relayed and event.relay_ns is None:
        said.append("never handed on")
    return Facts(
        event.op or event.kind,
        ", ".join(said),
        _payload(event),
        bad=event.role == "error" or event.error_code is not None or (relayed and event.relay_ns is None),
    )


def _order(event: Event) -> list[str]:
    """The facts of an order in this row, as far as there are any."""
    said = []
    deal = [word for word in (event.symbol, event.side, event.qty) if word]
    if event.price:
        deal.append(f"@ {event.price}")
    if deal:
        said.append(" ".join(deal))
    if event.status:
        said.append(event.status)
    if event.error_code:
        said.append(f"error {event.error_code}")
    for name, value in (
        ("order", event.order_id),
        ("client order", event.client_order_id),
        ("key", event.key),
        ("on", event.channel),
    ):
        if value:
            said.append(f"{name} {value}")
    return said


def _answers(event: Event) -> list[str]:
    if event.reply_to is None:
        return []
    after = f" after {duration(event.latency_ns)}" if event.latency_ns is not None else ""
    return [f"answers {event.reply_to}{after}"]


def _open(event: Event) -> Facts:
    handshake = _handshake.decode(event.text or "{}")
    to = handshake.url + (f" ({handshake.upstream})" if handshake.upstream else "")
    took = f" after {duration(event.mono_ns - handshake.asked_mono_ns)}" if handshake.asked_mono_ns else ""
    if handshake.error:
        return Facts("open", f"{to} failed{took}: {handshake.error}", bad=True)
    if handshake.status != _SWITCHED:
        return Facts(
            "open", f"{to} refused{took}: {handshake.status} {handshake.reason}".rstrip(), handshake.body, bad=True
        )
    return Facts("open", f"{to}{took}")


def _http(event: Event) -> Facts:
    exchange = _rest.decode(event.text or "{}")
    body = exchange.body or event.data or b""
    if event.kind == "http_request":
        return Facts(exchange.method or event.kind, ", ".join([exchange.url, *_order(event)]), body)
    status = f"{exchange.status or ''} {exchange.error or exchange.reason}".strip()
    said = [status, *_answers(event), *_order(event)]
    bad = exchange.status is None or exchange.status >= 400 or event.error_code is not None
    return Facts(event.op or "response", ", ".join(said), body, bad=bad)


def _lost(event: Event) -> Facts:
    gap = _gap.decode(event.text or "{}")
    amount = f", {gap.records} records lost" if gap.records else ""
    return Facts("gap", f"{gap.reason}{amount}", bad=True)


def _close(event: Event, relayed: bool) -> Facts:
    code = "without a code" if event.close_code is None else str(event.close_code)
    said = [event.close_reason] if event.close_reason else []
    if relayed and event.relay_ns is None:
        said.append("never handed on")
    return Facts(f"close {code}", ", ".join(said), event.data or b"", bad=event.close_code not in (None, 1000, 1001))


def _end(event: Event) -> Facts:
    side = "the bot's side" if event.sender == "client" else "the venue's side"
    words = {
        "fin": f"{side} ended",
        "rst": f"{side} was reset",
        "timeout": f"{side} timed out",
        "proxy": f"{side} was closed by the proxy",
    }
    how = event.ended_by or ""
    return Facts(f"end {how}".rstrip(), words.get(how, f"{side} is over"), bad=how in ("rst", "timeout"))


def _fact(event: Event) -> Facts:
    if event.of_seq is not None and event.outcome is not None:
        said = [f"request {event.of_seq}: {event.outcome}"]
        if event.resolved_by:
            said.append(f"by {event.resolved_by}")
        said += _order(event)
        return Facts(event.op or event.kind, ", ".join(said), bad=event.outcome != "ok")
    if event.op == "malformed":
        return Facts("malformed", event.error_code or "", bad=True)
    return Facts(event.op or event.kind, ", ".join(_order(event)), event.text or "", bad=event.error_code is not None)


def _payload(event: Event) -> str | bytes:
    return event.text if event.text is not None else event.data or b""
