"""The CAPTURE argument: a path, with completion of its name, and with an event's address where a command takes one."""

from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, override

import click
from click.shell_completion import CompletionItem

from wsreplay.captures.errors import UserError
from wsreplay.cli.plain_errors import tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wsreplay.captures.capture import Capture

DEFAULT_FOLDER = Path("captures")
"""Where ``record`` puts captures."""
_ADDRESS = re.compile(r"(?P<path>.+)#(?P<seq>\d+)(?:\.(?P<part>\d+))?")


class Address(NamedTuple):
    """A capture, and where in it to begin."""

    path: Path
    seq: int = 0


class CapturePath(click.ParamType[Any]):
    """A capture's path. What it holds is looked at by whoever opens it."""

    name = "capture"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Take the text as a path."""
        return Path(value)

    @override
    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The captures that begin like this, here and in the folder ``captures``; and folders on the way to others."""
        folder, _, start = incomplete.rpartition("/")
        places = [
            (Path(folder or ("/" if incomplete.startswith("/") else ".")), f"{folder}/" if "/" in incomplete else "")
        ]
        if "/" not in incomplete and DEFAULT_FOLDER.is_dir():
            places.append((DEFAULT_FOLDER, f"{DEFAULT_FOLDER}/"))
        found = []
        for place, prefix in places:
            try:
                inside = sorted(place.iterdir(), reverse=True)  # their names begin with the time: newest first
            except OSError:
                continue
            for path in inside:
                if path.name.startswith(".") or not path.name.startswith(start):
                    continue
                if path.suffix == ".parquet" or path.name.endswith(".live"):
                    found.append(prefix + path.name)
                elif path.is_dir():
                    found.append(prefix + path.name + ("" if any(path.glob("*.parquet")) else "/"))
        return [CompletionItem(each) for each in found]


class CaptureOrQuery(CapturePath):
    """One of several arguments, the last of which is a query: text as it is, for a path would lose a ``//``."""

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Leave it to the command."""
        return str(value)


class CaptureAddress(CapturePath):
    """A capture's path, or CAPTURE#SEQ."""

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Take the text apart. A file that is really called so comes first."""
        found = _ADDRESS.fullmatch(str(value))
        if found is None or Path(value).exists():
            return Address(Path(value))
        return Address(Path(found["path"]), int(found["seq"]))


def open_captures(paths: Sequence[Path]) -> list[Capture]:
    """The captures that are meant by paths, folders and patterns, each once, in the order given."""
    from wsreplay.captures.capture import open_all

    opened: dict[Path, Capture] = {}
    for path in paths:
        for each in _expanded(path):
            for capture in open_all(each):
                opened.setdefault(capture.path.resolve(), capture)
    for capture in opened.values():
        offer_recovery(capture)
    return list(opened.values())


def offer_recovery(capture: Capture) -> None:
    """Say of a recording that was cut off that it is one, and what to do; it is read as far as it goes all the same."""
    if capture.cut_off:
        tell(f"{capture.path} was cut off: `wsreplay recover {capture.path}` makes a capture of it")


def places_of(paths: Sequence[Path]) -> list[Path]:
    """Where the captures are that are meant, also in folders of folders, and also those that can't be opened."""
    from wsreplay.captures.errors import CaptureError
    from wsreplay.captures.places import captures_in, place_of

    found: dict[Path, Path] = {}
    for path in paths:
        for each in _expanded(path):
            place = place_of(each)
            inside = _captures_below(place) if place.is_dir() and captures_in(place) != [place] else [place]
            if not inside:
                raise CaptureError(f"{place} holds no capture: name a .parquet file that `wsreplay record` wrote")
            for one in inside:
                found.setdefault(one.resolve(), one)
    return list(found.values())


def _captures_below(folder: Path) -> list[Path]:
    from wsreplay.captures.places import captures_in

    here = captures_in(folder)
    below = [child for child in sorted(folder.iterdir()) if child.is_dir() and child not in here]
    return [
        *here,
        *(capture for child in below if not child.name.startswith(".") for capture in _captures_below(child)),
    ]


def _expanded(path: Path) -> list[Path]:
    if path.exists() or not glob.has_magic(str(path)):
        return [path]
    found = sorted(Path(each) for each in glob.glob(str(path), recursive=True))  # noqa: PTH207 - as a shell has it
    if not found:
        raise UserError(f"no file matches {path}")
    return found
