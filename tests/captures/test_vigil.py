"""Watching over a scribe: each trouble is told once, and what does not move is replaced."""

from __future__ import annotations

from typing import Any

from wsreplay.captures.vigil import STALLED_S, Sight, Vigil

MB = 1 << 20


def sight(now: float, **seen: Any) -> Sight:
    usual: dict[str, Any] = {"heard": 0.0, "written": 0, "released": 0, "capacity": 100 * MB, "losing": False}
    return Sight(now=now, **usual | seen)


def test_a_scribe_that_keeps_up_is_not_spoken_of() -> None:
    vigil = Vigil()
    for second in range(1000):
        assert vigil.look(sight(second, written=second * MB, released=second * MB)) == ([], False)


def test_falling_behind_is_told_once_until_it_was_caught_up() -> None:
    vigil = Vigil()
    [told], _ = vigil.look(sight(1, written=60 * MB))
    assert told.startswith("the recording is 60 MB behind of 100")
    assert vigil.look(sight(2, written=90 * MB, released=1)) == ([], False)
    assert vigil.look(sight(3, written=90 * MB, released=50 * MB)) == ([], False)
    assert vigil.look(sight(4, written=90 * MB, released=30 * MB))[0] == [], "it wavers"
    assert vigil.look(sight(5, written=90 * MB, released=90 * MB)) == ([], False)
    assert len(vigil.look(sight(6, written=190 * MB, released=90 * MB))[0]) == 1


def test_a_loss_is_told_when_it_begins_and_when_it_is_over() -> None:
    vigil = Vigil()
    told = [vigil.look(sight(second, losing=losing))[0] for second, losing in enumerate((False, True, True, False))]
    assert [len(lines) for lines in told] == [0, 1, 0, 1]
    assert "not recorded" in told[1][0]
    assert "recorded again" in told[3][0]


def test_what_neither_reads_nor_says_anything_is_replaced() -> None:
    vigil = Vigil()
    assert vigil.look(sight(0, written=MB)) == ([], False)
    assert vigil.look(sight(STALLED_S, written=2 * MB)) == ([], False)
    assert vigil.look(sight(STALLED_S + 1, written=2 * MB)) == ([], True)


def test_a_sign_of_life_a_release_or_nothing_to_do_is_no_standstill() -> None:
    late = 10 * STALLED_S
    for alive in ({"heard": late - 1, "written": MB}, {"written": 2 * MB, "released": MB}, {}):
        vigil = Vigil()
        assert vigil.look(sight(0, written=MB)) == ([], False)
        assert vigil.look(sight(late, **alive)) == ([], False)
