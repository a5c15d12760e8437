"""Any fault there can be, for hypothesis."""

from __future__ import annotations

from typing import Any, Literal

from hypothesis import strategies as st

from wsreplay.faults.durations import LONGEST_NS
from wsreplay.faults.effects import Corrupt, Delay, Drop, Duplicate, Effect, Reject, Reorder, Side, Stall, Withhold
from wsreplay.faults.fault import Fault
from wsreplay.faults.moment import FRAMES, LINE_FIELDS, MESSAGE_FIELDS, SAYS_SOMETHING, Condition, Moment, Relation

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WORDS = st.one_of(
    TEXTS.filter(bool), st.sampled_from(["where", "and", "from", "every", "7", "#1", "30s", "reply", "Where"])
)
SPANS = st.one_of(st.integers(1, LONGEST_NS), st.sampled_from([10**6, 1_500_000_000, 60 * 10**9, LONGEST_NS]))
SIDES: st.SearchStrategy[Side] = st.sampled_from(["bot", "venue", "both"])


@st.composite
def drops(draw: st.DrawFn) -> Drop:
    given: dict[str, Any] = {"how": draw(st.sampled_from(["rst", "fin", "close"])), "side": draw(SIDES)}
    if given["how"] == "close":
        given |= {"code": draw(st.integers(1000, 4999)), "reason": draw(TEXTS)}
    return Drop(**given)


@st.composite
def delays(draw: st.DrawFn) -> Delay:
    time_ns = draw(st.integers(1, LONGEST_NS - 1))
    return Delay(time_ns=time_ns, up_to_ns=draw(st.none() | st.integers(time_ns + 1, LONGEST_NS)))


EFFECTS: st.SearchStrategy[Effect] = st.one_of(
    drops(),
    delays(),
    st.builds(Stall, time_ns=st.none() | SPANS, side=SIDES),
    st.just(Withhold()),
    st.just(Duplicate()),
    st.builds(Reorder, by=st.integers(1, 1000), within_ns=SPANS),
    st.builds(Corrupt, how=st.sampled_from(["byte", "cut", "utf8", "frame"])),
    st.builds(Reject, status=st.integers(200, 599), body=TEXTS),
)


@st.composite
def conditions(draw: st.DrawFn, fields: tuple[str, ...]) -> Condition:
    relation: Relation = draw(st.sampled_from(["=", "!=", "<", ">", "<=", ">="]))
    numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30).map(str)
    return Condition(draw(st.sampled_from(fields)), relation, draw(TEXTS if relation in ("=", "!=") else numbers))


@st.composite
def moments(draw: st.DrawFn, what: str) -> Moment:
    given: dict[str, Any] = {
        "what": what,
        "when": "after" if what == "time" else draw(st.sampled_from(["before", "after"])),
    }
    if what == "time":
        given["elapsed_ns"] = draw(SPANS)
    if what in SAYS_SOMETHING:
        given["op"] = draw(st.none() | WORDS)
    if what in FRAMES:
        given["side"] = draw(st.none() | st.sampled_from(["bot", "venue"]))
    counts: st.SearchStrategy[int | Literal["once", "every"]] = st.one_of(
        st.just("once"), st.just("every"), st.integers(1, 10**9)
    )
    fields = (*MESSAGE_FIELDS, *LINE_FIELDS) if what in SAYS_SOMETHING else LINE_FIELDS
    return Moment(
        count=draw(counts),
        where=tuple(draw(st.lists(conditions(fields), max_size=3))),
        probability=draw(st.just(1.0) | st.floats(0, 1, exclude_min=True)),
        **given,
    )


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    """A fault whose effect and moment go together."""
    effect = draw(EFFECTS)
    if isinstance(effect, Reject):
        what, whens = "open", ["before"]
    elif effect.acts_on == "line":
        what = draw(st.sampled_from([*FRAMES, "open", "time"]))
        whens = ["after"] if what in ("open", "time") else ["before", "after"]
        if what == "open" and isinstance(effect, Drop) and effect.how != "close" and effect.side == "bot":
            whens = ["before", "after"]
    else:
        what = draw(st.sampled_from([*FRAMES, "open"] if isinstance(effect, Delay) else FRAMES))
        whens = ["before", "after"] if what == "request" else ["before"]
    moment = draw(moments(what).filter(lambda moment: moment.when in whens))
    return Fault(effect, moment)
