"""How quick the debugger is on a long capture: first rows, from a key to what is painted, and memory.

python -m benchmarks.debugger [CAPTURE]        (without one: ten million events are made up first)
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

from textual import events

from benchmarks.long_session import make
from wsreplay.analysis.session import Session
from wsreplay.debugger.app import Debugger, quick

_EVENTS = 10_000_000
_FIRST_ROWS_S = 2.0
_KEY_TO_PAINT_MS = 50.0
_MEMORY_MB = 1200.0
_STUCK_S = 5.0
_SIZE = (120, 40)


def memory_mb() -> float:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def screen(app: Debugger) -> str:
    """What is painted, cell by cell; this is also what forces it to be drawn."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())  # noqa: SLF001


async def painted_after(app: Debugger, key: str) -> tuple[float, float]:
    """Milliseconds from a key until the screen shows the cursor where it went, and the interface's own work in it."""
    before = app.lanes.cursor
    began, worked = time.perf_counter(), time.thread_time()
    app.post_message(events.Key(key, key if len(key) == 1 else None))
    while app.lanes.cursor == before:
        if time.perf_counter() - began > _STUCK_S:
            raise RuntimeError(f"{key} moved nothing")
        await asyncio.sleep(0)
    screen(app)
    return (time.perf_counter() - began) * 1000, (time.thread_time() - worked) * 1000


async def settled(app: Debugger) -> None:
    """Wait until all panels have followed."""
    while app.waits:  # noqa: ASYNC110 - measured from outside
        await asyncio.sleep(0.002)


async def measure(path: Path) -> list[tuple[str, float, float, str]]:
    """What, how much, how much it may be, in which unit."""
    began = time.perf_counter()
    app = Debugger(Session.open(path))
    async with app.run_test(size=_SIZE) as pilot:
        while "│" not in screen(app) or not len(app.lanes.lines):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        first_rows = time.perf_counter() - began
        await settled(app)
        all_rows = time.perf_counter() - began
        found = [
            ("first rows", first_rows, _FIRST_ROWS_S, "s"),
            ("all rows, timeline and panels", all_rows, float("inf"), "s"),
        ]
        last = len(app.session.index) - 1
        for name, keys, places in (
            ("a step", ("down", "up"), 40),
            ("a page", ("pagedown", "pageup"), 40),
            ("first and last line", ("end", "home"), 20),
            ("along the connection", ("right_square_bracket",), 40),
        ):
            times, works, settling = [], [], []
            for place in range(places):
                if "end" not in keys and place % 4 == 0:
                    app.lanes.go(last * (place * 7919 % places) // places)
                    await settled(app)
                took, worked = await painted_after(app, keys[place % len(keys)])
                times.append(took)
                works.append(worked)
                began = time.perf_counter()
                await settled(app)
                settling.append((time.perf_counter() - began) * 1000)
            found.append((f"{name}: key to paint, p95", statistics.quantiles(times, n=20)[-1], _KEY_TO_PAINT_MS, "ms"))
            found.append(
                (f"{name}: work of the interface in that, p95", statistics.quantiles(works, n=20)[-1], 1e9, "ms")
            )
            found.append((f"{name}: all panels after that, p95", statistics.quantiles(settling, n=20)[-1], 1e9, "ms"))
        await pilot.press("s")
        await settled(app)
    app.session.close()
    found.append(("memory", memory_mb(), _MEMORY_MB, "MB"))
    return found


def main() -> int:
    """Measure, and say what is slower than promised."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "long.parquet"
        if not path.exists():
            make(_EVENTS, path)
        with quick():
            found = asyncio.run(measure(path))
    wrong = 0
    for what, value, limit, unit in found:
        wrong += value > limit
        promise = f"at most {limit:g} {unit}" if limit < 1e9 else ""
        sys.stdout.write(f"{what:<56} {value:>8.1f} {unit:<3} {promise}{'  TOO MUCH' if value > limit else ''}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
