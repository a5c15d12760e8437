"""What wsreplay can do for each venue, told from what its dialect offers."""

from __future__ import annotations

import msgspec

from wsreplay.venues.dialect import AnsweringDialect, RecognisingDialect
from wsreplay.venues.refreshing import Refreshing, Rehearsing
from wsreplay.venues.registry import brought_by, dialect, names
from wsreplay.venues.rules import Rules, rules_of
from wsreplay.venues.simulation import simulated, simulator


class Abilities(msgspec.Struct, frozen=True, kw_only=True):
    """One venue."""

    name: str
    version: int
    """Of its dialect."""
    brought_by: str | None
    """The package that brings it; None: it ships with wsreplay."""
    recognised: bool
    """Whether it is known by its traffic, without --venue."""
    simulators: tuple[str, ...]
    """What ``wsreplay simulate`` takes for it: itself, and its profiles."""
    listeners: tuple[str, ...]
    """What its simulator has beside the WebSocket."""
    replay: str
    """What a replay against it does: ``renewed`` (ids, nonces, tokens, signatures), ``as it was``."""
    rehearses: bool
    """Whether its simulator is set up to fit a recording."""
    answers_pings: bool
    """Whether its heartbeats are messages, which a replay answers."""
    rules: Rules
    hosts: tuple[str, ...]
    production_hosts: tuple[str, ...]
    secrets: tuple[str, ...]
    personal: tuple[str, ...]


def abilities(name: str) -> Abilities:
    """What can be done for this venue."""
    found = dialect(name)
    all_simulators = simulated()
    # A profile that is read by a dialect of its own is a venue of its own.
    profiles = {each for each in all_simulators if each.startswith(f"{name}-")} - set(names())
    of_it = tuple(each for each in all_simulators if each == name or each in profiles)
    return Abilities(
        name=name,
        version=found.version,
        brought_by=brought_by(name),
        recognised=isinstance(found, RecognisingDialect),
        simulators=of_it,
        listeners=tuple(simulator(name).siblings) if name in all_simulators else (),
        replay="renewed" if isinstance(found, Refreshing) else "as it was",
        rehearses=isinstance(found, Rehearsing),
        answers_pings=isinstance(found, AnsweringDialect),
        rules=rules_of(found),
        hosts=tuple(sorted(found.hosts)),
        production_hosts=tuple(sorted(found.production_hosts)),
        secrets=tuple(sorted(found.secrets.names)),
        personal=tuple(sorted(found.secrets.personal)),
    )


def all_abilities() -> list[Abilities]:
    """Those of every venue that can be used here, by name."""
    return [abilities(name) for name in names()]
