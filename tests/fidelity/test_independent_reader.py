"""What was recorded is what was there: tshark, beside the proxy, saw the same frames in the same order."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from cli.recorder import Recorder, echoing_venue
from websockets.sync.client import ClientConnection, connect

from wsreplay.captures.capture import Capture
from wsreplay.captures.event import Event

TSHARK = shutil.which("tshark")
KINDS = {1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
APART_NS = 2_000_000_000
"""The kernel stamps a packet when it passes, the recorder when it reads: this much later on the busiest of machines."""


class Seen(NamedTuple):
    """One message as tshark took it from the wire."""

    source: int
    stream: int
    at_ns: int
    kind: str
    frames: int
    payload: bytes


def can_watch() -> bool:
    """Whether tshark is here and may listen to the loopback."""
    if TSHARK is None:
        return False
    done = subprocess.run([TSHARK, "-q", "-i", "lo", "-a", "duration:0"], capture_output=True, check=False, timeout=60)
    return done.returncode == 0


@contextmanager
def watching(file: Path, *ports: int) -> Iterator[None]:
    """Have tshark write down all that passes at these ports."""
    assert TSHARK is not None
    only = " or ".join(f"tcp port {port}" for port in ports)
    command: list[str | Path] = [TSHARK, "-q", "-i", "lo", "-B", "64", "-f", only, "-w", file]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as watcher:
        assert watcher.stderr is not None
        for line in watcher.stderr:
            if "Capturing on" in line:
                break
        until(lambda: file.exists() and file.stat().st_size > 0)
        try:
            yield
            size = -1
            # It writes in bursts: until nothing more comes.
            while size != (size := file.stat().st_size):
                time.sleep(1)
        finally:
            watcher.terminate()
            watcher.communicate(timeout=30)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def seen_in(file: Path, *ports: int) -> list[Seen]:
    """The messages in the packets, in the order of the wire."""
    assert TSHARK is not None
    as_http = [word for port in ports for word in ("-d", f"tcp.port=={port},http")]
    command: list[str | Path] = [TSHARK, "-r", file, *as_http, "-Y", "websocket", "-T", "pdml"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    return list(messages(ET.fromstring(done.stdout)))


def messages(packets: ET.Element) -> Iterator[Seen]:
    begun: dict[tuple[int, int], tuple[int, int]] = {}  # opcode, and number of frames so far
    for packet in packets.iter("packet"):
        found = {field.get("name"): field.get("show", "") for field in packet.iter("field")}
        source, stream = int(found["tcp.srcport"]), int(found["tcp.stream"])
        whole, _, part = found["frame.time_epoch"].partition(".")
        at_ns = int(whole) * 10**9 + int(part.ljust(9, "0"))
        frames: list[tuple[int, bool, bytes]] = []
        for proto in packet.findall("proto"):
            fields = list(proto.iter("field"))
            if proto.get("name") == "websocket":
                named = {field.get("name"): field for field in fields}
                frames.append((int(named["websocket.opcode"].get("show", "")), shown(named, "fin") == "1", said(named)))
            elif frames:
                for field in fields:
                    if field.get("name") == "data.data":
                        opcode, final, _ = frames[-1]
                        frames[-1] = (opcode, final, bytes.fromhex(field.get("value", "")))
        for opcode, final, payload in frames:
            first, count = begun.pop((source, stream), (opcode, 0)) if opcode < 8 else (opcode, 0)
            if final:
                yield Seen(source, stream, at_ns, KINDS[first], count + 1, payload)
            else:
                begun[source, stream] = (first, count + 1)


def shown(named: dict[str | None, ET.Element], name: str) -> str:
    return named[f"websocket.{name}"].get("show", "")


def said(named: dict[str | None, ET.Element]) -> bytes:
    names = ("text", "ping", "pong", "close.status_code", "close.reason")
    parts = (named.get(f"websocket.payload.{name}") for name in names)
    return b"".join(bytes.fromhex(part.get("value", "")) for part in parts if part is not None)


def payload_of(event: Event) -> bytes:
    if event.kind == "close":
        code = b"" if event.close_code is None else event.close_code.to_bytes(2)
        return code + (event.close_reason or "").encode()
    return event.data if event.data is not None else (event.text or "").encode()


def in_lockstep(bot: ClientConnection) -> None:
    """Nothing is said before what was said last has come back, so that there is one order for all."""
    for number in range(40):
        bot.send(json.dumps({"id": number, "token": f"not-hidden-{number}", "pad": "p" * (number * number)}))
        bot.recv()
    for message in ("ünïcödé ✂", b"\x00\xff\x7f", b"x" * 40_000, ["in ", "three ", "pieces"]):
        bot.send(message)
        bot.recv()
    assert bot.ping(b"are you there").wait(10)


def in_a_burst(bot: ClientConnection) -> None:
    """Many messages in few packets, both directions at once."""
    for number in range(300):
        bot.send(f"message {number}")
    for _ in range(300):
        bot.recv()


def test_tshark_saw_the_same_frames_in_the_same_order(tmp_path: Path) -> None:
    if not can_watch():
        pytest.skip("beyond what can be installed: tshark may not listen to the loopback here")
    packets = tmp_path / "beside.pcapng"
    talks = [(talk, compression) for compression in (None, "deflate") for talk in (in_lockstep, in_a_burst)]
    with echoing_venue() as venue, Recorder(tmp_path, "--to", venue, "--keep-secrets") as recorder:
        url = recorder.url()
        ours, theirs = (int(each.rpartition(":")[2]) for each in (url, venue))
        with watching(packets, ours, theirs):
            for talk, compression in talks:
                with connect(url, proxy=None, compression=compression, max_size=None) as bot:
                    talk(bot)
        _, capture = recorder.end()

    connections = as_heard(seen_in(packets, ours, theirs), ours, theirs)
    assert len(connections) == len(talks)
    with capture:
        for conn, ((arrived, left), (talk, _)) in enumerate(zip(connections, talks, strict=True), 1):
            rows = rows_of(capture, conn)
            for sender in ("client", "venue"):
                recorded = [told(row) for row in rows if row.sender == sender]
                assert recorded == [heard(each) for side, each in arrived if side == sender], "not what came"
                assert recorded == [heard(each) for side, each in left if side == sender], "not what was handed on"
            if talk is in_lockstep:
                last = next(at for at, row in enumerate(rows) if row.kind == "close")  # both may say it at once
                assert [(row.sender, *told(row)) for row in rows[:last]] == [
                    (side, *heard(each)) for side, each in arrived[:last]
                ]
                for row, (_, each) in zip(rows[:last], arrived, strict=False):
                    assert 0 <= row.at_ns - each.at_ns < APART_NS, "the time on record is not that of the wire"


def as_heard(seen: list[Seen], ours: int, theirs: int) -> list[tuple[list[tuple[str, Seen]], list[tuple[str, Seen]]]]:
    """For each connection: what arrived at the recorder, and what left it, with who said it."""
    bots = sorted({each.stream for each in seen if each.source == ours})
    venues = sorted({each.stream for each in seen} - set(bots))
    found = []
    for bot, venue in zip(bots, venues, strict=True):
        arrived: list[tuple[str, Seen]] = []
        left: list[tuple[str, Seen]] = []
        for each in seen:
            if each.stream == bot:
                (left if each.source == ours else arrived).append(("venue" if each.source == ours else "client", each))
            elif each.stream == venue:
                (arrived if each.source == theirs else left).append(
                    ("venue" if each.source == theirs else "client", each)
                )
        found.append((arrived, left))
    return found


def rows_of(capture: Capture, conn: int) -> list[Event]:
    kinds = set(KINDS.values())
    return [event for event in capture.events() if event.conn == conn and event.kind in kinds and event.part == 0]


def told(event: Event) -> tuple[str, int | None, bytes | None]:
    return event.kind, event.frames, payload_of(event) if event.frames == 1 else None


def heard(message: Seen) -> tuple[str, int, bytes | None]:
    """What tshark says of fragments' payloads depends on the last one; the whole of it is in the echo."""
    return message.kind, message.frames, message.payload if message.frames == 1 else None
