"""Hours of ordinary trading: many connections that come and go. Is memory flat, is anything lost, do descriptors leak?

    python tests/soak/soak.py [--minutes 60] [--rate 2000] [--connections 50]

It prints a line every ten seconds, and at the end what was found; exit code 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

import wsreplay

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: venue.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
ANSWER = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
MESSAGE = '{"op":"order","id":"%012d","symbol":"BTC-PERP","side":"buy","qty":"0.001","price":"64210.5"}'
LENGTH = len(MESSAGE % 0)
CLOSE = b"\x88\x82\0\0\0\0\x03\xe8"
LIVES = (3.0, 20.0)
"""Seconds between a connection's beginning and its end."""
GROWTH = {"proxy": 16 << 20, "scribe": 64 << 20}
"""What a process may grow by once it is warm. A proxy levels off after some minutes, since the garbage that mitmproxy
leaves of each connection is collected now and then. In an hour, a leak of five bytes a message is more."""
FDS = 8


@dataclass
class Sample:
    """The recorder at one moment."""

    at: float
    memory: dict[str, int]
    fds: dict[str, int]


@dataclass
class Found:
    """What came of it."""

    said: int = 0
    lives: int = 0
    samples: list[Sample] = field(default_factory=list)
    recorded: dict[str, int] = field(default_factory=dict)
    gaps: int = 0
    wrong: list[str] = field(default_factory=list)

    def growth(self, who: str) -> int:
        """Bytes between the middle of the first half and the end; medians, since a process breathes."""
        count = len(self.samples)
        early = sorted(sample.memory[who] for sample in self.samples[count // 4 : count // 2])
        late = sorted(sample.memory[who] for sample in self.samples[-max(count // 4, 1) :])
        return late[len(late) // 2] - early[len(early) // 2]


async def venue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        while (head := await reader.readexactly(6))[0] == 0x81:
            writer.write(head[:1] + bytes((LENGTH,)) + await reader.readexactly(LENGTH))
        writer.write(b"\x88\x02\x03\xe8")


async def bot(port: int, pause: float, until: float, found: Found, chance: random.Random) -> None:
    """One place at the venue: a connection after the other, each message answered before the next."""
    await asyncio.sleep(chance.uniform(0, pause))
    while (now := time.monotonic()) < until:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        await reader.readuntil(b"\r\n\r\n")
        found.lives += 1
        dies = min(until, now + chance.uniform(*LIVES))
        due = time.monotonic()
        while due < dies:
            found.said += 1
            writer.write(bytes((0x81, 0x80 | LENGTH, 0, 0, 0, 0)) + (MESSAGE % found.said).encode())
            await reader.readexactly(2 + LENGTH)
            due += pause
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        writer.write(CLOSE)
        await reader.read()
        writer.close()


def looked_at(pid: int, began: float) -> Sample:
    processes = {"proxy": psutil.Process(pid)}
    for child in processes["proxy"].children():
        if "wsreplay.captures.scribe" in child.cmdline():
            processes["scribe"] = child
    return Sample(
        time.monotonic() - began,
        {who: own_memory(each.pid) for who, each in processes.items()},
        {who: each.num_fds() for who, each in processes.items()},
    )


def own_memory(pid: int) -> int:
    """Memory of this process alone: the hand-over is shared, of a fixed size, and not counted."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) << 10  # type: ignore[index]


async def soak(out: Path, seconds: float, rate: int, connections: int, seed: int, *, tell: bool = False) -> Found:
    """Record such a session, and look at the recorder meanwhile and at the capture afterwards."""
    found = Found()
    server = await asyncio.start_server(venue, "127.0.0.1", 0)
    url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    command = [sys.executable, "-m", "wsreplay", "record", "--venue", "generic", "--out", str(out), "--to", url]
    recorder = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert recorder.stdout is not None
    try:
        port = int((await recorder.stdout.readline()).rpartition(b":")[2])
        began = time.monotonic()
        until, pause = began + seconds, 2 * connections / rate  # a message and its echo
        bots = [
            asyncio.create_task(bot(port, pause, until, found, random.Random(seed + number)))
            for number in range(connections)
        ]
        every = min(10.0, seconds / 20)
        while time.monotonic() < until:
            await asyncio.sleep(every)
            found.samples.append(sample := looked_at(recorder.pid, began))
            if tell:
                sizes = ", ".join(
                    f"{who} {size >> 20} MB, {sample.fds[who]} fds" for who, size in sample.memory.items()
                )
                print(
                    f"{sample.at:>7.0f} s  {2 * found.said:>10,} messages  {found.lives:>6,} lines  {sizes}", flush=True
                )
        await asyncio.wait_for(asyncio.gather(*bots), 120)
        recorder.send_signal(signal.SIGINT)
        said, _ = await asyncio.wait_for(recorder.communicate(), 900)
    finally:
        if recorder.returncode is None:
            recorder.kill()
        server.close()
    judge(found, said.decode().splitlines()[-1].removeprefix("capture "))
    return found


def judge(found: Found, path: str) -> None:
    with wsreplay.open(path) as capture:
        counts = capture.sql(
            "SELECT sender, count(*) AS n, count(DISTINCT text) AS different FROM events "
            "WHERE kind = 'text' AND part = 0 GROUP BY sender"
        ).to_pylist()
        opened = capture.sql("SELECT count(*) AS n FROM events WHERE kind = 'open'").to_pylist()[0]["n"]
        found.gaps = capture.sql("SELECT count(*) AS n FROM events WHERE kind = 'gap'").to_pylist()[0]["n"]
    for row in counts:
        found.recorded[row["sender"]] = row["n"]
        if (row["n"], row["different"]) != (found.said, found.said):
            found.wrong.append(f"of {found.said:,} messages the {row['sender']}'s record has {row['n']:,}")
    if opened != found.lives or found.gaps:
        found.wrong.append(f"{opened:,} of {found.lives:,} connections, {found.gaps} gaps")
    for who, most in GROWTH.items():
        if (growth := found.growth(who)) > most:
            found.wrong.append(f"the {who} grew by {growth >> 10:,} KiB")
        fds = [sample.fds[who] for sample in found.samples]
        if max(fds[len(fds) // 2 :]) > max(fds[: len(fds) // 2]) + FDS:
            found.wrong.append(f"the {who}'s descriptors went from {max(fds[: len(fds) // 2])} to {max(fds)}")


def main() -> int:
    """Soak, and tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=2000, help="Messages a second, both directions together.")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        os.environ.setdefault("XDG_CONFIG_HOME", f"{made}/config")
        done = soak(Path(made), chosen.minutes * 60, chosen.rate, chosen.connections, chosen.seed, tell=True)
        found = asyncio.run(done)
    print(
        f"{2 * found.said:,} messages over {found.lives:,} connections in {chosen.minutes:g} minutes; recorded "
        f"{found.recorded}, {found.gaps} gaps; grown by: "
        + ", ".join(f"{who} {found.growth(who) / 2**20:.1f} MB" for who in GROWTH)
    )
    for each in found.wrong:
        print(f"broken: {each}")
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
