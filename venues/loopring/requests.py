"""Requests on topics: what the client wants, if the venue's rules let it want that.

All or nothing: the first thing that is wrong refuses the whole request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from wsreplay.venues.loopring.errors import Code, Refused
from wsreplay.venues.loopring.topics import INTERVALS, PRIVATE, channel_of
from wsreplay.venues.loopring.wire import Topic, is_set, strict

if TYPE_CHECKING:
    from wsreplay.venues.loopring.setup import LoopringSetup

OPS = ("sub", "unSub")
BOOK_COUNT = 50
_PARAMETERS: dict[str, tuple[str, ...]] = {
    "account": (),
    "order": ("market",),
    "orderbook": ("market", "level"),
    "trade": ("market",),
    "ticker": ("market",),
    "candlestick": ("market", "interval"),
    "ammpool": ("poolAddress",),
    "blockgen": (),
}
"""Those by which two subscriptions to a topic differ."""
_ECHOED = 200


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """One topic with its parameters."""

    channel: str
    name: str
    topic: dict[str, Any]
    """As the client wrote it, and as pushes say it."""
    api_key: str | None = None
    accounts: tuple[int, ...] = ()
    """Whose orders or balances it shows."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A request that may be done."""

    op: str
    wanted: tuple[Subscription, ...]
    everything_ends: bool
    """All that was subscribed before."""
    whole_topics: tuple[str, ...] = ()
    """Topics all of whose subscriptions end."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What can be told of a request before anything is asked of it: enough to answer it."""

    op: str = "sub"
    sequence: Any = None
    topics: list[Any] = []
    fields: dict[str, Any] | None = None
    """None: it was no JSON object."""


def read_frame(payload: str | bytes) -> Frame:
    """What a message is, be it what it may."""
    fields = strict(payload)
    if not isinstance(fields, dict):
        return Frame()
    op, sequence, topics = fields.get("op"), fields.get("sequence"), fields.get("topics")
    sound = isinstance(topics, list) and all(isinstance(each, dict) for each in topics)
    return Frame(
        op=op if isinstance(op, str) else "sub",
        sequence=sequence if isinstance(sequence, int) and not isinstance(sequence, bool) else None,
        topics=list(topics or ()) if sound else [],
        fields=fields,
    )


