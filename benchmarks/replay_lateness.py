"""How late a replay at the original speed is, against ``asyncio.sleep`` in the same run.

    python -m benchmarks.replay_lateness [--rate N ...] [--messages N] [--rounds N]

A capture of messages at an even pace is replayed to a server on this machine. How late each message is: when it was
handed to the system, by the replay's own capture, against when it was due, counted from the one that was least late of
all (so that what adds up would show). For comparison a loop sleeps until the same times with ``asyncio.sleep``, and
does nothing else.
One JSON object on standard output, a table on standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.staging import capture, messages, percentile, sink, spread, table
from wsreplay.captures.capture import Capture
from wsreplay.proxy.loop import new_loop
from wsreplay.replay.client import Client
from wsreplay.replay.performance import Plan, perform

SECOND = 1_000_000_000


async def slept(count: int, gap_ns: int) -> list[float]:
    """How late ``asyncio.sleep`` is, in microseconds."""
    began_ns = time.monotonic_ns()
    late = []
    for number in range(1, count + 1):
        due_ns = began_ns + number * gap_ns
        if (wait_ns := due_ns - time.monotonic_ns()) > 0:
            await asyncio.sleep(wait_ns / 1e9)
        late.append(max(0, time.monotonic_ns() - due_ns) / 1000)
    return late


def replayed(recording: Path, url: str, out: Path, gap_ns: int) -> tuple[list[float], float]:
    """How late each message of a replay is, and which share of a processor it took to keep time."""
    used: list[float] = []

    run = Client.run

    async def watched(client: Client) -> None:
        began, cpu = time.perf_counter(), time.process_time()
        await run(client)
        used.append((time.process_time() - cpu) / (time.perf_counter() - began))

    with (
        Capture.open(recording) as opened,
        asyncio.Runner(loop_factory=new_loop) as runner,
        patch.object(Client, "run", watched),
    ):
        done = runner.run(perform(opened, Plan(to=(url,), speed=1.0, out=out)))
    with Capture.open(done.path) as again:
        rows = list(again.events())
    sent = [row.mono_ns for row in rows if row.kind == "text" and row.sender == "client"]
    first_ns = min(at_ns - number * gap_ns for number, at_ns in enumerate(sent))
    return [(at_ns - first_ns - number * gap_ns) / 1000 for number, at_ns in enumerate(sent)], used[0]


def measure(rate: int, count: int, rounds: int) -> dict[str, Any]:
    """Both in turns, at this many messages a second."""
    gap_ns = SECOND // rate
    figures: dict[str, list[float]] = {
        name: [] for name in ("sleep_p50", "sleep_p99", "replay_p50", "replay_p99", "ratio_p99", "cpu")
    }
    with tempfile.TemporaryDirectory() as folder, sink() as server:
        recording = capture(Path(folder), messages(count, 328), gap_ns=gap_ns)
        for _ in range(rounds):
            theirs = asyncio.run(slept(count, gap_ns))
            ours, cpu = replayed(recording, server.url, Path(folder), gap_ns)
            figures["sleep_p50"].append(percentile(theirs, 0.5))
            figures["sleep_p99"].append(percentile(theirs, 0.99))
            figures["replay_p50"].append(percentile(ours, 0.5))
            figures["replay_p99"].append(percentile(ours, 0.99))
            figures["ratio_p99"].append(percentile(theirs, 0.99) / percentile(ours, 0.99))
            figures["cpu"].append(cpu)
    return {"rate": rate, "messages": count, **{name: spread(values) for name, values in figures.items()}}


def main() -> None:
    """Measure, and say it."""
    parser = argparse.ArgumentParser(description="How late a replay is at the original speed.")
    parser.add_argument("--rate", type=int, action="append", help="messages a second (default 1000 and 10000)")
    parser.add_argument("--messages", type=int, default=10_000, help="(default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(default %(default)s)")
    said = parser.parse_args()
    found = [measure(rate, said.messages, said.rounds) for rate in said.rate or (1000, 10_000)]
    print(json.dumps(found))
    rows: list[tuple[str, ...]] = [("rate", "sleep p50", "p99 µs", "replay p50", "p99 µs", "p99 ratio", "CPU")]
    for each in found:
        columns = (each[name]["median"] for name in ("sleep_p50", "sleep_p99", "replay_p50", "replay_p99"))
        ratio, cpu = each["ratio_p99"], each["cpu"]["median"]
        shown = f"{ratio['median']:.1f} ({ratio['least']:.1f} to {ratio['most']:.1f})"
        rows.append((f"{each['rate']}/s", *(f"{value:.1f}" for value in columns), shown, f"{cpu:.0%}"))
    print(table(rows), file=sys.stderr)


if __name__ == "__main__":
    main()
