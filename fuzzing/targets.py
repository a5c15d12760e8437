"""What is fuzzed, and the law that each must keep whatever comes."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from wsreplay.captures.capture import Capture
from wsreplay.captures.columns import events_of
from wsreplay.captures.errors import UserError
from wsreplay.captures.event import OBSERVED, Event
from wsreplay.captures.finish import write_parquet
from wsreplay.captures.imports import har, jsonl
from wsreplay.captures.pipeline import Pipeline
from wsreplay.captures.redaction import Redactor
from wsreplay.captures.segments import ParquetSegment
from wsreplay.captures.stage import StageReader, StageWriter
from wsreplay.captures.transcript import Transcript
from wsreplay.captures.wire import Handshake, Record, What, as_json
from wsreplay.proxy import flow_file
from wsreplay.venues import registry
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Envelope, HttpMessage, Sender

SAMPLES = Path(__file__).parent.parent / "captures" / "samples"
KEY = b"a key for fuzzing, 32 bytes long"
LONGEST = 1 << 20

type Target = Callable[[bytes], None]


class BrokenLawError(AssertionError):
    """An input that was read wrongly. Any other exception that a target lets through is a finding as well."""


def _hold(condition: bool, law: str) -> None:
    if not condition:
        raise BrokenLawError(law)


# Bytes from the wire


def _record(what: What, body: bytes, venue_side: bool = True, at: int = 1) -> Record:
    return Record(what, venue_side, 1, 10**18 + at, at, 1, body)


def _stream(data: bytes, venue_side: bool, cuts: list[int], extensions: str) -> list[Event]:
    transcript = Transcript()
    response = [("Sec-WebSocket-Extensions", extensions)] if extensions else []
    rows = transcript.see(_record(What.OPEN, as_json(Handshake(url="wss://v.example", status=101, response=response))))
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, stop in itertools.pairwise(edges):
        rows += transcript.see(_record(What.DATA, data[start:stop], venue_side))
    rows += transcript.see(_record(What.END, b"fin", venue_side))
    rows += transcript.see(_record(What.OVER, b"", venue_side))
    return rows


def frames(data: bytes) -> None:
    """Every byte is in one row, whatever it is; and it is the same wherever the reads ended."""
    if len(data) < 4:
        return
    how, cuts, body = data[0], list(data[1:4]), data[4:]
    extensions = "permessage-deflate" if how & 2 else ""
    whole = _stream(body, bool(how & 1), [], extensions)
    said = [row for row in whole if row.part == 0 and row.kind not in ("open", "end")]
    _hold(sum(row.size or 0 for row in said) == len(body), "bytes were lost or counted twice")
    _hold([row.seq for row in whole if row.part == 0] == list(range(1, 3 + len(said))), "addresses have holes")
    for row in said:
        _hold(row.kind != "text" or row.text is not None or row.data is not None, "a text without its payload")
    pieces = _stream(body, bool(how & 1), cuts, extensions)
    _hold(_said(pieces) == _said(whole), "it depends on where reads end")


def _said(rows: list[Event]) -> list[list[Any]]:
    """What was observed. Bytes that are no frame come as they were read; here they are one stretch."""
    found: list[list[Any]] = []
    for row in rows:
        if row.part:
            continue
        if row.kind == "raw" and found and found[-1][0] == "raw":
            found[-1][1] += row.data or b""
        else:
            found.append([row.kind, row.data, *(getattr(row, name) for name in _FRAMED if row.kind != "raw")])
    return found


_FRAMED = [name for name in OBSERVED if name not in ("seq", "data")]


# Messages


@cache
def _dialect(name: str) -> Dialect:
    return registry.dialect(name)


def dialect_of(name: str) -> Target:
    """Never raises, and always gives an envelope that fits the columns."""

    def read(data: bytes) -> None:
        known = _dialect(name)
        payload: str | bytes = data
        with suppress(UnicodeDecodeError):
            payload = data.decode()
        senders: tuple[Sender, ...] = ("client", "venue")
        for sender in senders:
            _hold(isinstance(known.decode(payload, sender), Envelope), "no envelope")
        request = HttpMessage(method="POST", url="https://v.example/orders", body=data)
        answer = HttpMessage(method="POST", url="https://v.example/orders", status=200, body=data)
        _hold(isinstance(known.decode_http(request, None), Envelope), "no envelope")
        _hold(isinstance(known.decode_http(answer, request), Envelope), "no envelope")

    return read


def pipeline_of(name: str) -> Target:
    """Correlated, redacted and staged: each message is one row, with its facts behind it, and comes back as it was."""

    def read(data: bytes) -> None:
        pipeline = Pipeline(_dialect(name), Redactor(KEY))
        rows: list[Event] = []
        pieces = data.split(b"\n")[:32]
        for seq, piece in enumerate(pieces, 1):
            text = piece.decode("utf-8", "replace")
            sender: Sender = "client" if seq % 2 else "venue"
            rows += pipeline.take(
                [
                    Event(
                        seq=seq,
                        at_ns=seq,
                        mono_ns=seq,
                        first_mono_ns=seq,
                        conn=1,
                        sender=sender,
                        kind="text",
                        text=text,
                    )
                ]
            )
        _hold([row.seq for row in rows if row.part == 0] == list(range(1, len(pieces) + 1)), "a message is no row")
        for row in rows:
            _hold(not (row.error_code or "").startswith("withheld"), row.error_code or "")
            _hold(not (row.error_code or "").startswith("not decoded"), row.error_code or "")
        with tempfile.TemporaryDirectory() as folder:
            writer = StageWriter(Path(folder) / "0001.stage")
            writer.append(rows)
            writer.close()
            with StageReader(writer.path) as reader:
                back = [event for batch in reader.in_order() for event in events_of(batch)]
        _hold(
            [(row.seq, row.part, row.text) for row in back] == [(row.seq, row.part, row.text) for row in rows],
            "rows came back otherwise",
        )

    return read


# Files


def _importer(read: Callable[[Path], Iterator[Event]]) -> Target:
    def target(data: bytes) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            try:
                for event in read(Path(file.name)):
                    _hold(isinstance(event.at_ns, int), "a time that is none")
            except UserError:
                return  # it says what is wrong

    return target


@cache
def captures() -> list[bytes]:
    """Samples, written anew: as captures are today, with a checksum on every page."""
    found = []
    for path in sorted(SAMPLES.glob("*.parquet")):
        with Capture.open(path) as capture, tempfile.TemporaryDirectory() as folder:
            anew = Path(folder) / "x.parquet"
            write_parquet(capture.batches(), anew, capture.metadata)
            found.append(anew.read_bytes())
    return found


def parquet(data: bytes) -> None:
    """A damaged capture is refused in words. Its pages have checksums; their headers and the footer have none."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.parquet"
        path.write_bytes(data)
        try:
            segment = ParquetSegment(path)
            rows = [event for batch in segment.batches() for event in events_of(batch)]
        except UserError:
            return
    _hold(len(rows) == segment.rows, "rows are missing, and nobody says so")


