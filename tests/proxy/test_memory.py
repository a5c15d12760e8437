"""A million messages through one connection leave the recorder no larger than ten thousand did."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from proxy.line import ANSWER, REQUEST

import wsreplay

MESSAGE = b'\x81\x3f{"stream":"trade.X","data":{"e":"trade","t":1,"p":"1","q":"2"}}'
MANY, FEW = 1_000_000, 10_000
GROWTH = 5 << 20
RECORD = [sys.executable, "-m", "wsreplay", "record"]


def own_memory(process: psutil.Process) -> int:
    """Memory of this process alone: the hand-over is shared, of a fixed size, and not counted."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) << 10  # type: ignore[index]


def hear(bot: socket.socket, count: int) -> None:
    left = count
    while left:
        left -= len(bot.recv(min(left, 1 << 20)))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
@pytest.mark.timeout(300)
def test_memory_is_flat_over_a_million_messages(tmp_path: Path) -> None:
    assert len(MESSAGE) == 2 + 0x3F
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        subprocess.Popen(
            [*RECORD, "--out", tmp_path, "--to", f"ws://127.0.0.1:{listener.getsockname()[1]}"],
            stdout=subprocess.PIPE,
            text=True,
        ) as recorder,
    ):
        assert recorder.stdout is not None
        port = int(recorder.stdout.readline().rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as bot:
            bot.sendall(REQUEST)
            venue, _ = listener.accept()
            with venue:
                venue.recv(65536)
                venue.sendall(ANSWER)
                hear(bot, len(ANSWER))
                proxy = psutil.Process(recorder.pid)
                [scribe] = [p for p in proxy.children() if "wsreplay.captures.scribe" in p.cmdline()]
                sizes = []
                for count in (FEW, MANY - FEW):
                    batch = MESSAGE * 1000
                    for _ in range(count // 1000):
                        venue.sendall(batch)
                        hear(bot, len(batch))
                    sizes.append((own_memory(proxy), own_memory(scribe)))
        recorder.terminate()
        last = recorder.stdout.read().splitlines()[-1]
    (proxy_before, scribe_before), (proxy_after, scribe_after) = sizes
    assert proxy_after - proxy_before < GROWTH, f"the proxy grew by {(proxy_after - proxy_before) >> 10} KiB"
    assert scribe_after - scribe_before < 12 * GROWTH, f"the scribe grew by {(scribe_after - scribe_before) >> 10} KiB"
    with wsreplay.open(last.removeprefix("capture ")) as capture:
        rows = capture.sql("SELECT count(*) AS n FROM events WHERE kind = 'text'").column("n")[0].as_py()
        gaps = [e for e in capture.events() if e.kind == "gap"]
    # All of it fits into the hand-over, however far the scribe is behind.
    assert (rows, gaps) == (MANY, [])
