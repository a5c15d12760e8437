"""The agenda and the windows: time as it is told."""

from __future__ import annotations

from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from wsreplay.venues.agenda import Agenda
from wsreplay.venues.limits import MINUTE, FixedWindow, SlidingWindow


@settings(deadline=None)
@given(st.lists(st.integers(0, 50)), st.lists(st.integers(0, 60), max_size=5))
def test_everything_happens_once_in_the_order_of_its_time(dues: list[int], looks: list[int]) -> None:
    agenda = Agenda(0)
    happened: list[tuple[int, int, int]] = []

    def note(number: int, due: int, now: int) -> None:
        happened.append((now, number, due))

    for number, due in enumerate(dues):
        agenda.at(due, partial(note, number, due))
    for look in sorted(looks):
        agenda.run(look)
        assert len(happened) == sum(due <= look for due in dues)
    agenda.run(60)
    assert [(due, number) for _, number, due in happened] == sorted((due, n) for n, due in enumerate(dues))
    assert all(now == due for now, _, due in happened), "at its own time, however late somebody looked"
    assert agenda.next_ns is None


def test_what_is_entered_for_the_past_is_due_at_once_and_time_never_runs_back() -> None:
    agenda = Agenda(100)
    happened: list[int] = []
    agenda.at(5, happened.append)
    agenda.run(50)
    assert happened == []
    assert agenda.next_ns == 100
    agenda.run(100)
    assert happened == [100]


def test_an_action_may_enter_others() -> None:
    agenda = Agenda(0)
    happened: list[int] = []

    def first(now: int) -> None:
        agenda.at(now + 10, happened.append)
        agenda.at(now + 100, happened.append)

    agenda.at(1, first)
    agenda.run(50)
    assert happened == [11]


@settings(deadline=None)
@given(st.lists(st.integers(0, MINUTE // 4), max_size=60), st.integers(1, 5))
def test_no_minute_holds_more_uses_than_the_limit(gaps: list[int], limit: int) -> None:
    window, now = SlidingWindow(limit), 0
    taken: list[int] = []
    for gap in gaps:
        now += gap
        recent = [at for at in taken if at > now - MINUTE]
        allowed = window.take("wallet", now)
        assert allowed == (len(recent) < limit)
        if allowed:
            taken.append(now)
    assert window.take("another", now)


def test_after_a_minute_to_the_nanosecond_a_use_is_forgotten() -> None:
    window = SlidingWindow(1)
    assert [window.take("a", at) for at in (0, MINUTE - 1, MINUTE)] == [True, False, True]


def test_a_fixed_window_begins_anew_with_the_minute() -> None:
    window = FixedWindow(2)
    assert [window.take("a", MINUTE - 1) for _ in range(3)] == [True, True, False]
    assert window.take("b", MINUTE - 1)
    assert window.take("a", MINUTE)
