"""Looks: requests by which a bot asks what became of its orders, and when it was told."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from typing import NamedTuple

from wsreplay.captures.event import Event

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])").findall
_ABOUT = frozenset({"order", "orders", "execution", "executions", "fill", "fills", "trade", "trades"})
_CHANGES = frozenset(
    {"create", "place", "new", "add", "submit", "send", "cancel", "amend", "modify", "edit", "replace", "delete"}
    | {"post", "put", "batch", "mass", "close", "subscribe", "unsubscribe", "ping"}
)
_GET = re.compile(r'"method"\s*:\s*"GET"')
_ASKED = 1_024
_KEPT = 64


class Look(NamedTuple):
    """A question about orders that was answered."""

    seq: int
    """Of the question."""
    asked_mono_ns: int
    answered_mono_ns: int


class Looks:
    """The last looks that were answered. One that failed, or was not answered yet, told the bot nothing."""

    def __init__(self) -> None:
        self._asked: OrderedDict[int, int] = OrderedDict()
        self._answered: deque[Look] = deque(maxlen=_KEPT)
        self.recorded = False
        """Whether the recording has any REST traffic, in which a look would show."""

    def see(self, event: Event) -> None:
        """A question, an answer, or neither."""
        if event.part:
            return
        if event.kind in ("http_request", "http_response"):
            self.recorded = True
        if event.role == "request" and event.sender == "client":
            if _asks(event):
                self._asked[event.seq] = event.mono_ns
                if len(self._asked) > _ASKED:
                    self._asked.popitem(last=False)
        elif event.reply_to is not None and event.role == "reply":
            asked = self._asked.pop(event.reply_to, None)
            delivered = event.relay_ns is not None or event.kind == "http_response"
            if asked is not None and event.error_code is None and delivered:
                self._answered.append(Look(event.reply_to, asked, event.mono_ns))

    def between(self, from_mono_ns: int, to_mono_ns: int) -> Look | None:
        """The first look that was asked and answered in this time."""
        for look in self._answered:
            if look.asked_mono_ns >= from_mono_ns and look.answered_mono_ns <= to_mono_ns:
                return look
        return None


def _asks(event: Event) -> bool:
    if event.intent is not None:
        return False
    words = {word.lower() for word in _WORDS(event.op or "")}
    if words.isdisjoint(_ABOUT):
        return False
    if event.kind == "http_request" and _GET.search((event.text or "")[:200]):
        return True
    return words.isdisjoint(_CHANGES)
