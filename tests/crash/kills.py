"""kill -9 at random moments under traffic: of the proxy, of the scribe, of both. What is missing, and is it stated?

    python tests/crash/kills.py [--count 200] [--seed N] [--at-once 2] [--out FOLDER]

Each trial is a real ``wsreplay record`` between bots and a venue that count together. It prints a table; exit code 1 if
any trial broke a promise.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil

import wsreplay
from wsreplay.captures.capture import Capture
from wsreplay.captures.handover import HandOverReader
from wsreplay.captures.wire import What
from wsreplay.captures.working_folder import is_recording

type Victim = Literal["proxy", "scribe", "both", "both, scribe first"]
VICTIMS: tuple[Victim, ...] = ("proxy", "scribe", "both", "both, scribe first")
LINES = 4
REQUEST = (
    b"GET / HTTP/1.1\r\nHost: venue.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
MESSAGE = '{"line":%d,"id":"%09d"}'
LENGTH = len(MESSAGE % (0, 0))
PATIENCE = 60.0
PAUSE = 0.001
"""Between a bot's messages: some thousands a second in all, which a scribe keeps up with."""


@dataclass
class Trial:
    """One kill, and what came of it."""

    number: int
    victim: Victim
    moment: float
    """Seconds of traffic before the kill."""
    said: int = 0
    """Messages that the bots had sent when it came; and, if the proxy lived on, afterwards."""
    heard: int = 0
    kept: int = 0
    missing: int = 0
    """Messages that a peer has received and the capture has not."""
    unread: int = 0
    """Of these, what was still in the hand-over, whose memory went with both: the design's bound."""
    behind_ms: float = 0.0
    """How long before the kill the capture ends, if it was cut off: 100 ms where the scribe finds time."""
    ended: str = ""
    gaps: int = 0
    wrong: list[str] = field(default_factory=list)


