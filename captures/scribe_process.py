"""The scribe as the proxy sees it: a process to start, to watch, to replace when it dies, and to bring to its end.

A thread reads what the scribe says and starts a new one on the same hand-over when it dies; so this serves an event
loop, mitmproxy's hooks and plain code alike, and none of them ever waits for it.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from wsreplay.captures.errors import CaptureError
from wsreplay.captures.handover import HandOver
from wsreplay.captures.vigil import Sight, Vigil
from wsreplay.captures.wire import What, as_json

_START_S = 60.0
_PATIENCE_S = 15.0
"""How long the end of a recording waits for a disk that refuses to write."""
_LOOK_S = 0.5
_PAUSES_S = (0.0, 0.1, 0.5, 1.0, 2.0)
"""Before each further attempt, when scribes die without having read anything."""


class Assignment(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a scribe is to do. It reaches the scribe as JSON."""

    out: str
    """The folder for the capture."""
    venue: str | None = None
    """None: the scribe finds out by the traffic."""
    map_file: str | None = None
    """TOML that names the fields of a venue without a dialect."""
    rotate: str | None = None
    unread_ms: int = 0
    """How long records may lie before they are read, as long as there is room for more, and the end is not near.

    Where the machine is busy with what makes them, the scribe is in its way."""
    keep_secrets: bool = False
    secrets: dict[str, str] = {}
    """Secrets that are known beforehand, each with its token. They are in memory only, like all of this."""
    upstreams: dict[str, str] = {}
    mode: str = "reverse"
    fault_plan: Any = None
    notes: dict[str, Any] = {}
    """Whatever else the capture's metadata should hold."""
    finishers: list[str] = []
    """``module:function`` each: called with an iterator of all events when the recording ends, gives further rows."""
    began_at_ns: int = 0
    began_mono_ns: int = 0
    folder: str | None = None
    """The working folder of a scribe that died, whose recording goes on."""


