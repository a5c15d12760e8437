"""The transcript: records of bytes in, events out, with what was observed and nothing else. Sans-I/O.

What becomes of a record:

- OPEN: an ``open`` row with the handshake's JSON, refused and failed ones as well.
- DATA: a row for each message that ends in it. A ``text`` that is not valid UTF-8 and a ``close`` that breaks a rule
  keep their payload in ``data``. Each problem of a message is a ``fact`` row with the same seq, ``part`` 1, 2, …,
  ``op`` "malformed", and the problem in plain words as its ``error_code``.
- END: what is left of an unfinished message as ``raw``, then an ``end`` row whose sender is the leg that ended.
- ASKED: an ``http_request`` row. HTTP: an ``http_response`` row, with an error and no status where no answer came; if
  its request had no ASKED, the ``http_request`` before it, stamped with when it was asked. The record says whether it
  had one, so that nothing need be remembered in between.
- FAULT: a ``fault`` row. LOST: a ``gap`` row, see :meth:`Transcript.gap`.

seq counts in the order in which the proxy handed over. ``at_ns`` may step with the wall clock; ``mono_ns`` may not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, cast, get_args

import msgspec

from wsreplay.captures.direction import Direction, DirectionNotes
from wsreplay.captures.event import EndedBy, Event
from wsreplay.captures.exchanges import rows_of_exchange
from wsreplay.captures.frames import Message
from wsreplay.captures.wire import Handshake, Loss, Record, What, as_json

type _Side = Literal["client", "venue"]
_ENDED_BY = frozenset(get_args(EndedBy.__value__))
_UNKNOWN_EXTENSIONS = "permessage-deflate"
"""Of a connection whose handshake is missing: harmless if it was not agreed to, for then no frame says compressed."""


class ConnectionNotes(msgspec.Struct, array_like=True):
    """A connection that is open, and where its two directions stand."""

    conn: int
    client: DirectionNotes
    venue: DirectionNotes


class TranscriptNotes(msgspec.Struct, array_like=True):
    """All that a successor needs to go on with the transcript."""

    next_seq: int = 1
    connections: list[ConnectionNotes] = []
    finished: str | None = None
    brief: bool = False
    """The directions' own notes were too long to keep: all are out of step."""


class _Connection:
    def __init__(self, client: DirectionNotes, venue: DirectionNotes) -> None:
        self.client = Direction("client", client)
        self.venue = Direction("venue", venue)

    def side(self, venue_side: bool) -> Direction:
        return self.venue if venue_side else self.client


