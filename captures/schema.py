"""The event table on disk: its columns, its version, and what a file says about itself.

Columns that hold few different words (sender, kind, op, …) are plain strings here and dictionary-encoded inside the
Parquet file (:mod:`wsreplay.captures.finish`). An Arrow dictionary type would buy nothing: Parquet stores the same
bytes, DuckDB and Spark read them into their own dictionaries, and batches join without unifying anything.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa

from wsreplay import __version__
from wsreplay.captures.errors import CaptureError

FORMAT_VERSION = 1
"""Raised when a reader of the version before would misread a file. A new column alone does not raise it."""

SCHEMA = pa.schema(
    [
        # Observed
        ("seq", pa.int64()),
        ("part", pa.int32()),
        # For people and for every engine; Spark reads no nanosecond timestamps. Exact time is at_ns.
        ("at", pa.timestamp("us", "UTC")),
        ("at_ns", pa.int64()),
        ("mono_ns", pa.int64()),
        ("first_mono_ns", pa.int64()),
        ("relay_ns", pa.int64()),
        ("conn", pa.int32()),
        ("sender", pa.string()),
        ("kind", pa.string()),
        ("text", pa.string()),
        ("data", pa.binary()),
        ("size", pa.int64()),
        ("frames", pa.int32()),
        ("compressed", pa.bool_()),
        # A close code is 16 bits without a sign on the wire: a hostile 65535 does not fit into an int16.
        ("close_code", pa.int32()),
        ("close_reason", pa.string()),
        ("ended_by", pa.string()),
        ("signer", pa.string()),
        ("signature_ok", pa.bool_()),
        ("token_expires", pa.int64()),
        # Derived
        ("venue", pa.string()),
        ("role", pa.string()),
        ("op", pa.string()),
        ("key", pa.string()),
        ("reply_to", pa.int64()),
        ("latency_ns", pa.int64()),
        ("of_seq", pa.int64()),
        ("outcome", pa.string()),
        ("resolved_by", pa.string()),
        ("channel", pa.string()),
        ("symbol", pa.string()),
        ("account", pa.string()),
        ("order_id", pa.string()),
        ("client_order_id", pa.string()),
        ("side", pa.string()),
        ("status", pa.string()),
        ("error_code", pa.string()),
        ("price", pa.string()),
        ("qty", pa.string()),
        ("price_num", pa.float64()),
        ("qty_num", pa.float64()),
        ("intent", pa.string()),
        ("venue_at_ns", pa.int64()),
        ("venue_seq", pa.int64()),
        ("venue_seq_from", pa.int64()),
    ]
)

FINISHED = "finished"
"""How a recording ends that was stopped in order and has nothing more to say about it."""
ROTATED = "rotated"
"""How every segment but the last ends: the recording goes on in the next one."""
CUT_OFF = "cut off"
"""How a recording ends whose scribe died, once it was recovered."""

FORMAT_KEY = b"wsreplay.format"
METADATA_KEY = b"wsreplay.metadata"


class Clocks(msgspec.Struct, kw_only=True, frozen=True):
    """One moment on both clocks: what ties the monotonic columns to the time of day."""

    wall_ns: int
    mono_ns: int


class Metadata(msgspec.Struct, kw_only=True):
    """What a capture says about itself: the JSON in its Parquet file and in ``session.json``."""

    clocks: Clocks
    venue: str = "generic"
    dialect_version: int = 0
    tool: str = __version__
    """The version of wsreplay that wrote it."""
    upstreams: dict[str, str] = {}
    """Where each named upstream is; the only or first one is named ""."""
    redaction: str = "redacted"
    """What was done to secrets before anything was written: ``redacted`` or ``kept``."""
    fault_plan: Any = None
    """The plan that disturbed this recording, as JSON; None: nothing did."""
    mode: str = "reverse"
    """How the traffic came to us: reverse, regular, socks5, mitmdump, run, serve, …"""
    ended: str | None = None
    """How the recording ended, in words; None: it did not end in order, or has not ended yet."""
    recording: str = ""
    """The recording's name, the same in each of its segments."""
    segment: int = 1
    notes: dict[str, Any] = {}
    """Whatever else a command wants to keep with the capture."""


def file_metadata(metadata: Metadata) -> dict[bytes, bytes]:
    """The key-value pairs of a Parquet file. The version stands apart: it is read before anything else is trusted."""
    return {FORMAT_KEY: str(FORMAT_VERSION).encode(), METADATA_KEY: msgspec.json.encode(metadata)}


def read_metadata(content: bytes, where: object) -> dict[str, Any]:
    """The JSON of a capture's metadata, before any migration."""
    try:
        return msgspec.json.decode(content, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CaptureError(f"{where} has unreadable capture metadata ({error}): the file was altered") from None


def as_metadata(content: dict[str, Any], where: object) -> Metadata:
    """Metadata of the present format version, checked."""
    try:
        return msgspec.convert(content, Metadata)
    except msgspec.ValidationError as error:
        raise CaptureError(
            f"{where} has capture metadata that makes no sense ({error}): the file was altered"
        ) from None