class Status(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a scribe says: one JSON line on its standard output each time something changes, once a second at most."""

    recording: str | None = None
    """The working folder. The first line, once the scribe is ready."""
    rows: int = 0
    gaps: int = 0
    behind: int = 0
    """Bytes in the hand-over that are not read yet."""
    venue: str | None = None
    """The venue, once it was recognised by its traffic."""
    trouble: str | None = None
    """Why nothing can be written at the moment; the hand-over fills meanwhile."""
    done: str | None = None
    """The capture. The last line."""
    failed: str | None = None
    """Why there is no capture, or none yet. The last line."""


class ScribeProcess:
    """The scribe of one recording, through all its deaths."""

    def __init__(self, hand_over: HandOver, assignment: Assignment, tell: Callable[[str], None]) -> None:
        """Use :meth:`start`."""
        self._hand_over = hand_over
        self._assignment = assignment
        self._tell = tell
        self._ready = threading.Event()
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._given_up = False
        self._finishing = False
        self._heard = time.monotonic()
        self.status = Status()
        """What the scribe said last."""
        self.restarts = 0
        """How often a scribe had to be replaced."""
        self._thread = threading.Thread(target=self._watch, name="scribe-watch", daemon=True)
        self._vigil = threading.Thread(target=self._keep_vigil, name="scribe-vigil", daemon=True)

    @classmethod
    def start(
        cls, hand_over: HandOver, assignment: Assignment, *, tell: Callable[[str], None] = lambda _: None
    ) -> ScribeProcess:
        """Start a scribe and wait until it records; a second or so. Raises :class:`CaptureError` if it can't.

        ``tell`` is given lines for people (a scribe that died, a full disk). It is called in another thread.
        """
        if not assignment.began_at_ns:
            assignment = msgspec.structs.replace(
                assignment, began_at_ns=time.time_ns(), began_mono_ns=time.monotonic_ns()
            )
        scribe = cls(hand_over, assignment, tell)
        scribe._thread.start()
        scribe._vigil.start()
        scribe._ready.wait(_START_S)
        if scribe.status.recording is None:
            scribe.kill()
            raise CaptureError(scribe.status.failed or "the scribe did not start; its own message stands above")
        return scribe

    @property
    def pid(self) -> int | None:
        """The process that is the scribe at the moment."""
        return self._process.pid if self._process else None

    @property
    def over(self) -> bool:
        """Whether there is no scribe any more, and will be none."""
        return self._over.is_set()

    @property
    def folder(self) -> Path:
        """The working folder while the recording lasts."""
        return Path(self._assignment.folder or self._assignment.out)

    def finish(self, why: str = "", timeout: float = 600.0) -> Path:
        """End the recording and wait for the capture. ``why`` is kept in it. Nobody may put records meanwhile."""
        self._finishing = True  # finders may take their time
        troubled_since = time.monotonic()
        deadline = troubled_since + timeout
        body = as_json({"why": why})
        told = False
        self._hurry()
        while not self._over.wait(0.01 if told else 0):
            now = time.monotonic()
            if not told:
                told = self._hand_over.put(What.FINISH, False, 0, time.time_ns(), time.monotonic_ns(), -1, body)
            if self.status.trouble is None:
                troubled_since = now
            if now > deadline or now > troubled_since + _PATIENCE_S:
                break
        self._vigil.join(10)  # it looks into the hand-over, which its owner may close now
        if self.status.done is not None:
            return Path(self.status.done)
        why = self.status.failed or self.status.trouble or ("the scribe died" if self._over.is_set() else "")
        self.kill()
        why = why or f"the scribe did not finish within {timeout:.0f} s"
        raise CaptureError(f"{why}; what was recorded is in {self.folder}: `wsreplay recover` makes a capture of it")

    def kill(self) -> None:
        """End it at once, without a capture."""
        self._given_up = True
        if self._process is not None:
            self._process.kill()
        self._thread.join(10)
        self._vigil.join(10)

    def _keep_vigil(self) -> None:
        """The other thread: says when the scribe falls behind, and ends one that has stopped moving."""
        vigil = Vigil()
        while not self._over.wait(_LOOK_S):
            hand_over = self._hand_over
            now = time.monotonic()
            sight = Sight(now, self._heard, hand_over.written, hand_over.released, hand_over.capacity, hand_over.losing)
            told, stalled = vigil.look(sight)
            for line in told:
                self._tell(line)
            process = self._process
            if stalled and not self._finishing and process is not None and not _waits_for_a_disk(process.pid):
                self._tell("the scribe does not move any more and is replaced")
                self._heard = now
                process.kill()

    def _hurry(self) -> None:
        """Tell a scribe that lets records lie that now is the time to read them."""
        process = self._process
        if process is not None and process.stdin is not None:
            with suppress(OSError, ValueError):  # it is dead, and the next one reads all that is there
                process.stdin.write(b"\n")

    def _watch(self) -> None:
        """The thread: one scribe after the other, until one says that it is done or failed."""
        fruitless = 0
        try:
            while not self._given_up:
                position = self._hand_over.released
                code = self._serve()
                if self.status.done is not None or self.status.failed is not None or self._given_up:
                    return
                if self.status.recording is None:
                    return  # it never got as far as a recording: start() says so
                fruitless = 0 if self._hand_over.released > position else fruitless + 1
                if fruitless >= len(_PAUSES_S):
                    self._tell(f"the scribe died again ({_how(code)}): recording ends here, the traffic goes on")
                    return
                self.restarts += 1
                self._tell(f"the scribe died ({_how(code)}) and is replaced: nothing is lost")
                time.sleep(_PAUSES_S[fruitless])
        finally:
            self._ready.set()
            self._over.set()

    def _serve(self) -> int:
        """Run one scribe to its end."""
        # -P: a bot's own modules lie in the current folder, and one may be called msgspec.py.
        command = [sys.executable, "-P", "-m", "wsreplay.captures.scribe", str(self._hand_over.fd)]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            pass_fds=[self._hand_over.fd],
            start_new_session=True,  # Ctrl-C is the proxy's affair
        ) as process:
            self._process = process
            self._heard = time.monotonic()
            if self._given_up:  # told to while this one was being started
                process.kill()
            if process.stdin and process.stdout:
                # Standard input stays open: its end tells the scribe that the proxy is gone.
                with suppress(BrokenPipeError):
                    process.stdin.write(msgspec.json.encode(self._assignment) + b"\n")
                    process.stdin.flush()
                for line in process.stdout:
                    self._hear(msgspec.json.decode(line, type=Status))
            return process.wait()

    def _hear(self, status: Status) -> None:
        self._heard = time.monotonic()
        before = self.status
        status.recording = status.recording or before.recording
        self.status = status
        if status.venue and not before.venue:
            self._tell(f"this is {status.venue}, by its traffic; name the venue with --venue to know it from the start")
        if status.trouble and not before.trouble:
            self._tell(status.trouble)
        elif before.trouble and not status.trouble:
            self._tell("the capture can be written again")
        if not self._ready.is_set() and status.recording is not None:
            self._assignment = msgspec.structs.replace(self._assignment, folder=status.recording)
            self._ready.set()


def _how(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _waits_for_a_disk(pid: int) -> bool:
    """Whether the kernel says so: another scribe would wait for it as well."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "D"
    except (OSError, IndexError):
        return False
