"""Which recorded line a new one follows. Sans-I/O.

Lines are taken in the order in which they were opened, each address (listener, path and query) for itself; a refused
handshake is refused again in its turn. Who comes more often than the recorded client follows the last line that was let
in or, while somebody is on that one, the first: it is another client then.
"""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qsl, urlsplit

from wsreplay.replay.served.script import ServedLine, ServedScript

_REDACTED = "redacted-"


class Doors:
    """Knows which lines are taken."""

    def __init__(self, script: ServedScript) -> None:
        self._lines = list(script.lines.values())
        self._taken: set[int] = set()
        self._followers: Counter[int] = Counter()

    def at(self, listener: str, target: str) -> ServedLine | None:
        """The recorded line for whoever knocks here; None: nobody ever did."""
        here = [line for line in self._lines if line.upstream == listener]
        path = _path(target)
        there = [line for line in here if _same_path(_path(line.url), path)]
        lines = [line for line in there if _same_query(line.url, target)] or there
        if not lines:
            return None
        free = next((line for line in lines if line.conn not in self._taken), None)
        if free is not None:
            self._taken.add(free.conn)
            return free
        let_in = [line for line in lines if line.status == 101]
        if not let_in:
            return lines[-1]
        return let_in[0] if self._followers[let_in[-1].conn] else let_in[-1]

    def nearest(self, listener: str) -> ServedLine | None:
        """A line that was opened there, whatever its path."""
        return next((line for line in self._lines if line.upstream == listener), None)

    def entered(self, line: ServedLine) -> None:
        """Somebody follows this line now."""
        self._followers[line.conn] += 1

    def left(self, line: ServedLine) -> None:
        """Somebody follows it no more."""
        self._followers[line.conn] -= 1


def _path(url: str) -> str:
    return urlsplit(url).path.rstrip("/")


def _same_path(recorded: str, live: str) -> bool:
    was, now = recorded.split("/"), live.split("/")
    return len(was) == len(now) and all(a == b or _REDACTED in a for a, b in zip(was, now, strict=True))


def _same_query(recorded: str, live: str) -> bool:
    was, now = (dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)) for url in (recorded, live))
    return was.keys() == now.keys() and all(value == now[name] or _REDACTED in value for name, value in was.items())
