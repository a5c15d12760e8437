"""``wsreplay run --speed max`` against what the ``websockets`` client sends bare, to the same server.

    python -m benchmarks.replay_max [--messages N] [--asking N] [--size BYTES] [--rounds N]

One-way messages wait for nothing; of asking ones each waits for the answer to the one before. Times are from the
opened line to the answered goodbye. One JSON object on standard output, a table on standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from math import inf
from pathlib import Path

from websockets.asyncio.client import connect

from benchmarks.staging import Server, capture, messages, sink, spread, table
from wsreplay.captures.capture import Capture
from wsreplay.proxy.loop import new_loop
from wsreplay.replay.performance import Plan, perform


async def bare(url: str, texts: list[str], asking: bool) -> float:
    """How long the bare client takes."""
    began = time.perf_counter()
    async with connect(url, compression=None, ping_interval=None, max_queue=None) as line:
        if asking:
            for text in texts:
                await line.send(text)
                await line.recv()
        else:
            for text in texts:
                await line.send(text)
    return time.perf_counter() - began


def replayed(recording: Path, url: str, out: Path) -> tuple[float, float]:
    """How long a replay takes at ``max``: the driving, and all of it with writing and comparing."""
    began = time.perf_counter()
    with Capture.open(recording) as opened, asyncio.Runner(loop_factory=new_loop) as runner:
        done = runner.run(perform(opened, Plan(to=(url,), speed=inf, out=out)))
    assert done.verdict.reproduced, done.verdict.first
    return done.took_ns / 1e9, time.perf_counter() - began


def compare(server: Server, folder: Path, texts: list[str], rounds: int, asking: bool) -> dict[str, object]:
    """Rates of both in turns, so that what else the machine does meets both."""
    recording = capture(folder, texts, gap_ns=1000, answered_after_ns=1000 if asking else None)
    theirs, ours, whole = [], [], []
    for _ in range(rounds):
        theirs.append(len(texts) / asyncio.run(bare(server.url, texts, asking)))
        assert server.line() == f"heard {len(texts)} messages"
        driving, all_of_it = replayed(recording, server.url, folder)
        ours.append(len(texts) / driving)
        whole.append(len(texts) / all_of_it)
        assert server.line() == f"heard {len(texts)} messages"
    return {
        "messages": len(texts),
        "websockets_per_s": spread(theirs),
        "replay_per_s": spread(ours),
        "replay_with_writing_and_verdict_per_s": spread(whole),
        "ratio": spread([mine / their for mine, their in zip(ours, theirs, strict=True)]),
    }


def main() -> None:
    """Measure, and say it."""
    parser = argparse.ArgumentParser(description="How fast a replay sends at --speed max.")
    parser.add_argument("--messages", type=int, default=100_000, help="one-way messages (default %(default)s)")
    parser.add_argument("--asking", type=int, default=10_000, help="messages with answers (default %(default)s)")
    parser.add_argument("--size", type=int, default=328, help="bytes of each (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(default %(default)s)")
    said = parser.parse_args()
    found = {}
    for name, count, options in (("one-way", said.messages, ()), ("asking", said.asking, ("--echo",))):
        with tempfile.TemporaryDirectory() as folder, sink(*options) as server:
            texts = messages(count, said.size)
            found[name] = compare(server, Path(folder), texts, said.rounds, bool(options))
    print(json.dumps(found))
    rows: list[tuple[str, ...]] = [("", "websockets/s", "replay/s", "ratio", "from", "to")]
    for name, each in found.items():
        figures = {key: value for key, value in each.items() if isinstance(value, dict)}
        ratio = figures["ratio"]
        rows.append(
            (
                name,
                f"{figures['websockets_per_s']['median']:,.0f}",
                f"{figures['replay_per_s']['median']:,.0f}",
                *(f"{ratio[key]:.2f}" for key in ("median", "least", "most")),
            )
        )
    print(table(rows), file=sys.stderr)


if __name__ == "__main__":
    main()
