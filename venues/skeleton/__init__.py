"""The beginning of a venue: a package that works, to be filled in (docs/add-a-venue.md)."""

from __future__ import annotations

import re
from pathlib import Path

from wsreplay.venues.errors import VenueError

_HERE = Path(__file__).parent
_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")


def write_skeleton(name: str, out: Path) -> list[Path]:
    """Write a package for the venue ``name`` into a new folder; the files that were written."""
    if not _NAME.fullmatch(name):
        raise VenueError(
            f"{name!r} can't be a venue's name: take small letters, digits and _, such as acme or acme_perps"
        )
    if out.exists():
        raise VenueError(f"{out} is there already: name another folder with --out")
    title = "".join(word.capitalize() for word in name.split("_"))
    written = []
    for template in sorted(_HERE.rglob("*.txt")):
        place = template.relative_to(_HERE).with_suffix("")
        if place.parts[0] == "package":
            place = Path(f"wsreplay_{name}", *place.parts[1:])
        text = template.read_text()
        for mark, word in (("{{name}}", name), ("{{Name}}", title), ("{{NAME}}", name.upper())):
            text = text.replace(mark, word)
        try:
            (out / place).parent.mkdir(parents=True, exist_ok=True)
            (out / place).write_text(text)
        except OSError as error:
            raise VenueError(f"{out / place} can't be written: {error.strerror}") from error
        written.append(out / place)
    return written
