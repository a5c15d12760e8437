"""Making a recorded session good again: this family's frames don't go stale, but its orders and users have new names.

Sans-I/O. Only the values that are known by another name now are replaced; every other byte stays as the bot wrote it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from wsreplay.venues.streams.rest_envelopes import operation_of
from wsreplay.venues.streams.wire import plain, text_of

if TYPE_CHECKING:
    from wsreplay.venues.envelope import Envelope, HttpMessage

_NAMED = re.compile(r'("(?:order_id|user_id)"\s*:\s*)("(?:[^"\\]|\\.)*")')
_SIGNED = re.compile(r'"signature"\s*:\s*\[')
_PARAMETER = re.compile(r"([?&](?:order_id|user_id)=)([^&#]*)")


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """A frame for now."""

    text: str
    unsigned: str | None = None
    """Why it could not be signed again; the old signature stands then."""


class StreamsRefresher:
    """Keeps the orders and users of one replay by the names that they had in the recording."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def learn(self, recorded: Envelope, live: Envelope) -> None:
        """A reply came to what was sent again: its order has another id now."""
        if recorded.order_id is not None and live.order_id is not None:
            self.names[recorded.order_id] = live.order_id

    def learn_http(self, recorded: HttpMessage, live: HttpMessage) -> None:
        """The answer to a creation: its order or its user has another id now."""
        if operation_of(recorded) not in ("createOrder", "createUser"):
            return
        before, after = plain(recorded.body), plain(live.body)
        if not isinstance(before, dict) or not isinstance(after, dict):
            return
        for member in ("order_id", "user_id"):
            old, new = text_of(before.get(member)), text_of(after.get(member))
            if old is not None and new is not None:
                self.names[old] = new

    def refresh(
        self,
        text: str,
        *,
        recorded_at_ns: int,
        now_ns: int,
        op: str | None = None,
        signer: str | None = None,
        signature_ok: bool | None = None,
    ) -> Refreshed:
        """A message, or, with ``op``, the body of that operation over REST."""
        if op is not None:
            return Refreshed(text=_NAMED.sub(self._renamed, text) if self.names else text)
        unsigned = None
        if _SIGNED.search(text):
            unsigned = "a subscription's signature commits to the time at which it was made"
        return Refreshed(text=text, unsigned=unsigned)

    def refresh_url(self, url: str, *, recorded_at_ns: int, now_ns: int) -> str:
        """The address, with the names of now in its query."""
        return _PARAMETER.sub(self._renamed_parameter, url) if self.names else url

    def refresh_headers(
        self, headers: tuple[tuple[str, str], ...], *, recorded_at_ns: int, now_ns: int
    ) -> tuple[tuple[str, str], ...]:
        """They don't go stale."""
        return headers

    def _renamed(self, member: re.Match[str]) -> str:
        new = self.names.get(plain(member[2]))
        return member[0] if new is None else member[1] + msgspec.json.encode(new).decode()

    def _renamed_parameter(self, parameter: re.Match[str]) -> str:
        new = self.names.get(parameter[2])
        return parameter[0] if new is None else parameter[1] + quote(new, safe="")