class Traffic:
    """Bots and a venue on raw sockets: numbered messages, each answered before the next is sent."""

    def __init__(self) -> None:
        self.said = [0] * LINES
        self.heard = [0] * LINES
        self.stop = asyncio.Event()

    async def venue(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)
            while True:
                writer.write(bytes((0x81, LENGTH)) + (await reader.readexactly(6 + LENGTH))[6:])

    async def bot(self, line: int, port: int) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(writer):
                await self._count(line, reader, writer)

    async def _count(self, line: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n")
        while not self.stop.is_set():
            text = MESSAGE % (line, self.said[line])
            writer.write(bytes((0x81, 0x80 | LENGTH, 0, 0, 0, 0)) + text.encode())
            self.said[line] += 1
            await reader.readexactly(2 + LENGTH)
            self.heard[line] += 1
            await asyncio.sleep(PAUSE)


async def attempt(trial: Trial, out: Path) -> Trial:
    """Record, kill, and look at what is left."""
    traffic = Traffic()
    server = await asyncio.start_server(traffic.venue, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    command = [sys.executable, "-m", "wsreplay", "record", "--hand-over", "16", "--out", str(out), "--to", url]
    with (out.parent / f"{out.name}.log").open("wb") as log:
        recorder = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=log)
    assert recorder.stdout is not None
    try:
        port = int((await recorder.stdout.readline()).rpartition(b":")[2])
        bots = [asyncio.create_task(traffic.bot(line, port)) for line in range(LINES)]
        await asyncio.sleep(trial.moment)
        memory = hand_over_of(recorder.pid)
        killed_at_ns = kill(trial, recorder.pid)
        if trial.victim == "scribe":
            await asyncio.sleep(0.3)
            traffic.stop.set()
            await asyncio.wait_for(asyncio.gather(*bots), PATIENCE)
            recorder.send_signal(signal.SIGINT)
        await asyncio.wait_for(recorder.wait(), PATIENCE)
        await asyncio.wait_for(asyncio.gather(*bots), PATIENCE)
    finally:
        if recorder.returncode is None:
            recorder.kill()
            await recorder.wait()
        server.close()
    trial.said, trial.heard = sum(traffic.said), sum(traffic.heard)
    await until_nobody_records(out)
    judge(trial, out, traffic, killed_at_ns, left_in(memory))
    return trial


def hand_over_of(pid: int) -> int:
    """The hand-over's memory, to be looked into when both its owners are gone."""
    for held in Path(f"/proc/{pid}/fd").iterdir():
        if "memfd:wsreplay" in str(held.readlink()):
            return os.open(held, os.O_RDWR)
    raise RuntimeError("the recorder has no hand-over")


def left_in(memory: int) -> dict[tuple[str, int], int]:
    """What was in the hand-over and on no disk: messages by sender and line."""
    reader = HandOverReader(memory)
    streams: dict[tuple[str, int], bytes] = {}
    while records := reader.read():
        for record in records:
            if record.what == What.DATA:
                side = ("venue" if record.venue_side else "client", record.conn)
                streams[side] = streams.get(side, b"") + record.body
    reader.close()
    found: Counter[tuple[str, int]] = Counter()
    for (sender, _), stream in streams.items():
        found.update((sender, int(line)) for line in re.findall(rb'{"line":(\d+),"id":"\d+"}', stream))
    return found


def kill(trial: Trial, pid: int) -> int:
    scribes = [p for p in psutil.Process(pid).children() if "wsreplay.captures.scribe" in p.cmdline()]
    victims = {
        "proxy": [pid],
        "scribe": [p.pid for p in scribes],
        "both": [pid, *(p.pid for p in scribes)],
        "both, scribe first": [*(p.pid for p in scribes), pid],
    }[trial.victim]
    at_ns = time.monotonic_ns()
    for victim in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    return at_ns


async def until_nobody_records(out: Path) -> None:
    """A scribe that was left alone finishes by itself; so does one that was started a moment before its proxy died."""
    deadline = time.monotonic() + PATIENCE
    quiet = 0
    while quiet < 20 and time.monotonic() < deadline:
        quiet = 0 if any(map(is_recording, found(out, "*.live"))) else quiet + 1
        if found(out, "*.parquet"):
            return
        await asyncio.sleep(0.1)


def found(folder: Path, pattern: str) -> list[Path]:
    return list(folder.glob(pattern))


def judge(trial: Trial, out: Path, traffic: Traffic, killed_at_ns: int, unread: dict[tuple[str, int], int]) -> None:
    """Hold what is there against what was promised."""
    wrong = trial.wrong
    for folder in out.glob("*.live"):
        with Capture.open(folder) as unfinished:  # as `show` and `sql` do
            list(unfinished.events())
        done = subprocess.run(
            [sys.executable, "-m", "wsreplay", "recover", str(folder)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            wrong.append(f"recover: {done.stderr.strip()}")
    captures = list(out.glob("*.parquet"))
    if len(captures) != 1:
        wrong.append(f"{len(captures)} captures")
        return
    with wsreplay.open(captures[0]) as capture:
        events = list(capture.events())
        trial.ended = capture.ended or ""
    trial.gaps = sum(event.kind == "gap" for event in events)
    by_line: dict[tuple[str, int], list[int]] = {}
    for event in events:
        if event.kind == "text" and event.text is not None:
            said = json.loads(event.text)
            by_line.setdefault((event.sender, said["line"]), []).append(int(said["id"]))
    for (sender, line), numbers in by_line.items():
        if numbers != list(range(len(numbers))):
            wrong.append(f"the {sender}'s messages on line {line} have holes")
    trial.kept = sum(map(len, by_line.values()))
    for line in range(LINES):
        for sender in ("venue", "client"):
            trial.missing += max(0, traffic.heard[line] - len(by_line.get((sender, line), [])))
    seqs = [event.seq for event in events if event.part == 0]
    if seqs != list(range(1, len(seqs) + 1)):
        wrong.append("addresses have holes")
    cut_off = trial.ended == "cut off"
    if trial.victim == "scribe" and (trial.missing or trial.gaps or trial.ended.startswith("cut off")):
        wrong.append("a killed scribe was noticed")
    # Bytes are handed on first and noted afterwards, one read at a time.
    trial.unread = sum(unread.values()) if cut_off else 0
    if trial.missing > trial.unread + 1:
        wrong.append("more is missing than was unread")
    if trial.victim != "scribe" and not trial.ended.startswith("cut off"):
        wrong.append(f"the capture does not say that it was cut off, but {trial.ended!r}")
    if cut_off:
        heard = [event.mono_ns for event in events if event.kind == "text"]
        trial.behind_ms = (killed_at_ns - max(heard, default=killed_at_ns)) / 1e6
        if trial.gaps != 1:
            wrong.append("what is missing is not stated")


def trials(count: int, seed: int) -> Iterator[Trial]:
    """The same ones for the same seed."""
    chance = random.Random(seed)
    for number in range(count):
        yield Trial(number, VICTIMS[number % len(VICTIMS)], round(chance.uniform(0, 1.5), 4))


async def run(wanted: Iterable[Trial], out: Path, at_once: int) -> list[Trial]:
    """Some at a time, since each waits more than it works."""
    gate = asyncio.Semaphore(at_once)

    async def one(trial: Trial) -> Trial:
        async with gate:
            return await attempt(trial, out / f"{trial.number:03}")

    return await asyncio.gather(*map(one, wanted))


def highest(values: Sequence[float]) -> str:
    ordered = sorted(values) or [0]
    return f"{ordered[len(ordered) // 2]:.0f} (at most {ordered[-1]:.0f})"


def main() -> int:
    """Do all, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        out = (chosen.out or Path(made)).resolve()
        out.mkdir(parents=True, exist_ok=True)
        done = asyncio.run(run(trials(chosen.count, chosen.seed), out, chosen.at_once))
    print(f"seed {chosen.seed}")
    print(
        f"{'trial':>5}  {'victim':<18}  {'moment':>7}  {'heard':>7}  {'kept':>7}  {'missing':>7}  {'unread':>7}  "
        f"{'behind':>8}  ended"
    )
    for trial in done:
        print(
            f"{trial.number:>5}  {trial.victim:<18}  {trial.moment:>6.3f}s  {trial.heard:>7}  {trial.kept:>7}  "
            f"{trial.missing:>7}  {trial.unread:>7}  {trial.behind_ms:>6.1f}ms  {trial.ended}  {'; '.join(trial.wrong)}"
        )
    for victim in VICTIMS:
        of_it = [trial for trial in done if trial.victim == victim]
        print(
            f"{victim}: {len(of_it)} trials, {sum(bool(trial.wrong) for trial in of_it)} wrong, "
            f"{highest([trial.missing for trial in of_it])} missing, "
            f"{highest([trial.behind_ms for trial in of_it])} ms behind; "
            f"{dict(Counter(trial.ended for trial in of_it))}"
        )
    return 1 if any(trial.wrong for trial in done) else 0


if __name__ == "__main__":
    sys.exit(main())