def stage(data: bytes) -> None:
    """Of a damaged stage the whole chunks are read, and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0001.stage"
        path.write_bytes(data)
        try:
            with StageReader(path) as reader:
                rows = [event.text for batch in reader.in_order() for event in events_of(batch)]
        except UserError:
            return
    _hold(all(text in _STAGED for text in rows), "a row that nobody wrote")


_STAGED = {f'{{"n":{n}}}' for n in range(600)}


def staged() -> bytes:
    """A stage with chunks of each kind."""
    with tempfile.TemporaryDirectory() as folder:
        writer = StageWriter(Path(folder) / "0001.stage")
        for first, count in ((0, 3), (3, 100), (103, 400)):
            writer.append(
                Event(seq=n + 1, at_ns=n, mono_ns=n, first_mono_ns=n, sender="venue", kind="text", text=f'{{"n":{n}}}')
                for n in range(first, first + count)
            )
            writer.flush()
        writer.close()
        return writer.path.read_bytes()


def targets() -> dict[str, Target]:
    """All of them, by name."""
    found: dict[str, Target] = {"frames": frames}
    for name in registry.names():
        found[f"dialect {name}"] = dialect_of(name)
        found[f"pipeline {name}"] = pipeline_of(name)
    found |= {"har": _importer(har.read), "jsonl": _importer(jsonl.read), "flow": _importer(flow_file.read)}
    return found | {"parquet": parquet, "stage": stage}


FILES = ("har", "jsonl", "flow", "parquet", "stage")


def seeds(name: str) -> list[bytes]:
    """What mutation begins with: the real thing."""
    if name == "parquet":
        return captures()
    if name == "stage":
        return [staged()]
    if name in ("har", "jsonl"):
        return _exported(name)
    if name == "flow":
        return _FLOWS
    texts = [text.encode() for text in _texts()]
    if name.startswith("pipeline"):
        return [b"\n".join(texts[at : at + 8]) for at in range(0, len(texts), 8)]
    if name == "frames":
        return [bytes((n % 4, 7, 99, 200)) + _framed(text, n) for n, text in enumerate(texts)]
    return texts


@cache
def _texts() -> list[str]:
    found: dict[str, None] = {}
    for path in sorted(SAMPLES.glob("*.parquet")):
        with Capture.open(path) as capture:
            for event in capture.events():
                if event.text and event.part == 0 and event.kind in ("text", "http_response", "http_request"):
                    found[event.text[:2000]] = None
    return list(found)[:600]


def _framed(text: bytes, n: int) -> bytes:
    mask = b"" if n % 2 else b"\1\2\3\4"
    body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(text)) if mask else text
    head = bytes((0x81, (0x80 if mask else 0) | 126)) + len(body).to_bytes(2)
    return head + mask + body


def _exported(form: str) -> list[bytes]:
    from wsreplay.analysis.exports import Wanted, export

    found = []
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(SAMPLES.glob("*.parquet"))[:4]:
            with Capture.open(path) as capture:
                out = Path(folder) / f"{path.stem}.{form}"
                export(Wanted(capture), form, out)
                found.append(out.read_bytes()[:200_000])
    foreign = {"at": "2026-11-21T06:27:25Z", "direction": "send", "payload": '{"id":1}'}
    return [*found, msgspec.json.encode(foreign)] if form == "jsonl" else found


def _flow() -> bytes:
    import io

    from mitmproxy.io import FlowWriter
    from mitmproxy.test import tflow

    sink = io.BytesIO()
    writer = FlowWriter(sink)
    for flow in (tflow.twebsocketflow(), tflow.tflow(resp=True), tflow.tflow(err=True)):
        writer.add(flow)
    return sink.getvalue()


_FLOWS = [_flow()]
