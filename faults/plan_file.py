"""The plan file: several faults in TOML, each as a short form or in fields.

    name = "disconnect-in-flight"
    seed = 7
    faults = ["delay 200ms to 800ms every push"]

    [[faults]]
    ...

``docs/faults.md`` shows every field.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from wsreplay.faults.durations import is_duration, read_duration
from wsreplay.faults.effects import EFFECTS, HOWS, SIDES
from wsreplay.faults.errors import FaultError, nearest
from wsreplay.faults.fault import Fault
from wsreplay.faults.moment import FIELDS, FRAMES, Condition, Moment
from wsreplay.faults.plan import FaultPlan
from wsreplay.faults.short_form import parse, parse_conditions, write
from wsreplay.faults.tokens import in_quotes

PLAN_FIELDS = ("name", "description", "seed", "faults")
OF_SCENARIOS = ("expects", "client", "unfit")
"""What a scenario says besides (:mod:`.scenario`): of the bot, and of what comes of it."""
_MOMENT_FIELDS = ("before", "after", "op", "from", "count", "where", "probability")
_EFFECT_FIELDS = {
    "drop": ("how", "code", "reason", "side"),
    "delay": ("time", "up_to"),
    "stall": ("time", "side"),
    "withhold": (),
    "duplicate": (),
    "reorder": ("by", "within"),
    "corrupt": ("how",),
    "reject": ("status", "body"),
}
_STRUCT_NAMES = {"time": "time_ns", "up_to": "up_to_ns", "within": "within_ns", "from": "side"}


def read_plan_file(path: Path) -> FaultPlan:
    """Read a plan; a :class:`FaultError` names the file, the fault and the field."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise FaultError(f"can't read the fault plan {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FaultError(f"{path}: a fault plan is text in UTF-8, and this is none") from None
    try:
        return read_plan(text)
    except FaultError as error:
        raise FaultError(f"{path}: {error}") from None


def read_plan(text: str) -> FaultPlan:
    """Read a plan's TOML; of a scenario, what goes wrong in it, and not what its bot does."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FaultError(f"this is no TOML: {error}") from None
    return read_table({name: value for name, value in table.items() if name not in OF_SCENARIOS})


def read_table(table: dict[str, Any]) -> FaultPlan:
    """Read a plan's table."""
    _no_others(table, PLAN_FIELDS)
    entries = _of_type(table, "faults", list, "a list")
    if not entries:
        raise FaultError("there is no fault in it; write one as [[faults]] with fields, or in a list faults = [...]")
    faults = []
    for number, entry in enumerate(entries, 1):
        try:
            faults.append(_fault(entry))
        except (FaultError, ValueError) as error:
            raise FaultError(f"fault {number}: {error}" if isinstance(entry, dict) else str(error)) from None
    return FaultPlan(
        faults=tuple(faults),
        seed=_of_type(table, "seed", int, "a whole number") or 0,
        name=_of_type(table, "name", str, "a text") or "",
        description=_of_type(table, "description", str, "a text") or "",
    )


def write_plan(plan: FaultPlan) -> str:
    """The plan as TOML that :func:`read_plan` reads back, faults in their short form."""
    said = {"name": plan.name, "description": plan.description}
    lines = [f"{field} = {_toml_text(text)}" for field, text in said.items() if text]
    lines += [f"seed = {plan.seed}", "faults = ["]
    lines += [f"    {_toml_text(write(fault))}," for fault in plan.faults]
    return "\n".join([*lines, "]", ""])


def _fault(entry: object) -> Fault:
    if isinstance(entry, str):
        return parse(entry)
    if not isinstance(entry, dict):
        raise FaultError(f"a fault is a short form in quotes or a table, not {entry!r}")
    if "do" not in entry:
        raise FaultError(f"do is missing: what is to go wrong, one of {', '.join(EFFECTS)}")
    word = _known(entry, "do", tuple(EFFECTS))
    _no_others(entry, ("do", *_EFFECT_FIELDS[word], *_MOMENT_FIELDS))
    given: dict[str, Any] = {}
    for name in _EFFECT_FIELDS[word]:
        if name in entry:
            given[_STRUCT_NAMES.get(name, name)] = _value(entry, name, word)
    if word == "delay" and "time" not in entry:
        raise FaultError('time is missing: for how long, such as time = "500ms"')
    return Fault(EFFECTS[word](**given), _moment(entry, word))


