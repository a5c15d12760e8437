"""Where the capture of a test lies while it runs, and what is left there if it fails."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_OURS = ("*.parquet", "*.html", "*.live", "bot-*.txt", "captures.duckdb")
IGNORED = "# Made by wsreplay's pytest plugin: what failed tests have left.\n*\n"


class Keep:
    """The folder of one test. It holds what that test made the last time it failed, and nothing else of ours."""

    def __init__(self, root: Path, nodeid: str) -> None:
        self.root = root
        self.folder = root.joinpath(*_parts(nodeid))

    def begin(self) -> Path:
        """Make the folder, empty of what an earlier run left."""
        self._clear()
        if not self.root.exists():
            self.root.mkdir(parents=True)
            # The captures of tests are nothing to commit by accident.
            (self.root / ".gitignore").write_text(IGNORED)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.folder

    def drop(self) -> None:
        """Remove what the test made, and every folder that is empty then."""
        self._clear()
        place = self.folder
        while place != self.root and place.is_relative_to(self.root):
            with contextlib.suppress(FileNotFoundError):
                try:
                    place.rmdir()
                except OSError:
                    return
            place = place.parent
        if self.root.is_dir() and [each.name for each in self.root.iterdir()] == [".gitignore"]:
            (self.root / ".gitignore").unlink()
            with contextlib.suppress(OSError):
                self.root.rmdir()

    def _clear(self) -> None:
        for pattern in _OURS:
            for each in self.folder.glob(pattern):
                if each.is_dir() and not each.is_symlink():
                    shutil.rmtree(each)
                else:
                    each.unlink()


def shown(path: Path) -> str:
    """The path as a person would type it here."""
    near = os.path.relpath(path)
    return str(path) if near.startswith("..") else near


def _parts(nodeid: str) -> list[str]:
    place, _, names = nodeid.partition("::")
    name, bracket, parameters = names.partition("[")
    parts = [*place.split("/"), *name.split("::")]
    if bracket:
        parts[-1] += f"[{parameters}"
    return [_plain(part) for part in parts if part]


def _plain(part: str) -> str:
    """A name for a folder; what had to be changed is told apart by a hash of what it was."""
    if _PLAIN.fullmatch(part) and part not in (".", ".."):
        return part
    cleaned = re.sub(r"[^A-Za-z0-9_.-]+", "-", part).strip("-.")[:60]
    return f"{cleaned}-{hashlib.sha256(part.encode()).hexdigest()[:8]}"
