"""Which recorded request a live one is, by what it means; and if it is none, which comes nearest. Sans-I/O.

Two requests mean the same if they want the same operation with the same intent or, where no order is made, of the same
order, market, account and channel. Ids that the client chose, nonces, times and secrets mean nothing. Of several that
mean the same the next one is taken: first on the recorded line that the live one follows, then on any. What is wanted
more often than it was recorded is given the last answer again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from wsreplay.replay.served.orders import LiveOrders
from wsreplay.replay.served.script import ServedScript, Wish, subscriptions
from wsreplay.venues.envelope import Envelope, HttpMessage, exact_decimal

_COMPARED = ("symbol", "account", "side", "channel", "price", "qty", "order_id", "client_order_id")
_NUMBERS = frozenset({"price", "qty"})
_WORDS = {"client_order_id": "client order id", "order_id": "order", "qty": "quantity"}

type Meaning = tuple[bool | str | None, ...]


class Match(NamedTuple):
    """The recorded request that a live one is."""

    wish: Wish
    again: bool
    """It was taken before: it is wanted more often than it was recorded."""

    @property
    def beyond(self) -> bool:
        """Whether what it asks for is more than was recorded: another order, or what there is after one."""
        return self.again and (self.wish.envelope.intent is not None or _asks(self.wish))


class Miss(NamedTuple):
    """A live request that was never recorded."""

    what: str
    nearest: Wish | None
    difference: str
    """How the nearest differs, in words."""

    def __str__(self) -> str:
        if self.nearest is None:
            return f"{self.what} was never recorded, nor anything like it"
        if not self.difference:
            return f"{self.what} is #{self.nearest.seq} of the recording, but {self.nearest.unknown}"
        return f"{self.what} was never recorded; the nearest is #{self.nearest.seq}: {self.difference}"


class Matcher:
    """Knows which recorded requests were taken already."""

    def __init__(self, script: ServedScript, orders: LiveOrders) -> None:
        self._script = script
        self._orders = orders
        self._by_meaning: dict[Meaning, list[Wish]] = {}
        self._by_op: dict[str | None, list[Wish]] = {}
        self._taken: set[int] = set()
        self._order_made_ns = 0
        """When the last order that was wanted now was wanted in the recording."""
        for wish in script.wishes.values():
            text = text_of(wish.http) if wish.http is not None else wish.payload
            meaning = _meaning(wish.envelope, text, wish.http is not None)
            self._by_meaning.setdefault(meaning, []).append(wish)
            self._by_op.setdefault(wish.envelope.op, []).append(wish)

    def find(
        self, live: Envelope, payload: str | bytes, line: int = 0, came: Iterable[int] = (), *, http: bool = False
    ) -> Match | Miss:
        """The recorded request for a live one.

        ``line``: the recorded line that the live one follows, ``came``: its requests that have come on the live one.
        """
        live = self._as_recorded(live)
        alike = self._by_meaning.get(_meaning(live, payload, http), []) or list(self._nearly(live, http))
        known = [wish for wish in alike if not wish.unknown]
        if not known:
            return self._miss(live, alike, http)
        # One that gave up on its answer knows less than one that waited for it.
        known = [wish for wish in known if wish.answered] or known
        if any(_asks(wish) for wish in known):
            # A list of orders that is older than what was just ordered would be a lie.
            known = [wish for wish in known if wish.reply and wish.reply.mono_ns >= self._order_made_ns] or known[-1:]
        here = set(came)
        in_course = [wish for wish in known if wish.line == line != 0 and wish.seq not in here]
        free = [wish for wish in known if wish.seq not in self._taken]
        wish = (in_course or free or known[-1:])[0]
        match = Match(wish, again=wish.seq in self._taken)
        self._taken.add(wish.seq)
        if wish.envelope.intent is not None:
            self._order_made_ns = max(self._order_made_ns, wish.mono_ns)
        return match

    def _nearly(self, live: Envelope, http: bool) -> Iterator[Wish]:
        """Requests that say more or less than this one, but nothing else; subscriptions to some of its channels."""
        wanted = set(subscriptions(live))
        for wish in self._by_op.get(live.op, ()):
            recorded = wish.envelope
            if live.op is None or live.intent is not None or recorded.intent is not None:
                continue
            if (wish.http is not None) != http:
                continue
            if wanted:
                if wanted & set(subscriptions(recorded)):
                    yield wish
                continue
            if live.parts or recorded.parts:
                continue
            differences = list(_differences(recorded, live))
            if all(None in (each.recorded, each.live) and each.name != "order_id" for each in differences):
                yield wish

    def _miss(self, live: Envelope, alike: list[Wish], http: bool) -> Miss:
        what = words_of(live)
        if alike:
            return Miss(what, alike[0], "")
        candidates = self._by_op.get(live.op, []) or [
            wish
            for wish in self._script.wishes.values()
            if live.intent is not None and wish.envelope.intent is not None
        ]
        nearest = min(
            candidates,
            key=lambda wish: (
                len(list(_differences(wish.envelope, live))) + ((wish.http is not None) != http),
                wish.seq in self._taken,
                wish.seq,
            ),
            default=None,
        )
        if nearest is None:
            return Miss(what, None, "")
        told = [str(each) for each in _differences(nearest.envelope, live)]
        if (nearest.http is not None) != http:
            told.insert(0, "over REST instead of a socket" if http else "over a socket instead of REST")
        if nearest.envelope.op != live.op:
            told.insert(0, f"{live.op} instead of {nearest.envelope.op}")
        return Miss(what, nearest, ", ".join(told) or "another kind of order, or other orders in it")

    def _as_recorded(self, live: Envelope) -> Envelope:
        """A live request with the ids by which the recording knows its orders."""
        order_id, client_order_id = live.order_id, live.client_order_id
        if order_id is not None:
            order_id = self._orders.recorded_id(order_id)
        if client_order_id is not None and live.intent is None:
            client_order_id = self._orders.recorded_client_id(client_order_id)
        parts = tuple(self._as_recorded(each) for each in live.parts)
        if (order_id, client_order_id, parts) == (live.order_id, live.client_order_id, live.parts):
            return live
        return msgspec.structs.replace(live, order_id=order_id, client_order_id=client_order_id, parts=parts)


class _Difference(NamedTuple):
    name: str
    recorded: str | None
    live: str | None

    def __str__(self) -> str:
        word = _WORDS.get(self.name, self.name)
        if self.recorded is None or self.live is None:
            return f"{word} {self.live}" if self.recorded is None else f"without {word} {self.recorded}"
        return f"{word} {self.live} instead of {self.recorded}"


def _differences(recorded: Envelope, live: Envelope) -> Iterator[_Difference]:
    for name in _COMPARED:
        was, now = getattr(recorded, name), getattr(live, name)
        if name == "client_order_id" and live.intent is not None:
            continue  # the client chose it
        if was != now and (name not in _NUMBERS or _number(was) != _number(now)):
            yield _Difference(name, was, now)


def _meaning(envelope: Envelope, payload: str | bytes, http: bool) -> Meaning:
    if envelope.intent is not None:
        return (http, envelope.op, envelope.intent)
    if envelope.op is None and not envelope.parts:
        return (http, None, str(payload))
    channels = ",".join(sorted({f"{channel} {begins}" for channel, begins in subscriptions(envelope)}))
    if channels:
        return (http, envelope.op, channels)
    orders = (word for each in envelope.parts for word in _wanted_of(each))
    return (http, envelope.op, *_wanted_of(envelope), *orders)


def _wanted_of(order: Envelope) -> Iterator[str | None]:
    if order.intent is not None:
        yield order.intent
        return
    yield from (order.symbol, order.account, order.side, order.channel, _number(order.price), _number(order.qty))
    yield from (order.order_id, order.client_order_id if order.order_id is None else None)


def text_of(http: HttpMessage) -> str:
    """What tells REST requests apart of which nothing else is known."""
    return f"{http.method.upper()} {urlsplit(http.url).path}"


def words_of(envelope: Envelope) -> str:
    """What a request wants, in words."""
    order = f"{envelope.qty or '?'} @ {envelope.price or 'market'}" if envelope.side is not None else None
    named = envelope.order_id if envelope.side is None else None
    words = (envelope.op or "a message", envelope.symbol, envelope.side, order, named and f"order {named}")
    channel = envelope.channel if envelope.symbol is None or subscriptions(envelope) else None
    return " ".join(word for word in (*words, channel) if word)


def _asks(wish: Wish) -> bool:
    """Whether it only asks what is: over REST, or for a list of orders."""
    envelope = wish.envelope
    if envelope.intent is not None or envelope.order_id is not None:
        return False
    reply = wish.reply.envelope if wish.reply is not None else Envelope()
    lists = any(each.order_id is not None for each in (reply, *reply.parts))
    return lists or (wish.http is not None and wish.http.method.upper() == "GET")


def _number(text: str | None) -> str | None:
    return None if text is None else exact_decimal(text) or text
