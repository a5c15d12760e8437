"""The passage: what is held back comes later, in its order, and is never lost unnoticed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsreplay.faults.passage import Passage


def out(passage: Passage[str], now: int) -> list[str]:
    found = []
    while (item := passage.ready(now)) is not None:
        found.append(item)
    return found


def test_without_a_fault_everything_passes_at_once() -> None:
    passage = Passage[str]()
    for item in "abc":
        passage.put(item, 0)
        assert out(passage, 0) == [item]
    assert passage.wake_ns() is None


def test_what_is_delayed_holds_up_what_comes_behind_it() -> None:
    passage = Passage[str]()
    passage.put("slow", 0, delay_ns=10)
    passage.put("next", 1)
    passage.put("ping", 1, heartbeat=True)
    assert out(passage, 9) == []
    assert passage.wake_ns() == 10
    assert out(passage, 10) == ["slow", "next", "ping"]


def test_heartbeats_go_on_while_messages_are_stalled() -> None:
    passage = Passage[str]()
    passage.stall(10)
    passage.put("data", 1)
    passage.put("ping", 2, heartbeat=True)
    assert out(passage, 2) == ["ping"]
    assert passage.wake_ns() == 10
    assert out(passage, 10) == ["data"]
    passage.put("more", 11)
    assert out(passage, 11) == ["more"]


def test_a_shorter_stall_does_not_end_a_longer_one() -> None:
    passage = Passage[str]()
    passage.stall(10)
    passage.stall(5)
    passage.put("data", 6)
    assert out(passage, 9) == []
    assert out(passage, 10) == ["data"]


def test_a_stall_for_good_needs_no_waking() -> None:
    passage = Passage[str]()
    passage.stall()
    passage.put("data", 1)
    assert passage.wake_ns() is None
    assert passage.close(2) == ["data"]
    assert len(passage) == 0


def test_what_is_set_aside_comes_behind_the_next_messages() -> None:
    passage = Passage[str]()
    passage.put("a", 0, behind=2, within_ns=100)
    assert passage.sets_aside
    for item, heartbeat in (("b", False), ("ping", True), ("c", False), ("d", False)):
        passage.put(item, 1, heartbeat=heartbeat)
    assert out(passage, 1) == ["b", "ping", "c", "a", "d"]
    assert not passage.sets_aside


def test_what_is_set_aside_does_not_wait_for_ever() -> None:
    passage = Passage[str]()
    passage.put("a", 0, behind=1, within_ns=100)
    assert passage.wake_ns() == 100
    assert out(passage, 99) == []
    assert out(passage, 100) == ["a"]


def test_at_the_end_what_was_set_aside_and_delayed_is_still_to_come() -> None:
    passage = Passage[str]()
    passage.put("a", 0, behind=1, within_ns=100)
    passage.put("b", 0, delay_ns=50)
    assert passage.close(1) == []
    assert out(passage, 49) == []
    assert sorted(out(passage, 50)) == ["a", "b"]


WISHES = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {"size": st.integers(0, 9)},
            optional={
                "delay_ns": st.integers(0, 30),
                "behind": st.integers(1, 3),
                "within_ns": st.integers(0, 30),
                "heartbeat": st.booleans(),
            },
        ),
        st.integers(1, 40),
    ),
    max_size=40,
)
"""Things that are put in, with their waits, and stalls of some length."""


@given(WISHES, st.integers(0, 60))
def test_everything_comes_out_once_or_is_given_up(wishes: list[dict[str, int] | int], ends: int) -> None:
    passage = Passage[int]()
    found: list[int] = []
    put = 0
    for now, wish in enumerate(wishes):
        if isinstance(wish, int):
            passage.stall(now + wish)
        else:
            passage.put(put, now, **wish)  # type: ignore[arg-type]
            put += 1
        while (item := passage.ready(now)) is not None:
            found.append(item)
    end = len(wishes) + ends
    found += passage.close(end)
    while (wake := passage.wake_ns()) is not None:
        while (item := passage.ready(max(wake, end))) is not None:
            found.append(item)
    assert sorted(found) == list(range(put))
    assert passage.size == 0
    assert len(passage) == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), max_size=40))
def test_delays_keep_the_order(delays: list[tuple[int, int]]) -> None:
    passage = Passage[int]()
    found: list[int] = []
    now = 0
    for number, (later, delay) in enumerate(delays):
        now += later
        passage.put(number, now, delay_ns=delay)
        while (item := passage.ready(now)) is not None:
            found.append(item)
    while (wake := passage.wake_ns()) is not None:
        while (item := passage.ready(wake)) is not None:
            found.append(item)
    assert found == list(range(len(delays)))
