"""The short form of a fault, as ``--fault`` takes it and the capture shows it.

    drop rst before reply createOrder #1 where client_order_id = 7
    ──────── ────── ───── ─────────── ── ─────────────────────────
    effect   when   what  operation   N  conditions

:func:`parse` reads it, :func:`write` gives the canonical spelling, and ``parse(write(fault)) == fault``.
``docs/faults.md`` is the reference.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from wsreplay.faults.durations import is_duration, read_duration, write_duration
from wsreplay.faults.effects import (
    EFFECTS,
    HOWS,
    SIDES,
    Corrupt,
    Delay,
    Drop,
    Effect,
    Reject,
    Reorder,
    Stall,
)
from wsreplay.faults.fault import Fault
from wsreplay.faults.moment import FIELDS, FRAMES, RELATIONS, SAYS_SOMETHING, Condition, From, Moment, Relation, What
from wsreplay.faults.tokens import Reader, in_quotes, quoted

_WHENS = ("before", "after")
_CLAUSES = ("where", "every", "once", "with", "from")
_RESERVED = (*_CLAUSES, "and")
_BOT, _VENUE = ("bot", "client"), ("venue", "server")


def parse(text: str) -> Fault:
    """Read a short form. A :class:`~wsreplay.faults.errors.FaultError` names the place that can't be read."""
    reader = Reader(text)
    kind = EFFECTS[reader.one_of(tuple(EFFECTS), "what is to go wrong")]
    try:
        effect = _effect(reader, kind)
        moment = _moment(reader, effect)
        return Fault(effect, moment)
    except ValueError as error:
        raise reader.refused(error) from None


def parse_conditions(text: str) -> tuple[Condition, ...]:
    """Read what stands behind ``where``, on its own."""
    reader = Reader(text)
    try:
        conditions = _conditions(reader)
    except ValueError as error:
        raise reader.refused(error) from None
    if reader.sees():
        raise reader.lost("and, or the end", ("and",))
    return conditions


def write(fault: Fault) -> str:
    """The canonical short form."""
    effect, moment = fault.effect, fault.moment
    words = [effect.word, *_written_effect(effect)]
    if effect.acts_on != "frame" or moment.when == "after" or moment.what == "open":
        words.append(moment.when)
    if moment.count == "every":
        words.append("every")
    words.append(write_duration(moment.elapsed_ns) if moment.what == "time" else moment.what)
    if moment.op is not None:
        words.append(quoted(moment.op, _RESERVED))
    if moment.side is not None:
        words += ["from", moment.side]
    if isinstance(moment.count, int):
        words.append(f"#{moment.count}")
    for i, each in enumerate(moment.where):
        words += ["and" if i else "where", each.field, each.relation, quoted(each.value, _RESERVED)]
    if moment.probability < 1:
        words += ["with", "probability", repr(moment.probability)]
    return " ".join(words)


# The effect


def _effect(reader: Reader, kind: type[Effect]) -> Effect:
    given: dict[str, Any] = {}
    if kind is Drop:
        if reader.sees(*HOWS["drop"]):
            given["how"] = reader.take().text.lower()
        elif not reader.sees("on", *_WHENS):
            raise reader.lost("how the line ends, or before or after", (*HOWS["drop"], "on", *_WHENS))
        if given.get("how") == "close":
            given["code"] = reader.value(partial(_whole, "a close code is a number, such as 1012"), "a close code")
            if reader.sees_quoted():
                given["reason"] = reader.take().text
        if reader.skip("on"):
            given["side"] = _side(reader, SIDES)
    elif kind is Delay:
        given["time_ns"] = reader.value(read_duration, "for how long, such as 500ms")
        if reader.skip("to"):
            given["up_to_ns"] = reader.value(read_duration, "the longest time, such as 2s")
    elif kind is Stall:
        if reader.sees_like(is_duration):
            given["time_ns"] = reader.value(read_duration, "a time")
        if reader.skip("from"):
            given["side"] = _side(reader, SIDES)
    elif kind is Reorder:
        if reader.skip("by"):
            given["by"] = reader.value(partial(_whole, "a number of messages, such as 2"), "a number of messages")
        if reader.skip("within"):
            given["within_ns"] = reader.value(read_duration, "a time, such as 1s")
    elif kind is Corrupt:
        if reader.sees(*HOWS["corrupt"]):
            given["how"] = reader.take().text.lower()
    elif kind is Reject:
        if reader.sees_like(str.isdigit):
            given["status"] = reader.value(partial(_whole, "a status, such as 503"), "a status")
        if reader.sees_quoted():
            given["body"] = reader.take().text
    return kind(**given)