class Transcript:
    """Reads records and writes down what happened."""

    def __init__(self, first_seq: int = 1) -> None:
        self.next_seq = first_seq
        self.finished: str | None = None
        """The JSON of the FINISH record, once it was seen: why the recording ended."""
        self._connections: dict[int, _Connection] = {}

    @classmethod
    def resume(cls, notes: TranscriptNotes) -> Transcript:
        """The transcript as it was when it wrote the notes."""
        transcript = cls(notes.next_seq)
        transcript.finished = notes.finished
        for connection in notes.connections:
            transcript._connections[connection.conn] = _Connection(connection.client, connection.venue)
        return transcript

    def notes(self, brief: bool = False) -> TranscriptNotes:
        """What a successor needs; true until the next record is seen. ``brief``: as little as there can be."""
        return TranscriptNotes(
            next_seq=self.next_seq,
            connections=[
                ConnectionNotes(conn, connection.client.notes(brief), connection.venue.notes(brief))
                for conn, connection in self._connections.items()
            ],
            finished=self.finished,
            brief=brief,
        )

    def see(self, record: Record) -> list[Event]:
        """The events that this record brings to an end, in order."""
        if record.what == What.DATA:
            connection = self._connections.get(record.conn)
            if connection is None:
                connection = self._unannounced(record.conn)
            direction = connection.venue if record.venue_side else connection.client
            messages = direction.feed(record.body, record.at_ns, record.mono_ns, record.relay_ns)
            return self._rows(messages, record.conn, record.venue_side)
        match record.what:
            case What.OPEN:
                return self._open(record)
            case What.END:
                return self._end(record)
            case What.OVER:
                return self._leftover(record.conn)
            case What.ASKED | What.HTTP:
                events = rows_of_exchange(record, self.next_seq)
                self.next_seq += len(events)
                return events
            case What.FAULT:
                return [self._proxy_row(record, "fault", record.body.decode(errors="replace"))]
            case What.LOST:
                loss = msgspec.json.decode(record.body, type=Loss)
                return self.gap("the hand-over was full", loss, record.at_ns, record.mono_ns)
            case What.FINISH:
                self.finished = record.body.decode(errors="replace")
                return self.rest()
        return []

    def gap(self, reason: str, loss: Loss, at_ns: int, mono_ns: int) -> list[Event]:
        """State a loss: a ``gap`` row whose JSON says why, how much, from when to when, and on which connections.

        The directions concerned (all, if it is not known which) are out of step from here on. What they had begun
        comes out as ``raw``, and so do further bytes until a frame is found that begins a message
        (:func:`~wsreplay.captures.direction.frame_start`); neither is called malformed, for nobody misbehaved. After
        that compressed messages are inflated as far as they don't refer to what is missing, and ``raw`` otherwise.
        """
        legs = [(conn, side) for conn, side in loss.legs if conn in self._connections]
        if not loss.legs:
            legs = [(conn, side) for conn in self._connections for side in (False, True)]
        text = {
            "reason": reason,
            "records": loss.records,
            "bytes": loss.bytes,
            "from_mono_ns": loss.from_mono_ns,
            "to_mono_ns": loss.to_mono_ns,
            "connections": sorted({conn for conn, _ in loss.legs or legs if conn}),
        }
        events = [
            Event(
                seq=self._take_seq(),
                at_ns=at_ns,
                mono_ns=mono_ns,
                first_mono_ns=loss.from_mono_ns or mono_ns,
                sender="proxy",
                kind="gap",
                text=as_json(text).decode(),
            )
        ]
        for conn, venue_side in legs:
            events += self._rows(self._connections[conn].side(venue_side).miss(), conn, venue_side)
        return events

    def rest(self) -> list[Event]:
        """What unfinished messages are left when nothing more comes, of all connections that are still open."""
        return [event for conn in list(self._connections) for event in self._leftover(conn)]

    def _open(self, record: Record) -> list[Event]:
        handshake = msgspec.json.decode(record.body, type=Handshake)
        if handshake.status == 101:
            extensions = handshake.extensions()
            self._connections[record.conn] = _Connection(DirectionNotes(extensions), DirectionNotes(extensions))
        return [
            Event(
                seq=self._take_seq(),
                at_ns=record.at_ns,
                mono_ns=record.mono_ns,
                first_mono_ns=handshake.asked_mono_ns or record.mono_ns,
                relay_ns=record.relay_ns if record.relay_ns >= 0 else None,
                conn=record.conn,
                sender="client",
                kind="open",
                text=record.body.decode(),
            )
        ]

    def _unannounced(self, conn: int) -> _Connection:
        """A connection whose OPEN was lost, and perhaps the beginning of its traffic with it."""
        notes = (DirectionNotes(_UNKNOWN_EXTENSIONS, astray=True) for _ in range(2))
        connection = self._connections[conn] = _Connection(*notes)
        return connection

    def _end(self, record: Record) -> list[Event]:
        events: list[Event] = []
        connection = self._connections.get(record.conn)
        if connection is not None:
            events = self._rows(connection.side(record.venue_side).end(), record.conn, record.venue_side)
        how = record.body.decode(errors="replace")
        events.append(
            Event(
                seq=self._take_seq(),
                at_ns=record.at_ns,
                mono_ns=record.mono_ns,
                first_mono_ns=record.mono_ns,
                relay_ns=record.relay_ns if record.relay_ns >= 0 else None,
                conn=record.conn,
                sender="venue" if record.venue_side else "client",
                kind="end",
                ended_by=cast(EndedBy, how) if how in _ENDED_BY else None,
            )
        )
        return events

    def _leftover(self, conn: int) -> list[Event]:
        connection = self._connections.pop(conn, None)
        if connection is None:
            return []
        events = self._rows(connection.client.end(), conn, False)
        return events + self._rows(connection.venue.end(), conn, True)

    def _proxy_row(self, record: Record, kind: Literal["fault"], text: str) -> Event:
        return Event(
            seq=self._take_seq(),
            at_ns=record.at_ns,
            mono_ns=record.mono_ns,
            first_mono_ns=record.mono_ns,
            conn=record.conn or None,
            sender="proxy",
            kind=kind,
            text=text,
        )

    def _take_seq(self) -> int:
        seq = self.next_seq
        self.next_seq = seq + 1
        return seq

    def _rows(self, messages: Iterable[Message], conn: int, venue_side: bool) -> list[Event]:
        sender: _Side = "venue" if venue_side else "client"
        events: list[Event] = []
        for message in messages:
            kind = message.kind
            keep_bytes = message.text is None and (kind != "close" or message.problems)
            seq = self.next_seq
            self.next_seq = seq + 1
            events.append(
                Event(
                    seq=seq,
                    at_ns=message.at_ns,
                    mono_ns=message.mono_ns,
                    first_mono_ns=message.first_mono_ns,
                    relay_ns=message.relay_ns if message.relay_ns >= 0 else None,
                    conn=conn,
                    sender=sender,
                    kind=kind,
                    text=message.text,
                    data=message.payload if keep_bytes else None,
                    size=message.size,
                    frames=message.frames,
                    compressed=message.compressed,
                    close_code=message.close_code,
                    close_reason=message.close_reason,
                )
            )
            if message.problems:
                events += [
                    Event(
                        seq=seq,
                        part=part,
                        at_ns=message.at_ns,
                        mono_ns=message.mono_ns,
                        first_mono_ns=message.first_mono_ns,
                        conn=conn,
                        sender=sender,
                        kind="fact",
                        op="malformed",
                        error_code=problem,
                    )
                    for part, problem in enumerate(message.problems, 1)
                ]
        return events
