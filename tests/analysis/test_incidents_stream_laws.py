"""Laws: a session in order has no incidents, each single break is found once, and what is kept is bounded."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from itertools import permutations
from types import FunctionType, ModuleType
from typing import Any

import pytest
from analysis.streaming import SECOND, Streaming
from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.analysis.incidents.detector import Detector
from wsreplay.analysis.incidents.heartbeats import Heartbeats
from wsreplay.analysis.incidents.incident import Incident
from wsreplay.analysis.incidents.lines import Lines
from wsreplay.analysis.incidents.login import Logins
from wsreplay.analysis.incidents.sent import Followed
from wsreplay.analysis.incidents.sequence import Sequences
from wsreplay.analysis.incidents.setting import Setting
from wsreplay.analysis.incidents.subscriptions import Subscriptions
from wsreplay.venues.rules import Heartbeat, Rules

STRICT = Rules(
    login="auth",
    heartbeat=Heartbeat(frame="message", every_ns=10 * SECOND, within_ns=20 * SECOND, surplus_ends=True),
    idle_ns=300 * SECOND,
)
CHANNELS = ("book", "trades", "orders")


class Correct:
    """A bot that does all as it should, at a venue that does so too; each method is a step of it."""

    def __init__(self) -> None:
        self.session = Streaming(STRICT)
        self.conn = 0
        self.on: dict[str, int] = {}
        """The channels that are on, with the last number of each."""
        self.comes()

    def comes(self) -> None:
        """A new line, with login, subscriptions and snapshots."""
        self.conn += 1
        self.session.opens(self.conn)
        self.session.asks("auth", conn=self.conn)
        self.session.replies("auth", conn=self.conn)
        for channel in self.on:
            self.session.takes(channel, conn=self.conn)
            self.begins(channel)

    def begins(self, channel: str) -> None:
        self.on[channel] = self.session.seq
        self.session.pushes(channel, self.conn, venue_seq=self.on[channel], status="snapshot")

    def takes(self, channel: str) -> None:
        if channel not in self.on:
            self.session.takes(channel, conn=self.conn)
            self.begins(channel)

    def leaves(self, channel: str) -> None:
        if self.on.pop(channel, None) is not None:
            self.session.unsubscribes(channel, conn=self.conn)
            self.session.confirms(channel, op="UNSUB", conn=self.conn)

    def hears(self, channel: str) -> None:
        if channel in self.on:
            self.on[channel] += 1
            self.session.numbers(channel, self.on[channel], conn=self.conn)

    def beats(self) -> None:
        self.session.waits(9)
        self.session.beats("ping", self.conn)
        self.session.beats("pong", self.conn)
        self.session.pings(conn=self.conn)
        self.session.pongs(conn=self.conn)

    def reconnects(self) -> None:
        self.session.breaks(self.conn)
        self.session.waits(1)
        self.comes()

    def does(self, step: tuple[str, Any]) -> None:
        getattr(self, step[0])(*step[1])


# What may go wrong: each breaks one rule once.


def sends_too_early(bot: Correct) -> None:
    bot.session.breaks(bot.conn)
    bot.conn += 1
    bot.session.opens(bot.conn)
    bot.session.asks("status", conn=bot.conn)
    bot.session.asks("auth", conn=bot.conn)
    bot.session.replies("status", conn=bot.conn)
    bot.session.replies("auth", conn=bot.conn)
    for channel in bot.on:
        bot.session.takes(channel, conn=bot.conn)
        bot.begins(channel)


def sleeps(bot: Correct) -> None:
    bot.session.beats("ping", bot.conn)
    bot.session.waits(21)
    bot.session.beats("pong", bot.conn)


def pongs_twice(bot: Correct) -> None:
    bot.session.beats("ping", bot.conn)
    bot.session.beats("pong", bot.conn)
    bot.session.beats("pong", bot.conn)


def forgets(bot: Correct) -> None:
    bot.takes("book")
    bot.session.breaks(bot.conn)
    del bot.on["book"]
    bot.comes()
    bot.session.waits(11)
    bot.beats()


def asks_twice(bot: Correct) -> None:
    bot.takes("book")
    bot.session.takes("book", conn=bot.conn)
    bot.begins("book")


def is_ignored(bot: Correct) -> None:
    bot.session.subscribes("nothing", key="ignored", conn=bot.conn)
    bot.session.waits(11)
    bot.beats()


def misses_one(bot: Correct) -> None:
    bot.takes("book")
    bot.on["book"] += 1
    bot.hears("book")


BREAKS: dict[str, Callable[[Correct], None]] = {
    "sent-before-auth": sends_too_early,
    "missed-heartbeat": sleeps,
    "extra-pong": pongs_twice,
    "lost-subscription": forgets,
    "duplicate-subscription": asks_twice,
    "unanswered-subscription": is_ignored,
    "sequence-gap": misses_one,
}

channels = st.sampled_from(CHANNELS)
steps = st.one_of(
    st.tuples(st.sampled_from(["takes", "leaves", "hears", "hears"]), st.tuples(channels)),
    st.tuples(st.sampled_from(["beats", "reconnects"]), st.just(())),
)
scenes = st.lists(steps, max_size=20)


def found(session: Streaming) -> list[str]:
    return [incident.kind for incident in session.incidents(*BREAKS)]


@settings(max_examples=150, deadline=None)
@given(scenes)
def test_a_session_in_order_has_no_incidents(scene: list[Any]) -> None:
    bot = Correct()
    for step in scene:
        bot.does(step)
    assert found(bot.session) == []


@pytest.mark.parametrize("kind", BREAKS)
@settings(max_examples=40, deadline=None)
@given(before=scenes, after=scenes)
def test_each_single_break_is_found_once_and_nothing_else(kind: str, before: list[Any], after: list[Any]) -> None:
    bot = Correct()
    for step in before:
        bot.does(step)
    BREAKS[kind](bot)
    for step in after:
        if kind == "lost-subscription" and step == ("takes", ("book",)):
            continue  # it would be asked for again
        bot.does(step)
    assert found(bot.session) == [kind]


def detectors(setting: Setting, lines: Lines) -> tuple[Detector, ...]:
    return Logins(setting, lines), Heartbeats(setting, lines), Subscriptions(setting, lines), Sequences(setting, lines)


def walked(session: Streaming, order: Iterable[int]) -> list[Incident]:
    setting, lines, followed = Setting(STRICT), Lines(), Followed()
    in_order = detectors(setting, lines)
    arranged = [in_order[place] for place in order]
    incidents: list[Incident] = []
    for event in session.rows:
        setting.see(event)
        lines.see(event)
        request = followed.see(event)
        for detector in arranged:
            incidents += detector.see(event, request)
    for detector in arranged:
        incidents += detector.end()
    return sorted(incidents, key=lambda incident: (incident.seq, incident.kind))


def test_the_order_of_the_detectors_changes_nothing() -> None:
    bot = Correct()
    for breaks in BREAKS.values():
        if breaks is not forgets:
            breaks(bot)
    forgets(bot)  # at last: what is forgotten must not be asked for again
    first = walked(bot.session, range(4))
    assert {incident.kind for incident in first} == set(BREAKS)
    for order in permutations(range(4)):
        assert walked(bot.session, order) == first


def kept(detector: Detector, *besides: object) -> int:
    """How many objects a detector holds, other than those that it only knows of."""
    seen = {id(each) for each in besides}
    waiting: list[Any] = [detector]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen and not isinstance(one, type | ModuleType | FunctionType):
            seen.add(id(one))
            waiting += gc.get_referents(one)
    return len(seen)


def test_a_session_may_last_for_ever() -> None:
    bot = Correct()
    setting, lines, followed = Setting(STRICT), Lines(), Followed()
    all_of_them = detectors(setting, lines)
    sizes, seen = [], 0
    for round_ in range(200):
        for channel in CHANNELS:
            bot.takes(channel)
            bot.hears(channel)
            bot.leaves(channel)
        bot.takes("book")
        asks_twice(bot)
        pongs_twice(bot)
        misses_one(bot)
        bot.reconnects()
        for event in bot.session.rows[seen:]:
            setting.see(event)
            lines.see(event)
            request = followed.see(event)
            for detector in all_of_them:
                list(detector.see(event, request))
        seen = len(bot.session.rows)
        if round_ in (99, 199):
            sizes.append(sum(kept(detector, setting, lines) for detector in all_of_them))
    assert sizes[1] <= sizes[0]
