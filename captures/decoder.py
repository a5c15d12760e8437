"""The decoder: fills an event's derived columns, and adds the fact rows that follow from it. Sans-I/O.

Facts of an event have its seq and count their ``part`` from 1: the orders that it lists, then the outcomes that it made
known. Facts that were *observed* (a malformed frame's) are no business of the decoder; it leaves their parts alone and
gives its own the lowest that are free. An observed fact is one without a venue, since all that is derived has one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from wsreplay.captures.correlator import EXCHANGES, Correlator, Speaker
from wsreplay.captures.event import DERIVED, Event
from wsreplay.captures.rest_rows import request_in, response_in
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Envelope, HttpMessage

_NOTHING = Envelope()
_LARGEST = (1 << 63) - 1


class Decoder:
    """Decodes the events of one capture, in their order."""

    def __init__(self, dialect: Dialect, *, patience_ns: int | None = None) -> None:
        """``patience_ns``: how long the bot waits for a reply, where that is known."""
        self._dialect = dialect
        self._venue = dialect.name
        self._correlator = Correlator(patience_ns)
        self._asked: dict[int | None, HttpMessage] = {}

    def see(self, event: Event, observed: Sequence[Event] = ()) -> list[Event]:
        """The event with its derived columns filled in place, and its facts.

        ``observed``: facts with the same seq that were recorded with it; they are returned as they are.
        """
        kind = event.kind
        if kind == "text" or kind == "binary":
            rows = self._message(event)
        elif kind == "http_request":
            rows = self._request(event)
        elif kind == "http_response":
            rows = self._response(event)
        elif kind == "fact" or kind == "incident":
            return [event, *observed]
        else:
            event.venue = self._venue
            if kind == "ping" or kind == "pong":
                event.role = "heartbeat"
                return [event, *observed]
            rows = self._correlator.see(event)
        if not rows:
            return [event, *observed]
        taken = {fact.part for fact in observed}
        part = 0
        for row in rows:
            part += 1
            while part in taken:
                part += 1
            row.part = part
            row.venue = self._venue
        if not observed:
            return [event, *rows]
        return [event, *sorted((*observed, *rows), key=lambda row: row.part)]

    def see_all(self, events: Iterable[Event]) -> Iterator[Event]:
        """The same for events with their observed facts behind them, as the transcript gives them."""
        for _, rows in groupby(events, key=lambda event: event.seq):
            event, *observed = rows
            yield from self.see(event, observed)

    def decode_again(self, rows: Iterable[Event]) -> Iterator[Event]:
        """The rows of a capture as this decoder's dialect understands them, whatever was derived before.

        Observed columns and facts stay as they are. Facts that were derived are dropped and made anew, and so are not
        incidents: who decodes again looks for those again. With the dialect that a capture was recorded with, this
        gives the same rows; its payloads being redacted changes nothing.
        """
        return self.see_all(_observed(rows))

    def end(self) -> list[Event]:
        """Nothing: that a recording ended decides nothing about what was waiting, it stays pending."""
        return []

    # One event

    def _message(self, event: Event) -> list[Event]:
        payload = event.text if event.text is not None else event.data
        if payload is None:
            self._fill(event, _NOTHING)
            return []
        try:
            envelope = self._dialect.decode(payload, event.sender)
        except Exception as error:  # a third party's dialect must not end a recording
            self._fill(event, _NOTHING)
            event.error_code = _failure(error)
            return []
        listed = self._fill(event, envelope)
        rows = self._correlator.see(event, envelope, listed)
        return listed + rows if listed else rows

    def _request(self, event: Event) -> list[Event]:
        asked = request_in(event)
        self._asked[event.conn] = asked
        if len(self._asked) > EXCHANGES:
            del self._asked[next(iter(self._asked))]
        envelope, failure = self._read(asked, None)
        listed = self._fill(event, envelope)
        event.role = event.role or "request"
        event.op = event.op or _op_of(asked)
        rows = self._correlator.see(event)
        event.error_code = failure or event.error_code
        return listed + rows

    def _response(self, event: Event) -> list[Event]:
        asked = self._asked.pop(event.conn, None)
        response = response_in(event, asked)
        if response is None or response.status is None:
            self._fill(event, _NOTHING)
            event.op = None if asked is None else self._read(asked, None)[0].op or _op_of(asked)
            return self._correlator.see_response(event, (), None)
        envelope, failure = self._read(response, asked)
        listed = self._fill(event, envelope)
        # A status is the same at every venue, also for a dialect that does not know the address.
        event.role = event.role or "reply"
        event.op = event.op or (None if asked is None else _op_of(asked))
        if event.error_code is None and response.status >= 400:
            event.error_code = str(response.status)
        rows = self._correlator.see_response(event, listed, _speaker(response.status, event.error_code, asked))
        event.error_code = failure or event.error_code
        return listed + rows

    def _read(self, message: HttpMessage, request: HttpMessage | None) -> tuple[Envelope, str | None]:
        try:
            return self._dialect.decode_http(message, request), None
        except Exception as error:  # as above
            return _NOTHING, _failure(error)

    def _fill(self, event: Event, envelope: Envelope) -> list[Event]:
        """Put what the envelope says into the row; the rows of the orders that it lists."""
        self._put(event, envelope)
        event.reply_to = event.latency_ns = None
        if not envelope.parts:
            return []
        listed = []
        for part in envelope.parts:
            row = Event(
                seq=event.seq,
                at_ns=event.at_ns,
                mono_ns=event.mono_ns,
                first_mono_ns=event.first_mono_ns,
                conn=event.conn,
                sender=event.sender,
                kind="fact",
            )
            self._put(row, part)
            listed.append(row)
        return listed

    def _put(self, row: Event, envelope: Envelope) -> None:
        row.venue = self._venue
        row.role = envelope.role
        row.op = envelope.op
        row.key = envelope.key
        row.channel = envelope.channel
        row.symbol = envelope.symbol
        row.account = envelope.account
        row.order_id = envelope.order_id
        row.client_order_id = envelope.client_order_id
        row.side = envelope.side
        row.status = envelope.status
        row.error_code = envelope.error_code
        row.price = price = envelope.price
        row.qty = qty = envelope.qty
        row.price_num = None if price is None else _double(price)
        row.qty_num = None if qty is None else _double(qty)
        row.intent = envelope.intent
        row.venue_at_ns = _whole(envelope.venue_at_ns)
        row.venue_seq = _whole(envelope.venue_seq)
        row.venue_seq_from = _whole(envelope.venue_seq_from)


def _observed(rows: Iterable[Event]) -> Iterator[Event]:
    """The rows as they were before anything was derived."""
    for row in rows:
        if row.kind == "fact":
            if row.venue is None:
                yield row
        elif row.kind != "incident":
            for name in DERIVED:
                setattr(row, name, None)
            yield row


def _whole(number: int | None) -> int | None:
    """A number that a column can hold."""
    return number if number is None or 0 <= number <= _LARGEST else None


def _double(number: str) -> float | None:
    try:
        double = float(number)
    except ValueError:
        return None
    return double if math.isfinite(double) else None


def _failure(error: Exception) -> str:
    return f"not decoded: {type(error).__name__}"


def _op_of(message: HttpMessage) -> str | None:
    """``METHOD /path``; a query is no part of the operation, and may hold secrets."""
    path = message.url.partition("?")[0].partition("#")[0]
    _, scheme, rest = path.partition("://")
    if scheme:
        path = "/" + rest.partition("/")[2]
    return f"{message.method.upper()} {path or '/'}" if message.method else None


def _speaker(status: int, error_code: str | None, asked: HttpMessage | None) -> Speaker:
    """Whether a failure is the venue's own word.

    A bare 5xx comes from whatever stands before the venue, which may have carried out what was asked. For what only
    reads there is nothing to be carried out.
    """
    if status < 500 or error_code not in (str(status), f"HTTP_{status}"):
        return "venue"
    return "venue" if asked is not None and asked.method.upper() in ("GET", "HEAD") else "gateway"
