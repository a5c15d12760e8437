"""The mark: what ``@pytest.mark.wsreplay(...)`` says about the venue that a bot is to meet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from math import inf
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from wsreplay.errors import UserError
from wsreplay.testing.scenarios import scenario_file

type Upstreams = str | Iterable[str] | Mapping[str, str]
type Unmatched = Literal["error", "simulator", "silent"]

UNMATCHED: tuple[str, ...] = get_args(Unmatched.__value__)
MARK = (
    '@pytest.mark.wsreplay("session.parquet") serves a capture, @pytest.mark.wsreplay(venue="NAME") simulates a venue'
)

_SPEED = re.compile(r"0*[1-9]\d*(\.\d+)?x|\d*\.\d*[1-9]\d*x", re.IGNORECASE)


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """The venue that a bot is to meet in one test."""

    capture: Path | None = None
    """The capture whose venue it is; None: a simulator."""
    venue: str | None = None
    upstreams: tuple[str, ...] = ()
    """Where a capture that is not there yet is recorded, if recording was asked for."""
    faults: tuple[str, ...] = ()
    unmatched: Unmatched = "error"
    speed: str = "original"
    recorded_faults: bool = True
    must_strike: bool = True
    """Whether a test in which no fault of the plan struck has said nothing."""

    @property
    def times(self) -> float:
        """How many times as fast as recorded."""
        return {"original": 1.0, "max": inf}.get(self.speed) or float(self.speed.lower().removesuffix("x"))

    def command(self, out: Path) -> list[str]:
        """The arguments of ``wsreplay`` that make such a venue, and record what happens into ``out``."""
        faults = [word for fault in self.faults for word in ("--fault", fault)]
        common = ["--listen", "127.0.0.1:0", "--out", str(out), *faults]
        if self.upstreams:
            to = [word for upstream in self.upstreams for word in ("--to", upstream)]
            return ["record", *to, *(["--venue", self.venue] if self.venue else []), *common]
        if self.capture is None:
            assert self.venue is not None
            return ["record", "--sim", "--venue", self.venue, *common]
        without = [] if self.recorded_faults else ["--no-recorded-faults"]
        how = ["--unmatched", self.unmatched, "--speed", self.speed, "--format", "json"]
        return ["serve", str(self.capture), *how, *without, *common]


def scene(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], folders: Iterable[Path], *, recording: bool = False
) -> Scene:
    """The scene of a mark with these arguments. A relative path is looked for in each of these folders in turn."""
    unknown = next((name for name in kwargs if name not in _NAMES), None)
    if unknown is not None:
        raise UserError(f"the mark wsreplay has no {unknown!r}{_near(unknown, _NAMES)}")
    if len(args) > 1:
        raise UserError("the mark wsreplay takes one capture; everything else is named")
    given, folders = dict(kwargs), list(folders)
    if args:
        if "capture" in given:
            raise UserError("the mark wsreplay names its capture twice")
        given["capture"] = args[0]
    path, venue = given.pop("capture", None), given.pop("venue", None)
    upstreams = _upstreams(given.pop("upstream", ()))
    if path is None:
        return _simulated(venue, upstreams, given, folders)
    place = _place(Path(path), folders)
    if place.exists():
        return Scene(capture=place, faults=_faults(given, folders), **_served(given))
    if upstreams and recording:
        return Scene(
            capture=place,
            venue=venue,
            upstreams=upstreams,
            faults=_faults(given, folders),
            must_strike=bool(given.get("must_strike", True)),
        )
    how = "record it with --wsreplay-record" if upstreams else 'name upstream="wss://..." to record it in a test'
    raise UserError(f"there is no capture {path} beside the test or below the root{_neighbours(place)}; {how}")


def _simulated(venue: str | None, upstreams: tuple[str, ...], given: dict[str, Any], folders: list[Path]) -> Scene:
    if venue is None:
        raise UserError(f"the mark wsreplay names neither a capture nor a venue: {MARK}")
    if upstreams:
        raise UserError("the mark wsreplay has an upstream, and names no capture that could be recorded from there")
    idle = [name for name in ("unmatched", "speed", "recorded_faults") if name in given]
    if idle:
        raise UserError(f"the mark wsreplay: {idle[0]} is for a capture that is served, and {venue} is simulated")
    return Scene(venue=venue, faults=_faults(given, folders), must_strike=bool(given.get("must_strike", True)))


def _served(given: dict[str, Any]) -> dict[str, Any]:
    unmatched = str(given.get("unmatched", "error"))
    if unmatched not in UNMATCHED:
        raise UserError(f"the mark wsreplay: unmatched is error, simulator or silent, not {unmatched!r}")
    speed = given.get("speed", "original")
    told = speed if isinstance(speed, str) else f"{speed:g}x"
    if told not in ("original", "max") and not _SPEED.fullmatch(told):
        raise UserError(f"the mark wsreplay: {speed!r} is no speed: give original, max, or a multiple such as 2 or 0.5")
    return {
        "unmatched": unmatched,
        "speed": told,
        "recorded_faults": bool(given.get("recorded_faults", True)),
        "must_strike": bool(given.get("must_strike", True)),
    }


def _faults(given: dict[str, Any], folders: list[Path]) -> tuple[str, ...]:
    faults = given.get("fault", ())
    found = [str(fault) for fault in ([faults] if isinstance(faults, str | Path) else faults)]
    found = [str(_place(Path(fault), folders)) if fault.endswith(".toml") else fault for fault in found]
    scenario = given.get("scenario")
    return tuple(found) if scenario is None else (str(scenario_file(scenario)), *found)


def _upstreams(given: Upstreams) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    if isinstance(given, Mapping):
        return tuple(f"{name}={url}" if name else url for name, url in given.items())
    return tuple(given)


def _place(path: Path, folders: list[Path]) -> Path:
    """Where a path leads: from the first folder in which it is there."""
    places = [folder / path for folder in folders] or [path]
    return next((place for place in places if place.exists()), places[0])


def _neighbours(place: Path) -> str:
    there = [each.name for each in place.parent.glob("*.parquet")] if place.parent.is_dir() else []
    near = get_close_matches(place.name, there, n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""


def _near(name: str, names: Iterable[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]}?" if near else f": it has {', '.join(names)}"


_NAMES = (
    "capture",
    "venue",
    "upstream",
    "fault",
    "scenario",
    "unmatched",
    "speed",
    "recorded_faults",
    "must_strike",
)
