"""``duplicate-request-id``: an id used again on a connection while the first request with it still waited."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

from wsreplay.analysis.incidents.incident import Incident, evidence_of
from wsreplay.analysis.incidents.sent import FOLLOWED, Sent
from wsreplay.analysis.incidents.wording import lasting, present, request_words
from wsreplay.captures.event import Event

_REFUSED = 1_024


class _Pair:
    __slots__ = ("first", "refused_seq", "second")

    def __init__(self, first: Sent, second: Sent) -> None:
        self.first = first
        self.second = second
        self.refused_seq: int | None = None


class RequestIds:
    """Whether the first was still in flight shows later: what became of it is told after the second was sent.

    A request that is never told of may be one that the venue never answers; its id says nothing.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[tuple[int | None, str], Sent] = OrderedDict()
        self._pairs: OrderedDict[int, _Pair] = OrderedDict()
        """By either request."""
        self.refused: OrderedDict[int, None] = OrderedDict()
        """Second requests that were refused while the first waited: of late, and as far as it was for the id."""

    def see(self, event: Event, request: Sent | None) -> Iterable[Incident]:
        """Note what is sent with which id, and wait for what becomes of it."""
        if request is None or request.rest or request.key is None:
            return ()
        label = request.conn, request.key
        if event.kind != "fact":
            self._sent(label, request)
            return ()
        if self._waiting.get(label) is request:
            del self._waiting[label]
        pair = self._pairs.pop(request.seq, None)
        if pair is None:
            return ()
        if request is pair.second:
            if event.outcome != "rejected":
                # It was served, out of order perhaps: only the end of the first can still show that it waited.
                return ()
            self.refused[request.seq] = None
            if len(self.refused) > _REFUSED:
                self.refused.popitem(last=False)
            pair.refused_seq = event.seq
        self._pairs.pop(pair.first.seq, None)
        self._pairs.pop(pair.second.seq, None)
        return (_found(pair, event.seq),)

    def end(self) -> Iterable[Incident]:
        """Nothing is known of those that are left."""
        return ()

    def _sent(self, label: tuple[int | None, str], request: Sent) -> None:
        first = self._waiting.get(label)
        if first is None:
            self._waiting[label] = request
            if len(self._waiting) > FOLLOWED:
                self._waiting.popitem(last=False)
            return
        pair = _Pair(first, request)
        self._pairs[request.seq] = pair
        self._pairs.setdefault(first.seq, pair)
        while len(self._pairs) > FOLLOWED:
            self._pairs.popitem(last=False)


def _found(pair: _Pair, known_seq: int) -> Incident:
    first, second = pair.first, pair.second
    refused = "and the venue refused it" if pair.refused_seq is not None else "and the venue took both"
    if pair.refused_seq is None and second.outcome is None:
        refused = "so that a reply can't be told from the other's"
    return Incident(
        kind="duplicate-request-id",
        certainty="proven",
        conn=second.conn,
        seq=second.seq,
        at_ns=second.at_ns,
        mono_ns=second.mono_ns,
        evidence=evidence_of(first.seq, second.seq, known_seq),
        summary=f"The bot used the request id {second.key} for {request_words(second)} "
        f"{lasting(second.mono_ns - first.mono_ns)} after {request_words(first)}, which still waited for its reply, "
        f"{refused}.",
        facts=present(
            key=second.key,
            request_seqs=[first.seq, second.seq],
            op=second.op,
            error_code=second.error_code,
            symbol=second.symbol,
            client_order_id=second.client_order_id,
            intent=second.intent,
        ),
    )
