"""A REST API on its way through the middle: what is asked is asked of the venue, and on record."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import msgspec

from wsreplay.captures.wire import Exchange, What, as_json
from wsreplay.replay.clock import Clock
from wsreplay.replay.listeners import Note
from wsreplay.replay.rest import exchange, headers_for
from wsreplay.replay.targets import Place
from wsreplay.venues.gateway import Ask
from wsreplay.venues.http_edge import Answer, HttpEdge

TIMEOUT_S = 30.0
_OURS = frozenset({"connection", "content-length", "content-encoding", "transfer-encoding", "keep-alive", "date"})


class RestPassage:
    """Listens in front of one venue's REST API."""

    def __init__(
        self,
        place: Place,
        upstream: str,
        note: Note,
        clock: Clock,
        next_conn: Callable[[], int],
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """``place``: where the venue's API is; what is asked for there is the bot's to say."""
        self._tls = tls
        self._place = place
        self._upstream = upstream
        self._note = note
        self._clock = clock
        self._next_conn = next_conn
        self._edge = HttpEdge(self._respond)

    async def start(self) -> int:
        """Listen on a free port of this machine; which it is."""
        return (await self._edge.start("127.0.0.1", 0)).port

    async def close(self) -> None:
        """Listen no more."""
        await self._edge.close()

    async def _respond(self, ask: Ask) -> Answer:
        conn = self._next_conn()
        at_ns, mono_ns = self._clock.now()
        place = msgspec.structs.replace(self._place, target=ask.target)
        headers = headers_for(place, ask.headers, ask.body)
        asked = Exchange(
            method=ask.method,
            url=f"http{'s' if place.secure else ''}://{place.authority}{place.target}",
            upstream=self._upstream,
            request=headers,
            request_body=ask.body,
            asked_at_ns=at_ns,
            asked_mono_ns=mono_ns,
        )
        told = self._note(What.ASKED, False, conn, at_ns, mono_ns, -1, as_json(asked))
        answer, wire = await exchange(place, ask.method, headers, ask.body, tls=self._tls, timeout_s=TIMEOUT_S)
        record = msgspec.structs.replace(
            asked if told is False else asked.without_request(),
            status=answer.status,
            response=list(answer.headers),
            response_body=wire,
            error=answer.error,
        )
        self._note(What.HTTP, True, conn, *self._clock.now(), -1, as_json(record))
        if answer.status is None:
            return Answer(502, {"error": answer.error})
        return Answer(answer.status, answer.body, tuple(h for h in answer.headers if h[0].lower() not in _OURS))
