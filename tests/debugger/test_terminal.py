"""In a real terminal: tmux has one, and shows what is on it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Terminal:
    """A tmux server of its own, with one window."""

    def __init__(self, folder: Path, columns: int, lines: int) -> None:
        self._tmux = ["tmux", "-S", str(folder / f"{uuid.uuid4().hex[:8]}.sock"), "-f", "/dev/null"]
        self._size = ["-x", str(columns), "-y", str(lines)]

    def run(self, *command: str) -> None:
        start = ["new-session", "-d", *self._size, "-c", str(ROOT), "-e", "TERM=screen-256color", "-e", "TZ=UTC"]
        subprocess.run([*self._tmux, *start, "--", *command], check=True)

    def keys(self, *keys: str) -> None:
        subprocess.run([*self._tmux, "send-keys", *keys], check=True)

    def screen(self) -> str:
        shown = subprocess.run([*self._tmux, "capture-pane", "-p"], check=False, capture_output=True, text=True)
        return shown.stdout

    def wait_for(self, *words: str) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            screen = " ".join(self.screen().split())
            if all(word in screen for word in words):
                return screen
            time.sleep(0.05)
        raise AssertionError(f"no {words} on the screen:\n{self.screen()}")

    def wait_without(self, word: str) -> None:
        deadline = time.monotonic() + 30
        while word in self.screen():
            assert time.monotonic() < deadline, self.screen()
            time.sleep(0.05)

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path, 80, 24)
    yield made
    made.close()


def test_it_opens_moves_and_leaves_in_the_smallest_terminal(terminal: Terminal) -> None:
    command = [sys.executable, "-m", "wsreplay", "debug", "captures/samples/reya-duplicate-order.parquet"]
    terminal.run("sh", "-c", f"{shlex.join(command)}; echo left with $?; sleep 60")
    terminal.wait_for("Two orders where one was wanted", "#6", "createOrder", "? Help")
    terminal.keys("r")
    terminal.wait_for("#8")
    terminal.keys("g")
    terminal.wait_for("go to an address")
    terminal.keys("14", "Enter")
    terminal.wait_for("#14", "openOrders")
    terminal.keys("?")
    terminal.wait_for("to the next line")
    terminal.keys("Escape")
    terminal.wait_without("to the next line")  # what follows Esc at once would be taken for Alt
    terminal.keys("q")
    terminal.wait_for("left with 0")
    assert terminal.screen().strip() == "left with 0"  # and nothing that a library has to complain about
