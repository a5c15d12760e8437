"""What the benchmarks share: captures to replay, and a server in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from wsreplay.captures.decoder import Decoder
from wsreplay.captures.event import Event
from wsreplay.captures.schema import Clocks, Metadata
from wsreplay.captures.session import Session
from wsreplay.captures.wire import Handshake, as_json
from wsreplay.venues.registry import dialect

BEGAN_NS = 1_795_242_445_000_000_000
URL = "wss://venue.example/ws"
ROOT = Path(__file__).parent.parent


def messages(count: int, size: int) -> list[str]:
    """Numbered messages of this size, about."""
    return [json.dumps({"op": "note", "id": str(number), "pad": "x" * max(0, size - 45)}) for number in range(count)]


def capture(out: Path, texts: list[str], *, gap_ns: int, answered_after_ns: int | None = None) -> Path:
    """A capture of a client that says these, one each ``gap_ns``; with an answer to each, it waits for that."""
    rows: list[Event] = []
    now_ns = 1_000_000_000

    def row(sender: str, **fields: Any) -> None:
        common = {"at_ns": BEGAN_NS + now_ns, "mono_ns": now_ns, "first_mono_ns": now_ns, "conn": 1, "relay_ns": 1000}
        rows.append(Event(**{"seq": len(rows) + 1, "sender": sender, "kind": "text", **common, **fields}))

    row("client", kind="open", text=as_json(Handshake(url=URL, status=101)).decode())
    for text in texts:
        now_ns += gap_ns
        row("client", text=text, size=len(text) + 8, frames=1)
        if answered_after_ns is not None:
            now_ns += answered_after_ns
            row("venue", text=text, size=len(text) + 4, frames=1)
            now_ns += 1000
    now_ns += gap_ns
    row("client", kind="close", close_code=1000, close_reason="")
    row("venue", kind="close", close_code=1005, close_reason="")
    row("venue", kind="end", ended_by="fin")
    row("client", kind="end", ended_by="fin")
    metadata = Metadata(
        clocks=Clocks(wall_ns=BEGAN_NS, mono_ns=0), venue="generic", mode="reverse", upstreams={"": URL}
    )
    session = Session.create(out, metadata)
    session.stage.append(list(Decoder(dialect("generic")).see_all(rows)))
    session.stage.flush()
    return session.publish()


class Server:
    """The sink, in its process."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.url = url
        self._process = process

    def line(self) -> str:
        """The next thing that it says."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def sink(*options: str) -> Iterator[Server]:
    """A sink that listens, until the block ends."""
    command = [sys.executable, "-m", "benchmarks.sink", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield Server(process, process.stdout.readline().strip().removeprefix("listening on "))
        process.stdin.close()


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values: list[float]) -> dict[str, float]:
    """Median, least and most."""
    return {"median": median(values), "least": min(values), "most": max(values)}


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows in columns, the first of them the heads."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)
