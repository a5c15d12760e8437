"""Scenarios: plan files that also say how the bot behaves and which incidents come of it.

The general ones ship in ``faults/scenarios/NAME.toml``. A venue's dialect may bring a table for each
(:class:`~wsreplay.venues.dialect.ScenarioDialect`), whose fields take the place of the general ones, or say with
``unfit`` why there is no such thing at this venue. ``docs/scenarios.md`` shows them all.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import msgspec

from wsreplay.faults.conduct import AfterCut, Conduct, Kept
from wsreplay.faults.durations import read_duration
from wsreplay.faults.errors import FaultError, nearest
from wsreplay.faults.moment import Moment
from wsreplay.faults.plan import FaultPlan
from wsreplay.faults.plan_file import OF_SCENARIOS, PLAN_FIELDS, read_table
from wsreplay.faults.short_form import parse
from wsreplay.venues.dialect import Dialect, ScenarioDialect

_FIELDS = (*PLAN_FIELDS, *OF_SCENARIOS)
_WORDS: dict[str, tuple[str, ...]] = {
    "after_cut": get_args(AfterCut.__value__),
    "after_silence": ("wait", "resend"),
    "pongs": ("lived", "never", "twice"),
}
_MOMENTS: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "asks_twice": (
        "say after request (at once) or after reply (once it is answered)",
        {"after": ("request", "reply")},
    ),
    "loses_answer": ("say before reply", {"before": ("reply",)}),
}
_CLIENT_FIELDS = (*_WORDS, *_MOMENTS, "looks_up", "keeps", "stays")


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """Something that goes wrong, the bot that it happens to, and what comes of it."""

    name: str
    description: str = ""
    plan: FaultPlan | None = None
    """What goes wrong on the lines; None: nothing does, it is the bot alone."""
    conduct: Conduct = Conduct()
    expects: tuple[str, ...] = ()
    """The kinds of incidents that come of it."""

    def with_faults(self, more: FaultPlan | None) -> FaultPlan | None:
        """What goes wrong on the lines, with what was asked for besides."""
        if self.plan is None or more is None:
            return self.plan or more
        both = msgspec.structs.replace(self.plan, faults=self.plan.faults + more.faults)
        return both if more.seed == 0 else msgspec.structs.replace(both, seed=more.seed)


def scenario_names() -> list[str]:
    """The scenarios that ship with wsreplay."""
    folder = files("wsreplay.faults") / "scenarios"
    return sorted(each.name.removesuffix(".toml") for each in folder.iterdir() if each.name.endswith(".toml"))


def unfit(dialect: Dialect) -> dict[str, str]:
    """The scenarios that make no sense at a venue, and why."""
    return {name: str(table["unfit"]) for name, table in _brought(dialect).items() if "unfit" in table}


def fit_names(dialect: Dialect) -> list[str]:
    """The scenarios that a venue has: the general ones that make sense there, and its own."""
    return sorted({*scenario_names(), *_brought(dialect)} - set(unfit(dialect)))


def load_scenario(given: str, dialect: Dialect) -> Scenario:
    """The scenario of this name at this venue, or that of a file."""
    if given.strip().endswith(".toml"):
        try:
            return scenario_from(Path(given).stem, _toml(Path(given).read_text(encoding="utf-8")))
        except OSError as error:
            raise FaultError(f"can't read the scenario {given}: {error.strerror}") from None
        except (FaultError, UnicodeDecodeError) as error:
            raise FaultError(f"{given}: {error}") from None
    brought = _brought(dialect)
    if given not in scenario_names() and given not in brought:
        fit = fit_names(dialect)
        raise FaultError(
            f'there is no scenario "{given}"{nearest(given, fit)}; for {dialect.name} there are {", ".join(fit)}; '
            "the path of a .toml file is read as your own"
        )
    table = _general(given) | dict(brought.get(given, {}))
    if "unfit" in table:
        raise FaultError(f"the scenario {given} makes no sense for {dialect.name}: {table['unfit']}")
    return scenario_from(given, table)


def scenario_from(name: str, table: Mapping[str, Any]) -> Scenario:
    """Read a scenario's table."""
    for field in table:
        if field not in _FIELDS:
            raise FaultError(f'there is no field "{field}" in a scenario{nearest(field, _FIELDS)}')
    expects = table.get("expects", [])
    if not isinstance(expects, list) or not all(isinstance(kind, str) for kind in expects):
        raise FaultError(f"expects is a list of kinds of incidents, not {expects!r}")
    conduct = _conduct(table.get("client", {}))
    plan = None
    if table.get("faults"):
        plan = read_table({"name": name} | {field: table[field] for field in PLAN_FIELDS if field in table})
    elif conduct == Conduct():
        raise FaultError("nothing goes wrong in it: give it faults, or a client that does something")
    return Scenario(
        name=str(table.get("name", name)),
        description=str(table.get("description", "")),
        plan=plan,
        conduct=conduct,
        expects=tuple(expects),
    )


def _general(name: str) -> dict[str, Any]:
    if name not in scenario_names():
        return {}
    return _toml((files("wsreplay.faults") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8"))


def _brought(dialect: Dialect) -> dict[str, dict[str, Any]]:
    if not isinstance(dialect, ScenarioDialect):
        return {}
    try:
        return _toml(dialect.scenarios())
    except FaultError as error:
        raise FaultError(f"the scenarios that the dialect {dialect.name!r} brings: {error}") from None


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultError(f"this is no TOML: {error}") from None


def _conduct(said: Any) -> Conduct:
    if not isinstance(said, dict):
        raise FaultError(f"client is a table, not {said!r}")
    given: dict[str, Any] = {}
    for field, value in said.items():
        if field not in _CLIENT_FIELDS:
            raise FaultError(f'there is no field "{field}" in client{nearest(field, _CLIENT_FIELDS)}')
        if field in _WORDS:
            given[field] = _one_of(field, value, _WORDS[field])
        elif field == "keeps":
            kept = value if isinstance(value, list) else [value]
            given[field] = tuple(_one_of(field, each, get_args(Kept.__value__)) for each in kept)
        elif field == "looks_up":
            given[field] = tuple(map(str, value if isinstance(value, list) else [value]))
        elif field in _MOMENTS:
            given[field] = _moment(field, value)
        else:
            try:
                given["stays_ns"] = read_duration(value if isinstance(value, str) else "")
            except ValueError as error:
                raise FaultError(f"stays = {value!r}: {error}") from None
    return Conduct(**given)


def _one_of(field: str, value: object, words: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in words:
        raise FaultError(f"{field} can't be {value!r}, but one of {', '.join(words)}")
    return value


def _moment(field: str, value: object) -> Moment:
    """A moment stands behind an effect in a short form; any effect that takes both before and after would do."""
    hint, allowed = _MOMENTS[field]
    if not isinstance(value, str):
        raise FaultError(f"{field} is a moment, not {value!r}: {hint}")
    try:
        moment = parse(f"stall {value}").moment
    except FaultError as error:
        raise FaultError(f"{field} = {value!r}: {error}") from None
    if moment.what not in allowed.get(moment.when, ()):
        raise FaultError(f"{field} = {value!r}: {hint}")
    return moment
