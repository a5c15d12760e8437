"""Divergences and what happened around them, as people and as programs read them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from wsreplay.cli.harmless import harmless
from wsreplay.cli.terminal import columns

if TYPE_CHECKING:
    from wsreplay.replay.context import Context, Side


def context_lines(context: Context | None, names: Sequence[str]) -> Iterator[str]:
    """What happened around the first divergence, on both sides, with the command that goes there."""
    if context is None:
        return
    for name, side in zip(names, (context.recorded, context.replayed), strict=True):
        if side is not None:
            yield f"  {name}: {show_command(side)}"
            yield from _around(side)


def show_command(side: Side) -> str:
    """What to type to look at it."""
    return harmless(f"wsreplay show {shlex.quote(f'{side.capture}#{side.seq}')}")


def context_json(context: Context | None) -> dict[str, Any] | None:
    """The same for programs."""
    from wsreplay.replay.context import side_json

    if context is None:
        return None
    return {
        "recorded": side_json(context.recorded),
        "replayed": None if context.replayed is None else side_json(context.replayed),
    }


def _around(side: Side) -> Iterator[str]:
    from wsreplay.cli.event_line import EventLines

    width = columns()
    lines = EventLines(width=None if width is None else width - len(_MARK), address_width=5)
    for event in side.events:
        line = lines.line(event)
        if width is None:
            line = line[:_LONGEST]
        yield f"{_MARK if event.seq == side.seq else _NO_MARK}{line}"


_MARK, _NO_MARK = "  > ", "    "
_LONGEST = 160
"""Where nobody says how wide the screen is: enough to see what it was."""
