"""Verifying captures: whole, in order, decoded as this release decodes, with the incidents that are in them."""

from __future__ import annotations

import math
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, as_completed
from multiprocessing import active_children, get_context
from pathlib import Path

import msgspec

from wsreplay.analysis.incidents.search import incidents_in
from wsreplay.captures.capture import Capture
from wsreplay.captures.decoder import Decoder
from wsreplay.captures.errors import UserError
from wsreplay.captures.event import DERIVED, Event
from wsreplay.captures.read_by import dialect_of
from wsreplay.captures.schema import CUT_OFF
from wsreplay.venues.errors import VenueError

_NAMED = 3
"""So many addresses of a kind are named; of the rest only their number."""


class Verified(msgspec.Struct, kw_only=True, frozen=True):
    """What a look at one capture gave."""

    path: str
    rows: int = 0
    events: int = 0
    gaps: int = 0
    """Losses that the capture states itself: no trouble, but worth knowing."""
    incidents: dict[str, int] = {}
    """How many of each kind are in it now."""
    cut_off: bool = False
    trouble: tuple[str, ...] = ()
    """What is wrong, a line each."""


def verify(paths: Sequence[Path], *, jobs: int, progress: Callable[[int], None] = lambda _: None) -> list[Verified]:
    """Look at captures in as many processes; what was found, in the order of the paths."""
    if jobs <= 1 or len(paths) <= 1:
        found = []
        for number, path in enumerate(paths, 1):
            found.append(verify_capture(path))
            progress(number)
        return found
    done: dict[Path, Verified] = {}
    # A fork would take our threads' locks along.
    pool = ProcessPoolExecutor(min(jobs, len(paths)), mp_context=get_context("spawn"), initializer=_die_silently)
    try:
        waiting = {pool.submit(verify_capture, path): path for path in paths}
        for number, future in enumerate(as_completed(waiting), 1):
            done[waiting[future]] = future.result()
            progress(number)
    except BrokenExecutor:
        raise UserError(
            "a process that looked at captures was killed, perhaps for want of memory: try --jobs 1"
        ) from None
    except BaseException:
        # Nobody waits for what is left.
        for process in active_children():
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return [done[path] for path in paths]


def _die_silently() -> None:
    """Ctrl-C reaches all processes of a terminal; what is to be said of it says the first one."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def verify_capture(path: Path) -> Verified:
    """Look at one capture. Never raises for what is wrong with it."""
    try:
        with Capture.open(path) as capture:
            return _Look(capture).verified()
    except (UserError, VenueError) as error:
        return Verified(path=str(path), trouble=(str(error),))
    except Exception as error:  # whatever a damaged file makes somebody stumble over: that is what we are asked for
        return Verified(path=str(path), trouble=(f"it can't be read ({type(error).__name__}: {error})",))


class _Look:
    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._trouble: dict[str, list[int]] = {}
        """What is wrong, and the first addresses of that kind."""
        self._times: Counter[str] = Counter()
        self._rows = self._events = self._gaps = 0
        self._stored: Counter[str] = Counter()
        self._last = (0, -1)

    def verified(self) -> Verified:
        about = self._capture.metadata
        reads = dialect_of(about)
        if about.dialect_version != reads.version:
            # It was decoded by another version: that is no damage, and what follows from it is not compared.
            behind = f"decoded by version {about.dialect_version} of the dialect, which is {reads.version} now"
            self._trouble[f"{behind}: `wsreplay decode` brings it up to date"] = []
        found = Counter(incident.kind for incident in incidents_in(self._passed()))
        self._compare_decoding()
        if self._stored and found != self._stored:
            self._trouble[f"its incidents are {_counts(found)} now, and {_counts(self._stored)} are stored"] = []
        return Verified(
            path=str(self._capture.path),
            rows=self._rows,
            events=self._events,
            gaps=self._gaps,
            incidents=dict(sorted(found.items())),
            cut_off=not self._capture.live and (about.ended is None or about.ended.startswith(CUT_OFF)),
            trouble=tuple(_line(what, seqs, self._times[what]) for what, seqs in self._trouble.items()),
        )

    def _passed(self) -> Iterator[Event]:
        """The rows on their way to the search for incidents, each looked at."""
        for row in self._capture.events():
            self._rows += 1
            address = (row.seq, row.part)
            if address <= self._last:
                self._say("not in the order of their addresses", row.seq)
            if row.part == 0:
                self._events += 1
                # A gap in the numbers is nothing that a recording makes: rows were taken out.
                if "part_of" not in self._capture.metadata.notes and row.seq > self._last[0] + 1:
                    self._say("missing before them: rows were taken out", row.seq)
                if row.kind == "gap":
                    self._gaps += 1
            elif row.kind == "incident":
                self._stored[row.op or "?"] += 1
            self._last = max(self._last, address)
            yield row

    def _compare_decoding(self) -> None:
        """Decode again, and hold each row against the one that is stored."""
        about = self._capture.metadata
        reads = dialect_of(about)
        if about.dialect_version != reads.version:
            return
        until = self._last[0]  # a recording may have gone on meanwhile
        again = Decoder(reads).decode_again(self._capture.events(0, until))
        stored = (row for row in self._capture.events(0, until) if row.kind != "incident")
        was, now = next(stored, None), next(again, None)
        while was is not None or now is not None:
            before, after = _address(was), _address(now)
            # A row that only one of them has must not make all rows after it look wrong.
            if before != after or any(getattr(was, name) != getattr(now, name) for name in DERIVED):
                self._say("decoded otherwise now: `wsreplay decode` brings them up to date", int(min(before, after)[0]))
            if before <= after:
                was = next(stored, None)
            if after <= before:
                now = next(again, None)

    def _say(self, what: str, seq: int) -> None:
        named = self._trouble.setdefault(what, [])
        self._times[what] += 1
        if len(named) < _NAMED:
            named.append(seq)


def _address(row: Event | None) -> tuple[float, int]:
    return (math.inf, 0) if row is None else (row.seq, row.part)


def _line(what: str, seqs: list[int], times: int) -> str:
    if not seqs:
        return what
    named = ", ".join(f"#{seq}" for seq in seqs)
    more = f" and {times - len(seqs):,} more" if times > len(seqs) else ""
    return f"{named}{more} {'is' if times == 1 else 'are'} {what}"


def _counts(counted: Counter[str]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counted.items())) or "none"
