"""REST exchanges as rows of a capture: the JSON of ``http_request`` and ``http_response``.

A body that is text stands in the JSON as ``body``; any other stands in the row's ``data``, and the JSON has no
``body``. What was compressed on its way is kept unpacked, for as far as it keeps within a bound; the headers stay as
they were.
"""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

from wsreplay.captures.event import Event
from wsreplay.captures.wire import Exchange, Record, What

_BOUND = 16 << 20
"""The longest body that is unpacked: a few kilobytes can stand for gigabytes."""
_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS


def rows_of_exchange(record: Record, seq: int) -> list[Event]:
    """The rows that a record of an exchange brings.

    An ASKED brings the request. An HTTP brings the response, if there was one, and before it the request where no ASKED
    has told it: that is stamped with when it was asked all the same.
    """
    exchange = msgspec.json.decode(record.body, type=Exchange)
    if record.what == What.ASKED:
        return [_request(exchange, record, seq, record.at_ns, record.mono_ns)]
    rows = []
    if not exchange.asked_before:
        at_ns, mono_ns = exchange.asked_at_ns or record.at_ns, exchange.asked_mono_ns or record.mono_ns
        rows.append(_request(exchange, record, seq, at_ns, mono_ns))
    if exchange.status is not None or exchange.error:
        rows.append(_response(exchange, record, seq + len(rows)))
    return rows


def _request(exchange: Exchange, record: Record, seq: int, at_ns: int, mono_ns: int) -> Event:
    text, data = _row(
        {"method": exchange.method, "url": exchange.url, "upstream": exchange.upstream, "headers": exchange.request},
        exchange.request_body,
        exchange.request,
        exchange.cut,
    )
    return Event(
        seq=seq,
        at_ns=at_ns,
        mono_ns=mono_ns,
        first_mono_ns=exchange.asked_mono_ns or mono_ns,
        conn=record.conn or None,
        sender="client",
        kind="http_request",
        text=text,
        data=data,
        size=len(exchange.request_body),
    )


def _response(exchange: Exchange, record: Record, seq: int) -> Event:
    answer: dict[str, Any] = {"reason": exchange.reason, "headers": exchange.response}
    if exchange.status is not None:
        answer = {"status": exchange.status, **answer}
    if exchange.error:
        answer["error"] = exchange.error
    text, data = _row(answer, exchange.response_body, exchange.response, exchange.cut)
    return Event(
        seq=seq,
        at_ns=record.at_ns,
        mono_ns=record.mono_ns,
        first_mono_ns=record.mono_ns,
        relay_ns=record.relay_ns if record.relay_ns >= 0 else None,
        conn=record.conn or None,
        sender="venue",
        kind="http_response",
        text=text,
        data=data,
        size=len(exchange.response_body),
    )


def unpacked(body: bytes, headers: list[tuple[str, str]], cut: bool) -> bytes:
    """The body without its content-encoding, or as it is where that can't be undone within the bound."""
    codings = ",".join(value.lower() for name, value in headers if name.lower() == "content-encoding")
    for coding in reversed([coding.strip() for coding in codings.split(",")]):
        if coding in ("", "identity"):
            continue
        plain = _decoded(body, coding, cut)
        if plain is None:
            return body
        body = plain
    return body


def _row(head: dict[str, Any], body: bytes, headers: list[tuple[str, str]], cut: bool) -> tuple[str, bytes | None]:
    body = unpacked(body, headers, cut)
    data = None
    try:
        head["body"] = body.decode()
    except UnicodeDecodeError:
        data = body
    if cut:
        head["cut"] = True
    return msgspec.json.encode(head).decode(), data


def _decoded(body: bytes, coding: str, cut: bool) -> bytes | None:
    """One content-encoding undone; None where it is unknown, broken or too long. Of a cut body, what is there."""
    if coding in ("gzip", "x-gzip"):
        return _inflated(body, _ZLIB_OR_GZIP, cut)
    if coding == "deflate":  # zlib by the standard, raw deflate by custom
        plain = _inflated(body, _ZLIB_OR_GZIP, cut)
        return _inflated(body, -zlib.MAX_WBITS, cut) if plain is None else plain
    if coding == "br":
        return _brotli(body, cut)
    return None


def _inflated(body: bytes, bits: int, cut: bool) -> bytes | None:
    decoder = zlib.decompressobj(bits)
    try:
        plain = decoder.decompress(body, _BOUND)
    except zlib.error:
        return None
    if decoder.unconsumed_tail:
        return None
    return plain if decoder.eof or cut else None


def _brotli(body: bytes, cut: bool) -> bytes | None:
    try:
        import brotli  # type: ignore[import-untyped]  # comes with mitmproxy
    except ImportError:
        return None
    decoder = brotli.Decompressor()
    try:
        plain: bytes = decoder.process(body, output_buffer_limit=_BOUND)
    except brotli.error:
        return None
    whole = decoder.is_finished() or (cut and decoder.can_accept_more_data())
    return plain if whole and len(plain) <= _BOUND else None
