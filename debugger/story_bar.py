"""The story: the incident at the cursor, in the sentence that tells it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

from wsreplay.captures.harmless import harmless

if TYPE_CHECKING:
    from wsreplay.analysis.incidents.incident import Incident
    from wsreplay.debugger.palette import Palette


_LINES = 5
_LOST_IN_WRAPPING = 40
_LONG_WORD = re.compile(r"\w{25,}")


def told_in(summary: str, room: int) -> str:
    """The sentence; where it has less room than it needs, ids as long as hashes are cut in their middle."""
    if len(summary) <= room:
        return summary
    return _LONG_WORD.sub(lambda found: f"{found[0][:10]}…{found[0][-6:]}", summary)


class StoryBar(Static):
    """Up to five lines; none where nothing went wrong."""

    DEFAULT_CSS = """
    StoryBar { height: auto; max-height: 5; padding: 0 1; background: $panel; display: none; }
    StoryBar.told { display: block; }
    """

    def __init__(self) -> None:
        super().__init__(id="story")
        self.said = ""
        """What it says, as plain text."""
        self.incident: Incident | None = None
        self.number = 0

    def forget(self) -> None:
        """Tell it anew the next time."""
        self.number = -1

    def tell(self, incident: Incident | None, number: int, count: int, look: Palette) -> None:
        """Tell this incident, the ``number``-th of ``count``."""
        self.incident, self.number = incident, number
        self.set_class(incident is not None, "told")
        if incident is None:
            self.said = ""
            return
        text = Text()
        text.append(f"! {harmless(incident.kind)} ", style=look.bad)
        events = ", ".join(map(str, incident.evidence[:12])) or str(incident.seq)
        text.append(f"({incident.certainty}, {number} of {count}; events {events}) ", style=look.dim)
        room = _LINES * (self.app.size.width - 2) - text.cell_len - _LOST_IN_WRAPPING
        text.append(told_in(harmless(incident.summary), room))
        self.said = text.plain
        self.update(text)