def _written_effect(effect: Effect) -> list[str]:
    words: list[str] = []
    if isinstance(effect, Drop):
        words.append(effect.how)
        if effect.code is not None:
            words.append(str(effect.code))
        if effect.reason:
            words.append(in_quotes(effect.reason))
        if effect.side != "bot":
            words += ["on", effect.side]
    elif isinstance(effect, Delay):
        words.append(write_duration(effect.time_ns))
        if effect.up_to_ns is not None:
            words += ["to", write_duration(effect.up_to_ns)]
    elif isinstance(effect, Stall):
        if effect.time_ns is not None:
            words.append(write_duration(effect.time_ns))
        if effect.side != "venue":
            words += ["from", effect.side]
    elif isinstance(effect, Reorder):
        if effect.by != 1:
            words += ["by", str(effect.by)]
        if effect.within_ns != Reorder().within_ns:
            words += ["within", write_duration(effect.within_ns)]
    elif isinstance(effect, Corrupt):
        if effect.how != "byte":
            words.append(effect.how)
    elif isinstance(effect, Reject):
        words.append(str(effect.status))
        if effect.body:
            words.append(in_quotes(effect.body))
    return words


# The moment


def _moment(reader: Reader, effect: Effect) -> Moment:
    given: dict[str, Any] = {"when": "before"}
    if effect.acts_on == "handshake" and not reader.sees():
        return Moment(when="before", what="open")
    if reader.sees(*_WHENS):
        given["when"] = reader.take().text.lower()
    elif effect.acts_on == "line":
        raise reader.lost("when it happens, such as before reply createOrder or after 30s", _WHENS)
    if reader.skip("every"):
        given["count"] = "every"
    if reader.sees_like(lambda text: text[0].isdigit()):
        given["what"] = "time"
        given["elapsed_ns"] = reader.value(read_duration, "a time")
    else:
        kinds = (*FRAMES, "open")
        what = given["what"] = cast(What, reader.one_of(kinds, f"a kind of frame, one of {', '.join(kinds)}"))
        if what in SAYS_SOMETHING and reader.sees() and not reader.sees(*_CLAUSES) and not reader.sees_like(_is_count):
            given["op"] = reader.take().text
    _clauses(reader, given)
    return Moment(**given)


def _clauses(reader: Reader, given: dict[str, Any]) -> None:
    while reader.sees():
        if reader.sees_like(_is_count):
            name, value = "count", cast(object, reader.value(_count, "#N"))
        elif reader.sees("every", "once"):
            name, value = "count", reader.take().text.lower()
        elif reader.skip("from"):
            name, value = "side", _side(reader, ("bot", "venue"))
        elif reader.skip("where"):
            name, value = "where", _conditions(reader)
        elif reader.skip("with"):
            reader.one_of(("probability",), '"probability"')
            name, value = "probability", reader.value(_probability, "a probability, such as 0.1")
        else:
            raise reader.lost("#N, every, once, from, where, with probability or the end", _CLAUSES)
        if name in given:
            raise ValueError(f"{'how often' if name == 'count' else name} is said twice")
        given[name] = value


def _conditions(reader: Reader) -> tuple[Condition, ...]:
    conditions = []
    while True:
        field = reader.one_of(FIELDS, "a field")
        if not reader.sees(*RELATIONS):
            raise reader.lost("a comparison", RELATIONS)
        relation = cast(Relation, reader.take().text)
        if reader.sees(*RELATIONS):
            raise reader.lost("a value")
        value = reader.value(str, "a value")
        conditions.append(Condition(field, relation, value))
        if not reader.skip("and"):
            return tuple(conditions)


# Words and values


def _side(reader: Reader, known: tuple[str, ...]) -> From:
    word = reader.one_of((*known, "client", "server"), f"a side: {' or '.join(known)}")
    return cast(From, "bot" if word in _BOT else "venue" if word in _VENUE else word)


def _is_count(text: str) -> bool:
    return text.startswith("#")


def _count(text: str) -> int:
    if not text[1:].isdecimal() or not text.isascii() or int(text[1:]) < 1:
        raise ValueError("frames are counted from #1")
    return int(text[1:])


def _whole(problem: str, text: str) -> int:
    if not (text.isdecimal() and text.isascii()):
        raise ValueError(problem)
    return int(text)


def _probability(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("a probability is a number above 0 and at most 1") from None