class Checker:
    """Holds requests against what the venue offers."""

    def __init__(self, setup: LoopringSetup) -> None:
        self._markets: Mapping[str, int] = {listing.pair.market: listing.levels for listing in setup.listings}
        self._pools = {pool.address.lower() for pool in setup.pools}
        self._api_keys = setup.api_keys
        self._limit = setup.limits.topics
        self._checks: dict[str, Callable[[dict[str, Any]], object]] = {
            "account": self._account,
            "order": lambda topic: self._market(topic, Code.ORDER_ARGS),
            "orderbook": self._orderbook,
            "trade": lambda topic: self._market(topic, Code.TRADE_ARGS),
            "ticker": lambda topic: self._market(topic, Code.TICKER_ARGS),
            "candlestick": self._candlestick,
            "ammpool": self._ammpool,
            "blockgen": self._blockgen,
        }

    def read(self, payload: str | bytes, frame: Frame, held: Mapping[str, Subscription]) -> Request:
        """The request, or why it is refused. ``held`` is what is subscribed now."""
        fields = frame.fields
        if fields is None:
            _unexpected(payload)
        if fields.get("op") not in OPS:
            raise Refused(Code.INVALID_OP, f"invalid op code:{fields.get('op')}")
        everything_ends = is_set(fields.get("unsubscribeAll"))
        topics = fields.get("topics")
        if not topics and not (everything_ends and topics in ([], None)):
            raise Refused(Code.TOPIC_MISSING, "topic missing")
        if topics and not frame.topics:
            _unexpected(payload)
        if "sequence" in fields and frame.sequence is None:
            _unexpected(payload)
        wanted, whole_topics = self._topics(frame)
        api_key, accounts = self._whose(fields, [name for name, _ in wanted] + list(whole_topics), held)
        for name, topic in wanted:
            account = topic.get("accountId")
            if name == "account" and account is not None and account not in accounts:
                raise Refused(Code.API_KEY_MISMATCH, f"ApiKey mismatched: not of account {account}")
        request = Request(
            op=frame.op,
            wanted=tuple(_subscription(name, topic, api_key, accounts) for name, topic in wanted),
            everything_ends=everything_ends,
            whole_topics=tuple(whole_topics),
        )
        self._check_against(request, held)
        return request

    # Each topic alone

    def _topics(self, frame: Frame) -> tuple[list[tuple[str, dict[str, Any]]], list[str]]:
        wanted: list[tuple[str, dict[str, Any]]] = []
        whole_topics: list[str] = []
        for topic in frame.topics:
            name = topic.get("topic")
            check = self._checks.get(name) if isinstance(name, str) else None
            if check is None or not isinstance(name, str):
                raise Refused(Code.INVALID_TOPIC, f"invalid topic:{name}")
            if frame.op == "unSub" and is_set(topic.get("unsubscribeAll")):
                whole_topics.append(name)
                continue
            check(topic)
            wanted.append((name, topic))
        channels = [_channel(topic) for _, topic in wanted] + [f"all of {name}" for name in whole_topics]
        if len(set(channels)) < len(channels):
            raise Refused(Code.DUPLICATE_TOPICS, "duplicate topic configs")
        return wanted, whole_topics

    def _market(self, topic: dict[str, Any], code: Code) -> int:
        market = topic.get("market")
        levels = self._markets.get(market) if isinstance(market, str) else None
        if levels is None:
            _illegal(topic, code)
        return levels

    def _orderbook(self, topic: dict[str, Any]) -> None:
        levels = self._market(topic, Code.ORDERBOOK_ARGS)
        level, count, snapshot = topic.get("level"), topic.get("count", BOOK_COUNT), topic.get("snapshot", False)
        if not (_is_whole(level, 0, levels - 1) and _is_whole(count, 1, BOOK_COUNT) and isinstance(snapshot, bool)):
            _illegal(topic, Code.ORDERBOOK_ARGS)

    def _candlestick(self, topic: dict[str, Any]) -> None:
        self._market(topic, Code.CANDLESTICK_ARGS)
        interval = topic.get("interval")
        if not isinstance(interval, str) or interval not in INTERVALS:
            _illegal(topic, Code.CANDLESTICK_ARGS)

    def _ammpool(self, topic: dict[str, Any]) -> None:
        address = topic.get("poolAddress")
        known = isinstance(address, str) and address.lower() in self._pools
        if not known or topic.get("snapshot", True) is not True:
            _illegal(topic, Code.AMMPOOL_ARGS)

    def _account(self, topic: dict[str, Any]) -> None:
        if not _is_whole(topic.get("accountId", 1), 0, None) or not isinstance(topic.get("v3", False), bool):
            raise Refused(Code.INVALID_CONFIG, "invalid topic config:account")

    def _blockgen(self, topic: dict[str, Any]) -> None:
        if not isinstance(topic.get("verbose", False), bool):
            raise Refused(Code.INVALID_CONFIG, "invalid topic config:blockgen")

    # Who asks

    def _whose(
        self, fields: dict[str, Any], names: Collection[str], held: Mapping[str, Subscription]
    ) -> tuple[str | None, tuple[int, ...]]:
        """The ApiKey and its accounts, where some topic needs one."""
        if PRIVATE.isdisjoint(names):
            return None, ()
        api_key = fields.get("apiKey")
        if not isinstance(api_key, str) or not api_key:
            raise Refused(Code.MISSING_API_KEY, "missing ApiKey")
        if api_key not in self._api_keys:
            raise Refused(Code.INVALID_API_KEY, "invalid ApiKey")
        accounts = self._api_keys[api_key]
        if not accounts:
            raise Refused(Code.UNKNOWN_USER, "invalid ApiKey, user not found")
        others = {each.api_key for each in held.values()} - {None, api_key}
        if others and not is_set(fields.get("unsubscribeAll")):
            raise Refused(Code.API_KEY_MISMATCH, "ApiKey mismatched: this connection is another's")
        return api_key, accounts

    # What is there already

    def _check_against(self, request: Request, held: Mapping[str, Subscription]) -> None:
        if request.op == "unSub":
            missing = [each.channel for each in request.wanted if each.channel not in held]
            if missing and not request.everything_ends:
                raise Refused(Code.NOT_SUBSCRIBED, f"subscription not found:{missing[0]}")
            return
        before = set() if request.everything_ends else set(held)
        if len(before | {each.channel for each in request.wanted}) > self._limit:
            raise Refused(Code.TOO_MANY, f"exceed maximum subscriptions:{self._limit}")


def done(request: Request, held: Mapping[str, Subscription]) -> dict[str, Subscription]:
    """What is subscribed after the request; of one topic the latest configuration counts."""
    after = {} if request.everything_ends else dict(held)
    if request.op == "sub":
        return after | {each.channel: each for each in request.wanted}
    ended = {each.channel for each in request.wanted}
    return {
        channel: each
        for channel, each in after.items()
        if channel not in ended and each.name not in request.whole_topics
    }


def _subscription(name: str, topic: dict[str, Any], api_key: str | None, accounts: tuple[int, ...]) -> Subscription:
    private = name in PRIVATE
    account = topic.get("accountId") if name == "account" else None
    shown = accounts if account is None else (account,)
    return Subscription(
        channel=_channel(topic),
        name=name,
        topic=topic,
        api_key=api_key if private else None,
        accounts=shown if private else (),
    )


def _channel(topic: dict[str, Any]) -> str:
    # Only what was checked: a member that this topic doesn't have may be anything.
    names = ("topic", *_PARAMETERS[topic["topic"]])
    return channel_of(msgspec.convert({name: topic[name] for name in names}, Topic)) or ""


def _illegal(topic: dict[str, Any], code: Code) -> NoReturn:
    about = topic.get("poolAddress" if code is Code.AMMPOOL_ARGS else "market")
    raise Refused(code, f"receive illegal arg for {topic.get('topic')}:{str(about).lower()[:_ECHOED]}")


def _unexpected(payload: str | bytes) -> NoReturn:
    said = payload if isinstance(payload, str) else payload.decode(errors="replace")
    raise Refused(Code.INVALID_CONFIG, f"unexpected msg:{said[:_ECHOED]}")


def _is_whole(value: object, least: int, most: int | None) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return least <= value and (most is None or value <= most)
