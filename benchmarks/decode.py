"""Envelopes a second of each venue's dialect on one core, on the very messages of the sample captures.

    python -m benchmarks.decode [--seconds N] [--rounds N] [VENUE ...]

Each round reads every message of the venue's samples over and over for a while; the best round counts, for noise only
ever slows. CPU time of this process, so that what else the machine does is not counted. One JSON object on standard
output, a table on standard error.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import median

from wsreplay.captures.capture import Capture
from wsreplay.venues.dialect import Dialect
from wsreplay.venues.envelope import Sender
from wsreplay.venues.registry import dialect

GOAL = 150_000
SAMPLES = Path(__file__).parent.parent / "captures" / "samples"


def messages_of_samples() -> dict[str, list[tuple[str | bytes, Sender]]]:
    """What was said in the samples, by venue."""
    found: dict[str, list[tuple[str | bytes, Sender]]] = {}
    for path in sorted(SAMPLES.glob("*.parquet")):
        with Capture.open(path) as capture:
            said = found.setdefault(capture.metadata.venue, [])
            for event in capture.events():
                payload = event.text if event.text is not None else event.data
                if event.kind in ("text", "binary") and payload is not None:
                    said.append((payload, event.sender))
    return found


def rate(reads: Dialect, said: list[tuple[str | bytes, Sender]], seconds: float) -> float:
    """Envelopes a second of CPU time."""
    decode = reads.decode
    count = 0
    began = time.process_time()
    while (took := time.process_time() - began) < seconds:
        for payload, sender in said:
            decode(payload, sender)
        count += len(said)
    return count / took


def main() -> int:
    """Measure; exit code 1 where a venue misses the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("venues", nargs="*", metavar="VENUE")
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    said = messages_of_samples()
    results = []
    for venue in asked.venues or sorted(said):
        reads = dialect(venue)
        rate(reads, said[venue], 0.1)  # caches are warm in a recording, too
        rates = [rate(reads, said[venue], asked.seconds) for _ in range(asked.rounds)]
        size = sum(len(payload) for payload, _ in said[venue]) / len(said[venue])
        results.append(
            {
                "venue": venue,
                "messages": len(said[venue]),
                "mean_bytes": round(size),
                "best": round(max(rates)),
                "median": round(median(rates)),
                "goal": GOAL,
            }
        )
        row = results[-1]
        sys.stderr.write(
            f"{venue:20} {row['best']:>9,}/s best {row['median']:>9,}/s median of {asked.rounds}, "
            f"{row['messages']} messages of {row['mean_bytes']} B\n"
        )
    print(json.dumps({"decode": results}))
    return int(any(row["best"] < GOAL for row in results))


if __name__ == "__main__":
    sys.exit(main())