def _value(entry: dict[str, Any], name: str, word: str) -> object:
    if name == "how":
        return _known(entry, name, HOWS[word])
    if name == "side":
        return _known(entry, name, SIDES)
    if name in ("time", "up_to", "within"):
        return _read(entry, name, read_duration)
    if name in ("reason", "body"):
        return _of_type(entry, name, str, "a text")
    return _of_type(entry, name, int, "a whole number")


def _moment(entry: dict[str, Any], word: str) -> Moment:
    given: dict[str, Any] = {}
    named = [when for when in ("before", "after") if when in entry]
    if len(named) != 1:
        if named or word != "reject":
            raise FaultError("say when: either before or after, and the kind of frame")
        given.update(when="before", what="open")
    else:
        [when] = named
        given["when"] = when
        if isinstance(entry[when], str) and is_duration(entry[when]):
            given.update(what="time", elapsed_ns=_read(entry, when, read_duration))
        else:
            given["what"] = _known(entry, when, (*FRAMES, "open"))
    if "op" in entry:
        given["op"] = _of_type(entry, "op", str, "a text")
    if "from" in entry:
        given["side"] = _known(entry, "from", ("bot", "venue"))
    if "count" in entry:
        count = entry["count"]
        whole = isinstance(count, int) and not isinstance(count, bool)
        given["count"] = count if whole else _known(entry, "count", ("once", "every"))
    if "probability" in entry:
        given["probability"] = float(_of_type(entry, "probability", (int, float), "a number") or 0)
    given["where"] = _conditions(entry.get("where", ()))
    return Moment(**given)


def _conditions(where: object) -> tuple[Condition, ...]:
    """A table says what equals what; a text is what stands behind ``where`` in a short form."""
    if isinstance(where, str):
        return parse_conditions(where)
    if not isinstance(where, dict):
        if where == ():
            return ()
        raise FaultError('where is a table such as { client_order_id = 7 }, or a text such as "price > 100"')
    for field, value in where.items():
        if field not in FIELDS:
            raise FaultError(f'where: no frame has a field "{field}"{nearest(field, FIELDS)}')
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise FaultError(f"where: {field} is compared with a text or a number, not with {value!r}")
    return tuple(Condition(field, "=", str(value)) for field, value in where.items())


def _no_others(table: dict[str, Any], known: Sequence[str]) -> None:
    for name in table:
        if name not in known:
            hint = nearest(name, known) or f"; there are {', '.join(known)}"
            raise FaultError(f'there is no field "{name}" here{hint}')


def _known(table: dict[str, Any], name: str, known: Sequence[str]) -> str:
    word = table[name]
    if not isinstance(word, str) or word not in known:
        hint = (isinstance(word, str) and nearest(word, known)) or f", but one of {', '.join(known)}"
        raise FaultError(f"{name} can't be {in_quotes(word) if isinstance(word, str) else word}{hint}")
    return word


def _of_type(table: dict[str, Any], name: str, kind: type | tuple[type, ...], called: str) -> Any:
    value = table.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, kind)):
        raise FaultError(f"{name} is {called}, not {value!r}")
    return value


def _read(table: dict[str, Any], name: str, read: Callable[[str], int]) -> int:
    try:
        return read(_of_type(table, name, str, 'a text such as "500ms"'))
    except ValueError as error:
        raise FaultError(f"{name} = {in_quotes(table[name])}: {error}") from None


def _toml_text(text: str) -> str:
    # TOML's basic strings are JSON's, but for DEL and for surrogates.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
