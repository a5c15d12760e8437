"""Which venues there are: the built-in dialects, and those that other packages bring.

A package offers a dialect by an entry point; its name is the venue's::

    [project.entry-points."wsreplay.venues"]
    acme = "acme_wsreplay:AcmeDialect"

A dialect is imported when it is asked for, not before: some need libraries for signing that take their time.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from os import PathLike

from wsreplay.venues.dialect import Dialect
from wsreplay.venues.errors import VenueError

GENERIC = "generic"
ENTRY_POINTS = "wsreplay.venues"
"""The entry-point group through which other packages bring dialects."""

BUILT_IN = {
    "cantondex": "wsreplay.venues.cantondex.dialect:CantonDexDialect",
    "generic": "wsreplay.venues.generic.dialect:GenericDialect",
    "loopring": "wsreplay.venues.loopring.dialect:LoopringDialect",
    "reya": "wsreplay.venues.reya.dialect:ReyaDialect",
    "streams": "wsreplay.venues.streams.dialect:StreamsDialect",
    "streams-binance": "wsreplay.venues.streams.dialect:BinanceStreamsDialect",
    "zeroex": "wsreplay.venues.zeroex.dialect:ZeroExDialect",
    "zeroex-launch-kit": "wsreplay.venues.zeroex.dialect:LaunchKitDialect",
}
"""Where the dialects that ship with wsreplay stand. A foreign one of the same name does not replace them."""


@cache
def dialect(name: str) -> Dialect:
    """The dialect of the venue with this name."""
    if name in BUILT_IN and _is_there(BUILT_IN[name]):
        module, _, attribute = BUILT_IN[name].partition(":")
        return _made(getattr(import_module(module), attribute), name, BUILT_IN[name])
    foreign = _foreign().get(name)
    if foreign is not None:
        try:
            return _made(foreign.load(), name, foreign.value)
        except VenueError:
            raise
        except Exception as error:  # whatever another package's import may raise
            raise VenueError(
                f"the dialect {name!r} ({foreign.value}{_brought_by(foreign)}) can't be loaded: {error}; "
                "mend or remove that package"
            ) from error
    known = sorted({*(name for name, path in BUILT_IN.items() if _is_there(path)), *_foreign()})
    near = get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}."
    raise VenueError(f"no venue is called {name!r}; {hint} Any JSON venue can be read as 'generic'")


def dialect_described(name: str | None, map_file: str | PathLike[str] | None = None) -> Dialect:
    """The dialect that a user asked for: by a venue's name, by a map file, or neither (any JSON)."""
    if map_file is None:
        return dialect(name or GENERIC)
    if name not in (None, GENERIC):
        raise VenueError(f"a map file describes a venue without a dialect, and {name!r} has one: give one of the two")
    # The generic dialect is not named above: it is imported when it is asked for, like every other.
    from wsreplay.venues.generic.dialect import GenericDialect
    from wsreplay.venues.generic.mapping import load_mapping

    return GenericDialect(load_mapping(map_file))


def names() -> list[str]:
    """The names of all venues that can be used here, sorted."""
    usable = {name for name, path in BUILT_IN.items() if _is_there(path)}
    for name in _foreign():
        try:
            dialect(name)
        except VenueError:
            continue
        usable.add(name)
    return sorted(usable)


def dialect_for_host(host: str) -> Dialect:
    """The dialect of the venue that lives at this host; the generic one if none says it does."""
    wanted = host.lower().rstrip(".")
    for name in names():
        found = dialect(name)
        if wanted in found.hosts:
            return found
    return dialect("generic")


def venue_at(hosts: Iterable[str]) -> str | None:
    """The venue that lives at these hosts, if it is one and the same at all that any venue is known to live at."""
    found = {dialect_for_host(host).name for host in hosts} - {GENERIC}
    return found.pop() if len(found) == 1 else None


@cache
def _foreign() -> dict[str, EntryPoint]:
    return {found.name: found for found in entry_points(group=ENTRY_POINTS)}


def _is_there(path: str) -> bool:
    try:
        return find_spec(path.partition(":")[0]) is not None
    except ModuleNotFoundError:  # not even its package
        return False


def _made(offered: object, name: str, path: str) -> Dialect:
    found = offered() if isinstance(offered, type) else offered
    if not isinstance(found, Dialect):
        members = (member for member in dir(Dialect) if not member.startswith("_"))
        missing = ", ".join(member for member in members if not hasattr(found, member))
        raise VenueError(f"the dialect {name!r} ({path}) is none: it has no {missing}; see wsreplay.venues.dialect")
    return found


def brought_by(name: str) -> str | None:
    """The package that brings this venue, with its version; None: it ships with wsreplay."""
    entry = None if name in BUILT_IN else _foreign().get(name)
    return None if entry is None else _brought_by(entry).removeprefix(" of ") or entry.value


def _brought_by(entry: EntryPoint) -> str:
    return f" of {entry.dist.name} {entry.dist.version}" if entry.dist else ""
