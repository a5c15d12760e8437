"""The terms of a comparison: how the second came about, and so what may differ."""

from __future__ import annotations

from typing import Literal

import msgspec


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What may differ between two captures, and how they are called."""

    first: str = "in the recording"
    second: str = "now"
    of_second: str = "of the replay"
    gone: str = "and not again"
    """Of an incident that only the first has."""
    whole: bool = True
    """Whether all of the first was to happen again; else only its requests are compared."""
    of_time: bool = True
    """Whether both had the same time; else what comes with time need not have come."""
    ends_of: Literal["venue", "bot", "both"] = "venue"
    """Whose ends of lines are news: those of the side that lives now; the other's are played."""
    excused: frozenset[str] = frozenset()
    """Kinds of incidents that need not come again."""


REPLAYED = Terms()
"""A recording, and a replay of it."""
SERVED = Terms(ends_of="bot")
"""A recording, and a bot that lived through it again."""
COMPARED = Terms(
    first="in the first",
    second="in the second",
    of_second="of the second",
    gone="and not in the second",
    ends_of="both",
)
"""Any two captures."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is otherwise in the second."""

    what: str = ""
    recorded: str = ""
    replayed: str = ""
    seq: int | None = None
    """The address in the first; None: it has nothing of the kind."""
    replay_seq: int | None = None
    only_in: Literal["recorded", "replayed"] | None = None
