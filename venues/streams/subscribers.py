"""Who listens to which stream. One may be entered more than once, and is then told as often."""

from __future__ import annotations


class Subscribers:
    """Connections by the streams that they asked for, in the order in which they did."""

    def __init__(self) -> None:
        self._listeners: dict[str, list[int]] = {}

    def add(self, conn: int, stream: str) -> None:
        """Enter one more time."""
        self._listeners.setdefault(stream, []).append(conn)

    def remove(self, conn: int, stream: str) -> None:
        """Strike out every entry of this connection."""
        left = [other for other in self._listeners.get(stream, ()) if other != conn]
        if left:
            self._listeners[stream] = left
        else:
            self._listeners.pop(stream, None)

    def forget(self, conn: int) -> None:
        """The connection is gone."""
        for stream in self.streams_of(conn):
            self.remove(conn, stream)

    def of(self, stream: str) -> tuple[int, ...]:
        """Whom to tell, and how often."""
        return tuple(self._listeners.get(stream, ()))

    def streams_of(self, conn: int) -> list[str]:
        """What a connection listens to."""
        return [stream for stream, listeners in self._listeners.items() if conn in listeners]
