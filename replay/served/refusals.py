"""What a request is answered with that was never recorded: the venue's own error. Sans-I/O.

Where the recording has a refusal of such a request, it is given again; else the dialect says how its venue refuses.
"""

from __future__ import annotations

from functools import partial

import msgspec

from wsreplay.replay.served.patching import patched, swaps_between
from wsreplay.replay.served.script import ServedScript, Wish
from wsreplay.venues.dialect import Dialect, RefusingDialect
from wsreplay.venues.envelope import Envelope, HttpMessage
from wsreplay.venues.registry import GENERIC, dialect

CODE = "NOT_RECORDED"


class Refusals:
    """The refusals of one venue."""

    def __init__(self, script: ServedScript, venue: Dialect) -> None:
        self._dialect = venue
        self._recorded: dict[tuple[bool, str | None], Wish] = {}
        for wish in script.wishes.values():
            if wish.reply is not None and wish.reply.envelope.error_code is not None:
                self._recorded.setdefault((wish.http is not None, wish.envelope.op), wish)

    def refuse(self, payload: str | bytes, envelope: Envelope, why: str) -> str | None:
        """The answer to a message; None: the venue would say nothing."""
        alike = self._recorded.get((False, envelope.op))
        if alike is not None and alike.reply is not None and isinstance(alike.reply.payload, str):
            swaps = swaps_between(alike.payload, payload, alike.envelope, envelope)
            return patched(alike.reply.payload, swaps, partial(self._dialect.decode, sender="venue"))
        venue = self._dialect if isinstance(self._dialect, RefusingDialect) else dialect(GENERIC)
        return venue.refusal(payload, CODE, why) if isinstance(venue, RefusingDialect) else None

    def refuse_http(self, envelope: Envelope, why: str) -> HttpMessage:
        """The answer to a REST request."""
        alike = self._recorded.get((True, envelope.op))
        if alike is not None and alike.response is not None:
            return alike.response
        return HttpMessage(
            method="",
            url="",
            status=404,
            headers=(("Content-Type", "application/json"),),
            body=msgspec.json.encode({"error": CODE, "message": why}),
        )
