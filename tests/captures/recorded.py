"""Recordings for tests: events of every shape, and sessions that hold them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from hypothesis import strategies as st

from wsreplay.captures.event import EndedBy, Event, Kind, Outcome
from wsreplay.captures.schema import Clocks, Metadata
from wsreplay.captures.session import Rotation, Session
from wsreplay.venues.envelope import Role, Sender

BEGAN = Clocks(wall_ns=1_795_242_445_123_456_789, mono_ns=5_000_000_000)
"""2026-11-21T06:27:25Z"""


def metadata(**said: Any) -> Metadata:
    return Metadata(**{"clocks": BEGAN, "venue": "reya", **said})


def event(seq: int, part: int = 0, **fields: Any) -> Event:
    """A plain message, a millisecond after the one before it."""
    common: dict[str, Any] = {
        "at_ns": BEGAN.wall_ns + seq * 1_000_000,
        "mono_ns": BEGAN.mono_ns + seq * 1_000_000,
        "first_mono_ns": BEGAN.mono_ns + seq * 1_000_000,
        "sender": "venue",
        "kind": "text" if part == 0 else "fact",
        "text": f'{{"n":{seq}}}' if part == 0 else None,
    }
    return Event(seq=seq, part=part, **common | fields)


def events(count: int, first: int = 1) -> list[Event]:
    return [event(seq) for seq in range(first, first + count)]


def session(out: Path, *rows: Event, rotation: Rotation | None = None, **said: Any) -> Session:
    """A recording that goes on, with these rows flushed."""
    begun = Session.create(out, metadata(**said), rotation)
    keep(begun, rows)
    return begun


def keep(recording: Session, rows: Iterable[Event]) -> None:
    recording.stage.append(rows)
    recording.stage.flush()


def capture(out: Path, *rows: Event, ended: str = "finished", **said: Any) -> Path:
    """A finished capture of these rows."""
    return session(out, *rows, **said).publish(ended)


def segmented(out: Path, *segments: Iterable[Event], ended: str = "finished") -> Path:
    """A finished capture of several segments."""
    recording = session(out, *segments[0])
    for rows in segments[1:]:
        recording.rotate()
        keep(recording, rows)
    return recording.publish(ended)


_INT64 = st.integers(-(2**63), 2**63 - 1)
_INT32 = st.integers(-(2**31), 2**31 - 1)
_TEXT = st.text(max_size=20)
_IDS = st.one_of(_TEXT, st.integers(2**53, 2**80).map(str))
_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=18).map(lambda number: format(number, "f"))
_NUMBERS = st.one_of(st.floats(allow_nan=False), st.just(float(Decimal("0.1"))))


def _words(alias: Any) -> st.SearchStrategy[str]:
    return st.sampled_from(get_args(alias.__value__))


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


EVENTS: st.SearchStrategy[Event] = st.builds(
    Event,
    seq=st.just(0),
    at_ns=st.integers(0, 2**62),
    mono_ns=_INT64,
    first_mono_ns=_INT64,
    relay_ns=_maybe(_INT64),
    conn=_maybe(_INT32),
    sender=_words(Sender),
    kind=_words(Kind),
    text=_maybe(st.text(max_size=200)),
    data=_maybe(st.binary(max_size=200)),
    size=_maybe(_INT64),
    frames=_maybe(_INT32),
    compressed=_maybe(st.booleans()),
    close_code=_maybe(st.integers(0, 65535)),
    close_reason=_maybe(_TEXT),
    ended_by=_maybe(_words(EndedBy)),
    signer=_maybe(_TEXT),
    signature_ok=_maybe(st.booleans()),
    token_expires=_maybe(_INT64),
    venue=_maybe(_TEXT),
    role=_maybe(_words(Role)),
    op=_maybe(_TEXT),
    key=_maybe(_IDS),
    reply_to=_maybe(_INT64),
    latency_ns=_maybe(_INT64),
    of_seq=_maybe(_INT64),
    outcome=_maybe(_words(Outcome)),
    resolved_by=_maybe(_TEXT),
    channel=_maybe(_TEXT),
    symbol=_maybe(_TEXT),
    account=_maybe(_IDS),
    order_id=_maybe(_IDS),
    client_order_id=_maybe(_IDS),
    side=_maybe(_TEXT),
    status=_maybe(_TEXT),
    error_code=_maybe(_TEXT),
    price=_maybe(_DECIMALS),
    qty=_maybe(_DECIMALS),
    price_num=_maybe(_NUMBERS),
    qty_num=_maybe(_NUMBERS),
    intent=_maybe(_TEXT),
    venue_at_ns=_maybe(_INT64),
    venue_seq=_maybe(_INT64),
    venue_seq_from=_maybe(_INT64),
)
"""Events with anything in any column; their addresses are still to be set."""


@st.composite
def transcripts(draw: st.DrawFn, max_size: int = 12) -> list[Event]:
    """Events in the order in which a scribe gives them: seq rises, facts follow their event as its further parts."""
    rows = draw(st.lists(EVENTS, max_size=max_size))
    seq = part = 0
    for row in rows:
        if seq and draw(st.integers(0, 3)) == 0:
            part += 1
        else:
            seq, part = seq + draw(st.integers(1, 3)), 0
        row.seq, row.part = seq, part
    return rows
